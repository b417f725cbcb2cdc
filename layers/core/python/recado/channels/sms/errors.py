"""What Twilio's error codes mean for a text message, and the reading of the answers of its Messages resource.

The same codes come in the answer to a send and, later, in a status ``undelivered`` or ``failed``: there the message is
over, whatever its class. Source: twilio.com/docs/api/errors; twilio.com/docs/messaging/api/message-resource.
"""

from __future__ import annotations

from recado.channels.twilio import answer_of, failure_of
from recado.channels.untrusted import identifier, text
from recado.domain.messages import Failure, FailureClass, Rejected, Sent
from recado.ports.core import HttpResponse

OPTED_OUT = 21610
ERRORS: dict[int, tuple[FailureClass, str]] = {
    21611: ("retry", "The number has too many messages waiting to be sent."),
    21730: ("retry", "Twilio is in maintenance."),
    21211: ("recipient", "This is no valid telephone number."),
    21268: ("recipient", "Twilio does not send to numbers of this kind."),
    21408: ("recipient", "The account is not allowed to send to this country."),
    21604: ("recipient", "There is no number to send to."),
    21608: ("recipient", "A trial account may send to verified numbers only."),
    OPTED_OUT: ("recipient", "The person has opted out of messages from this number."),
    21612: ("recipient", "The number cannot be reached from the channel's number."),
    21614: ("recipient", "The number takes no text messages."),
    21635: ("recipient", "The number is a landline."),
    30003: ("recipient", "The telephone is switched off, or cannot be reached."),
    30004: ("recipient", "The person, or their operator, blocks messages."),
    30005: ("recipient", "The number does not exist, or is not in use."),
    30006: ("recipient", "The number is a landline, or its operator cannot be reached."),
    30011: ("recipient", "The number takes no files."),
    20005: ("pause_channel", "The Twilio account is not active."),
    21210: ("pause_channel", "The channel's number is not of this account."),
    21212: ("pause_channel", "The channel's number is not valid."),
    21601: ("pause_channel", "The channel's number cannot send text messages."),
    21603: ("pause_channel", "The channel's number is missing."),
    21606: ("pause_channel", "The channel's number cannot send text messages from this account."),
    21607: ("pause_channel", "A trial account sends from its own number only."),
    21609: ("pause_channel", "Twilio cannot call this channel's webhook."),
    21613: ("pause_channel", "The channel's number must be certified first."),
    21615: ("pause_channel", "The channel's number needs a local address."),
    21616: ("pause_channel", "The channel's number is that of several senders."),
    21659: ("pause_channel", "The channel's number is not one of Twilio's."),
    21660: ("pause_channel", "The channel's number is of another account."),
    21661: ("pause_channel", "The channel's number cannot send text messages."),
    21701: ("pause_channel", "The messaging service does not exist."),
    21703: ("pause_channel", "The messaging service has no number to send from."),
    21704: ("pause_channel", "The messaging service has no numbers."),
    21705: ("pause_channel", "The messaging service is not valid."),
    30002: ("pause_channel", "The Twilio account is suspended."),
    30018: ("pause_channel", "The operator wants the sender to be registered."),
    30023: ("pause_channel", "The day's limit of messages (A2P 10DLC) is used up."),
    30024: ("pause_channel", "The channel's number is not set up with the operator."),
    30027: ("pause_channel", "The day's limit of messages with an operator (A2P 10DLC) is used up."),
    30032: ("pause_channel", "The toll-free number is not verified."),
    30033: ("pause_channel", "The campaign (A2P 10DLC) is suspended."),
    30034: ("pause_channel", "The channel's number is not registered (A2P 10DLC)."),
    30037: ("pause_channel", "Sending is switched off for this account."),
    11200: ("content", "Twilio could not fetch the file."),
    21602: ("content", "The message has no text."),
    21605: ("content", "The text is too long."),
    21617: ("content", "The text is longer than 1,600 characters."),
    21618: ("content", "The text may not be sent."),
    21619: ("content", "A text or a file is needed."),
    21620: ("content", "The file's address is not valid."),
    21621: ("content", "The channel's number cannot send files."),
    21622: ("content", "The account cannot send files."),
    21623: ("content", "Too many files."),
    21624: ("content", "The time in which to deliver is not valid."),
    21627: ("content", "The price of the message is over its limit."),
    30001: ("content", "Too many messages were waiting: this one was dropped."),
    30007: ("content", "The operator, or Twilio, took the message for unwanted and dropped it."),
    30008: ("content", "The message was not delivered, and the operator gave no reason."),
    30009: ("content", "A part of the message was lost on the way."),
    30010: ("content", "The price of the message is over its limit."),
    30012: ("content", "The time in which to deliver is too short."),
    30013: ("content", "The time in which to deliver is too long."),
    30017: ("content", "The operator's network was congested."),
    30019: ("content", "The message is too large for the operator."),
    30022: ("content", "More messages per minute than the campaign (A2P 10DLC) may send."),
    30036: ("content", "The message was not delivered in time."),
    30038: ("content", "Twilio does not send passwords and codes of this kind."),
    30039: ("content", "Messages went round in circles and were stopped."),
    30410: ("content", "The operator did not answer in time."),
    30450: ("content", "The message was stopped as fraud."),
}
"""By code: what it means and how it is told; the account's own errors, of 20000 and more, are twilio.ERRORS."""

_OVER = frozenset({"failed", "undelivered", "canceled"})


def interpret(response: HttpResponse) -> Sent | Rejected:
    """Sent when Twilio names the message; else by the error's code. An answer without a readable sid may have been
    sent."""
    body = answer_of(response)
    if response.status >= 400:
        return Rejected(failure_of(response, ERRORS))
    if text(body.get("status")) in _OVER:
        return Rejected(status_failure(identifier(body.get("error_code")), str(body["status"])))
    sid = identifier(body.get("sid"))
    if response.status < 300 and sid:
        return Sent(sid)
    return Rejected(Failure("unreadable_answer", "Twilio's answer could not be read.", "unknown"))


def status_failure(code: str | None, status: str) -> Failure:
    """Why a message that Twilio had taken was not delivered."""
    known = ERRORS.get(int(code)) if code and code.isascii() and code.isdigit() and len(code) < 9 else None
    klass, title = known or ("content", "The message was not delivered.")
    return Failure(code[:64] if code else status, title, "content" if klass == "retry" else klass)
