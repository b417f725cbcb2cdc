"""The telephone, by Twilio Voice. Each request about a call comes to one URL: that a call comes in, a pressed key, that
the caller waits on, what became of the agent's telephone, that a call ended, that a recording is ready. Which it is
follows from its fields; what the call has come to is known here, so no URL carries a state.

Sources: twilio.com/docs/voice/twiml (request parameters; Gather, Dial, Number, Record),
twilio.com/docs/voice/api/call-resource (status callbacks), twilio.com/docs/voice/api/recording.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from re import ASCII
from re import compile as pattern
from typing import Any, ClassVar

from recado.channels.base import Answer, Field, Headers, HttpRequest, Limits, Part, Secrets
from recado.channels.calls import CallAdapter
from recado.channels.telephone.requests import canonical_caller, part_of, signal_of
from recado.channels.telephone.settings import plan_of, wrong_menu, wrong_record, wrong_wait
from recado.channels.twilio import API_VERSION, TwilioAdapter, basic_auth, wrong_auth_token
from recado.domain.calls import CallPlan, CallSignal, Step
from recado.domain.file_limits import MB, MediaLimit
from recado.domain.identity import e164
from recado.domain.messages import CannotSend, Failure, Media, OutboundMessage, Parsed, Rejected, Sender, Sent
from recado.ports.core import HttpResponse

_RECORDING = pattern(rf"/{API_VERSION}/Accounts/(AC[0-9a-fA-F]{{32}})/Recordings/RE[0-9a-fA-F]{{32}}\.mp3", ASCII)
_UNASKED = Failure("not_sent", "Nothing is sent by telephone.", "content")


def _wrong_number(value: str) -> str | None:
    return None if e164(value) == value else "It must be a number in E.164 form, such as +551140000000."


class Telephone(TwilioAdapter, CallAdapter):
    """Settings ``number``, ``menu``, ``wait_s``, ``record``; secret ``auth_token``. Nothing is sent: people call."""

    type = "telephone"
    fields = (
        Field("settings", "number", "always", _wrong_number),
        Field("settings", "menu", "never", faults=wrong_menu),
        Field("settings", "wait_s", "never", faults=wrong_wait),
        Field("settings", "record", "never", faults=wrong_record),
        Field("secrets", "auth_token", "always", wrong_auth_token, rotates=True),
    )
    limits = Limits(text=0, caption=0)
    kinds: ClassVar[frozenset[str]] = frozenset()
    media_limits: ClassVar[Mapping[str, MediaLimit]] = {"audio": MediaLimit(64 * MB, frozenset({"audio/mpeg"}))}
    """A recording of four hours, which is how long a call lasts at most, is 58 MB."""
    media_comes_later_s = 600.0
    ack = Answer(200, "<Response/>", "text/xml")

    # -- the way in --------------------------------------------------------------------------------

    def split(self, raw: bytes, headers: Headers, now: datetime) -> list[Part]:
        """One part: a request is about one call."""
        return [part_of(raw, now)]

    def read(self, part: Part) -> Parsed:
        """A call is a message of its caller."""
        signal = signal_of(part)
        if signal is None or signal.message is None:
            return Parsed(kept_raw=("a call without an id",))
        cut = signal.message.payload.get("truncated")
        return Parsed(messages=(signal.message,), kept_raw=("a name too long",) if cut else ())

    def call_signal(self, part: Part) -> CallSignal | None:
        """What a request tells of a call."""
        return signal_of(part)

    def call_plan(self, settings: Mapping[str, Any]) -> CallPlan:
        """How calls are taken."""
        return plan_of(settings)

    def call_answer(self, steps: Sequence[Step], settings: Mapping[str, Any], url: str) -> Answer:
        """TwiML."""
        from recado.channels.telephone.twiml import document  # ingress loads this file, and writes none

        return Answer(200, document(steps, plan_of(settings), str(settings["number"]), url), "text/xml")

    # -- the way out -------------------------------------------------------------------------------

    def build_send(
        self, message: OutboundMessage, to: Sender, settings: Mapping[str, Any], secrets: Secrets, now: datetime
    ) -> list[HttpRequest]:
        """Nothing can be sent."""
        error = self.check(message)[0]
        raise CannotSend(Failure(error.code, error.detail, "content"))

    def interpret(self, response: HttpResponse) -> Sent | Rejected:
        """Nothing was sent, whatever is answered."""
        return Rejected(_UNASKED)

    # -- recordings --------------------------------------------------------------------------------

    def locate_media(self, media: Media, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | None:
        """A recording lies where its URL says."""
        return None

    def download(self, media: Media, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest:
        """A recording is fetched with the account of its URL and the token that signed for it, which goes nowhere but
        to the API itself."""
        url = media.url or ""
        if url.startswith(self.public_base_url + "/"):  # the API may be elsewhere, as the simulated one
            url = self.base_url + url.removeprefix(self.public_base_url)
        found = _RECORDING.fullmatch(url.removeprefix(self.base_url)) if url.startswith(self.base_url) else None
        tokens = secrets.get("auth_token", ())
        headers = {"authorization": basic_auth(found[1], tokens[0])} if found and tokens else {}
        return HttpRequest("GET", url, headers, b"", 60.0)

    # -- the channel itself ------------------------------------------------------------------------

    def canonical(self, address: str) -> str:
        """The thread key of a caller."""
        return canonical_caller(address)

    def account_address(self, settings: Mapping[str, Any]) -> str | None:
        """The number that is called."""
        return str(settings["number"]) if settings.get("number") else None

    def departments(self, settings: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """Where the menu leads."""
        options = (settings.get("menu") or {}).get("options") or []
        return tuple(
            (f"/settings/menu/options/{at}/department_id", str(option["department_id"]))
            for at, option in enumerate(options)
        )
