"""What WhatsApp's error codes mean for a message of ours, and the reading of Graph's answers.

The same codes come in the answer to a send and, later, in a status ``failed``. Decided by code: the HTTP status of a
Graph error says little, and a code may come with several.
"""

from __future__ import annotations

from recado.channels.base import retry_after_s
from recado.channels.meta import error_code
from recado.channels.untrusted import Unreadable, decode, identifier, label, mapping, objects
from recado.domain.messages import Failure, FailureClass, Rejected, Sent
from recado.ports.core import HttpResponse

ERRORS: dict[int, tuple[FailureClass, str]] = {
    2: ("retry", "WhatsApp is temporarily unavailable."),
    4: ("retry", "The app has reached its limit of calls."),
    80007: ("retry", "The WhatsApp Business account has reached its limit of calls."),
    130429: ("retry", "Too many messages per second."),
    131000: ("retry", "WhatsApp failed for an unknown reason."),
    131016: ("retry", "A WhatsApp service is temporarily unavailable."),
    131049: ("retry", "WhatsApp chose not to deliver this marketing message now; a day must pass."),
    131056: ("retry", "Too many messages to this person in a short time."),
    131057: ("retry", "The WhatsApp Business account is in maintenance."),
    131047: ("needs_template", "More than 24 hours have passed since the customer's last message."),
    130472: ("recipient", "The person is part of an experiment in which such messages are not delivered."),
    131021: ("recipient", "Sender and recipient are the same number."),
    131026: ("recipient", "The message cannot be delivered to this person."),
    131030: ("recipient", "The number is not in the list of allowed recipients."),
    131050: ("recipient", "The person has stopped marketing messages from this business."),
    131062: ("recipient", "This kind of message cannot be sent to a business-scoped user id."),
    0: ("pause_channel", "The app could not be authenticated."),
    10: ("pause_channel", "The app lacks a permission."),
    190: ("pause_channel", "The access token has expired or was withdrawn."),
    368: ("pause_channel", "The account is blocked for breaking a policy."),
    131031: ("pause_channel", "The account is locked."),
    131042: ("pause_channel", "There is a problem with the account's payment."),
    131045: ("pause_channel", "The number is not registered."),
    100: ("content", "A parameter is not valid."),
    131008: ("content", "A parameter is missing."),
    131009: ("content", "The value of a parameter is not valid."),
    131051: ("content", "The kind of message is not supported."),
    131052: ("content", "The file could not be downloaded."),
    131053: ("content", "The file could not be uploaded."),
}
RANGES: tuple[tuple[range, FailureClass, str], ...] = (
    (range(200, 300), "pause_channel", "The app lacks a permission."),
    (range(132000, 132017), "content", "The template does not exist, is paused, or does not fit its variables."),
)
WAITS_S: dict[int, float] = {131049: 86_400.0, 131056: 6.0}


def failure(code: int, title: str | None, otherwise: FailureClass, wait_s: float | None = None) -> Failure:
    """The failure of a code; ``title`` and ``otherwise`` serve for a code in no table, ``wait_s`` is what the provider
    asked."""
    klass, text = ERRORS.get(code) or next(
        ((klass, text) for codes, klass, text in RANGES if code in codes),
        (otherwise, title or "WhatsApp refused the message."),
    )
    if klass != "retry":
        return Failure(str(code), text, klass)
    return Failure(str(code), text, klass, max(wait_s or 0.0, WAITS_S.get(code, 0.0)) or None)


def interpret(response: HttpResponse) -> Sent | Rejected:
    """Sent when Graph names the message; else by the error's code; else by what can be known without one.

    Without a code: 429 was not processed; another 4xx was refused; a 5xx, and an answer that cannot be read, may have
    been sent.
    """
    try:
        body = mapping(decode(response.body))
    except Unreadable:
        body = {}
    error = mapping(body.get("error"))
    code = error_code(error.get("code"))
    wait_s = retry_after_s(response.headers)
    if response.status < 400 and not error:
        provider_id = next((identifier(message.get("id")) for message in objects(body.get("messages"))), None)
        if provider_id:
            return Sent(provider_id)
        return Rejected(Failure("unreadable_answer", "WhatsApp's answer could not be read.", "unknown"))
    if response.status == 429 and (code is None or code not in ERRORS):
        return Rejected(Failure(str(code or 429), "Too many requests.", "retry", wait_s))
    otherwise: FailureClass = "content" if 400 <= response.status < 500 else "unknown"
    if code is None:
        return Rejected(Failure(f"http_{response.status}", "WhatsApp gave an error without a code.", otherwise))
    return Rejected(failure(code, label(error.get("message")), otherwise, wait_s))
