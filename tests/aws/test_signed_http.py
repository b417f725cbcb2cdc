"""Requests to AWS are signed, to nobody else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from recado.aws import session
from recado.aws.signed_http import SignedHttp
from recado.ports.core import HttpResponse

SES = "https://email.us-east-1.amazonaws.com"


class Wire:
    """Remembers the headers that went out."""

    def __init__(self) -> None:
        self.headers: Mapping[str, str] = {}

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpResponse:
        self.headers = headers
        return HttpResponse(200, {}, b"")


@pytest.fixture
def wire() -> Wire:
    session.reset_clients()
    return Wire()


def test_a_request_to_the_service_is_signed(wire: Wire) -> None:
    http = SignedHttp(wire, {SES: "ses"})
    http.request("POST", f"{SES}/v2/email/outbound-emails", {"content-type": "application/json"}, b"{}", 5)
    given = wire.headers["authorization"]
    assert given.startswith("AWS4-HMAC-SHA256 Credential=test/") and "/us-east-1/ses/aws4_request" in given
    again = AWSRequest("POST", f"{SES}/v2/email/outbound-emails", {"content-type": "application/json"}, b"{}")
    again.context["timestamp"] = wire.headers["x-amz-date"]
    again.headers["X-Amz-Date"] = wire.headers["x-amz-date"]
    signer = SigV4Auth(Credentials("test", "test"), "ses", "us-east-1")
    expected = signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)
    assert given.endswith(f"Signature={expected}")


@pytest.mark.parametrize(
    "url",
    ["https://graph.facebook.com/x", f"{SES}.evil.example/v2", "https://evil.example/?" + SES, SES + "@evil.example/"],
)
def test_no_other_request_is(wire: Wire, url: str) -> None:
    SignedHttp(wire, {SES: "ses", "": "none"}).request("POST", url, {"a": "b"}, b"", 5)
    assert wire.headers == {"a": "b"}
