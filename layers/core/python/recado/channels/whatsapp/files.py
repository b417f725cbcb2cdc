"""Files of customers at Meta: ``GET /{media_id}`` says where the bytes are, for five minutes; they are given for the
access token. The id holds for seven days, so that each try asks anew.

Source: developers.facebook.com/…/whatsapp/cloud-api/reference/media (retrieve a media URL, download media).
"""

from __future__ import annotations

from urllib.parse import quote

from recado.channels.base import MEDIA_GONE, CannotSend, HttpRequest, Secrets
from recado.channels.meta import GRAPH_VERSION, error_code
from recado.channels.untrusted import Unreadable, decode, label, mapping, text
from recado.channels.whatsapp.errors import interpret
from recado.domain.messages import Failure, Media, Rejected
from recado.ports.core import HttpResponse

HOSTS = frozenset({"lookaside.fbsbx.com", "fbcdn.net", "whatsapp.net"})
LOCATE_TIMEOUT_S, DOWNLOAD_TIMEOUT_S = 10.0, 60.0
_NO_SUCH_OBJECT = 100
"""A parameter is not valid: the id, as there is no other."""


def locate(base_url: str, media: Media, secrets: Secrets) -> HttpRequest:
    """The request for the file's URL. Raises CannotSend without a token or an id."""
    if not media.provider_id:
        raise CannotSend(Failure(MEDIA_GONE, "The file has no id at Meta.", "content"))
    url = f"{base_url}/{GRAPH_VERSION}/{quote(media.provider_id, safe='')}"
    return HttpRequest("GET", url, _authorization(secrets), b"", LOCATE_TIMEOUT_S)


def located(media: Media, response: HttpResponse) -> Media | Rejected:
    """The file with its URL, and with type, hash and size as Meta has them now."""
    try:
        body = mapping(decode(response.body))
    except Unreadable:
        body = {}
    url, size = text(body.get("url")), body.get("file_size")
    if response.status < 400 and url:
        return media._replace(
            url=url,
            content_type=label(body.get("mime_type")) or media.content_type,
            sha256=label(body.get("sha256")) or media.sha256,
            size=size if isinstance(size, int) and not isinstance(size, bool) else media.size,
        )
    if response.status == 404 or error_code(mapping(body.get("error")).get("code")) == _NO_SUCH_OBJECT:
        return Rejected(Failure(MEDIA_GONE, "Meta does not have the file any more.", "content"))
    outcome = interpret(response)
    if isinstance(outcome, Rejected):
        return outcome
    return Rejected(Failure("unreadable_answer", "Meta did not say where the file is.", "unknown"))


def download(media: Media, secrets: Secrets) -> HttpRequest:
    """The request for the bytes. Raises CannotSend without a token."""
    return HttpRequest("GET", media.url or "", _authorization(secrets), b"", DOWNLOAD_TIMEOUT_S)


def _authorization(secrets: Secrets) -> dict[str, str]:
    token = next(iter(secrets.get("access_token", ())), None)
    if not token:
        raise CannotSend(Failure("no_access_token", "The channel has no access token.", "pause_channel"))
    return {"authorization": f"Bearer {token}"}
