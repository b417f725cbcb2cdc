"""Requests to AWS's own APIs over the port Http: signed with Signature Version 4 on the way out."""

from __future__ import annotations

from collections.abc import Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from recado.aws.session import signing_identity
from recado.ports.core import Http, HttpResponse


class SignedHttp:
    """ports.core.Http. `services`: by the beginning of a URL, the service that a request to it is signed for; every
    other request goes as it is."""

    def __init__(self, http: Http, services: Mapping[str, str]) -> None:
        self._http = http
        self._services = {url.rstrip("/") + "/": service for url, service in services.items() if url}

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpResponse:
        """One request, signed anew at each call: a signature is good for five minutes."""
        service = next((service for base, service in self._services.items() if url.startswith(base)), None)
        if service is not None:
            headers = _signed(service, method, url, headers, body)
        return self._http.request(method, url, headers, body, timeout_s)


def _signed(service: str, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> dict[str, str]:
    credentials, region = signing_identity()
    request = AWSRequest(method=method, url=url, data=body or b"", headers=dict(headers))
    SigV4Auth(credentials, service, region).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}
