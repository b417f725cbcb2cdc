"""What SES answers to SendEmail: an id, or an error named in `x-amzn-errortype` or in the body.

Source: docs.aws.amazon.com/ses/latest/APIReference-V2 (SendEmail, common errors).
"""

from __future__ import annotations

from recado.channels.base import retry_after_s
from recado.channels.untrusted import Unreadable, decode, identifier, mapping, text
from recado.domain.messages import Failure, FailureClass, Rejected, Sent
from recado.ports.core import HttpResponse

ERRORS: dict[str, tuple[FailureClass, str]] = {
    "MessageRejected": ("content", "SES refused the mail for what it holds, or an address of it is not allowed."),
    "BadRequestException": ("content", "SES cannot read the mail or one of its addresses."),
    "ValidationException": ("content", "SES cannot read the mail or one of its addresses."),
    "MailFromDomainNotVerifiedException": ("pause_channel", "The domain that the mail is from is not verified in SES."),
    "SendingPausedException": ("pause_channel", "Sending is paused in SES."),
    "AccountSuspendedException": ("pause_channel", "SES has suspended the account's sending for good."),
    "NotFoundException": ("pause_channel", "SES does not know the identity or the configuration set of this address."),
    "AccessDeniedException": ("pause_channel", "This installation may not send from this address."),
    "AccessDenied": ("pause_channel", "This installation may not send from this address."),
    "UnrecognizedClientException": ("pause_channel", "SES does not know the installation's credentials."),
    "InvalidClientTokenId": ("pause_channel", "SES does not know the installation's credentials."),
    "SignatureDoesNotMatch": ("pause_channel", "SES does not take the installation's signature."),
    "OptInRequired": ("pause_channel", "SES is not set up for the installation's account."),
    "TooManyRequestsException": ("retry", "Too many mails at once."),
    "ThrottlingException": ("retry", "Too many mails at once."),
    "Throttling": ("retry", "Too many mails at once."),
    "LimitExceededException": ("retry", "The quota of mails is used up."),
    "ExpiredToken": ("retry", "The installation's credentials had just expired."),
    "ExpiredTokenException": ("retry", "The installation's credentials had just expired."),
    "RequestExpired": ("retry", "The request came too late to SES."),
}


def interpret(response: HttpResponse) -> Sent | Rejected:
    """Sent with SES's id; a refusal by its name. What has no name that is known, and every other 5xx, may have been
    sent or is the mail's own fault, by its status."""
    try:
        body = mapping(decode(response.body))
    except Unreadable:
        body = {}
    if 200 <= response.status < 300:
        message_id = identifier(body.get("MessageId"))
        if message_id:
            return Sent(message_id)
        return Rejected(Failure("unreadable_answer", "SES's answer could not be read.", "unknown"))
    name = _name(response, text(body.get("__type")) or text(body.get("code")) or text(body.get("Code")) or "")
    if name in ERRORS:
        klass, title = ERRORS[name]
        return Rejected(Failure(name, title, klass, retry_after_s(response.headers) if klass == "retry" else None))
    code = f"http_{response.status}"
    if response.status == 429:
        return Rejected(Failure(code, "Too many mails at once.", "retry", retry_after_s(response.headers)))
    if response.status == 413:
        return Rejected(Failure(code, "The mail is larger than SES takes.", "content"))
    if response.status in (401, 403):
        return Rejected(Failure(code, "This installation may not send from this address.", "pause_channel"))
    if 400 <= response.status < 500:
        return Rejected(Failure(code, "SES refused the mail.", "content"))
    return Rejected(Failure(code, "SES gave no clear answer.", "unknown"))


def _name(response: HttpResponse, written: str) -> str:
    """The error's bare name: it may come as `com.amazonaws.sesv2#Name` and with a URL behind a colon."""
    given = response.headers.get("x-amzn-errortype") or written
    return given.partition(":")[0].rpartition("#")[2].strip()[:100]
