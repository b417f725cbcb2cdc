"""The worker that sends: claim, ask the provider, write down what came of it. Nothing is sent twice; what may have
been is `unknown`.

A retry that is near is waited for here: the customer's group in the queue stands still meanwhile, so messages stay in
order. A later one is left to the sweep, and those behind it go first (docs/decisions, retries of sends)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from recado.domain.chats import Message, Thread
from recado.domain.errors import Busy
from recado.domain.messages import CannotSend, Failure, Rejected, Sent
from recado.domain.sending import Outgoing, Step, claim, conclude, dropped, enqueue_again, outbound_message, recipient
from recado.domain.windows import sent_as_human_agent
from recado.ports.core import AddressRefused, Clock, Command, ConnectFailed, Http, Ids, NoAnswer, Queue
from recado.ports.inbound import ChannelProblems
from recado.ports.outbox import Adapters, OutboxStore, ParkedStatuses, ProviderRequest, SendingAdapter, SendJournal
from recado.ports.reception import ChannelDirectory, ConnectedChannel
from recado.ports.sweeps import Swept
from recado.services.sending import send_command
from recado.services.token_ends import token_has_ended

PATIENCE_S = 20.0
"""How long one command waits in all for retries. With the longest time-out of a request it must stay below the
function's own."""
_TRIES = 5
_FAILED_AGAIN_S = 60

_NO_CHANNEL = Rejected(
    Failure("channel_unusable", "The channel was removed or paused before the message was sent.", "content")
)
_TOKEN_ENDED = Rejected(
    Failure("token_expired", "The channel's access token has ended: another has to be given.", "content")
)
_REFUSED = Rejected(
    Failure("address_refused", "The channel's URL leads to an address that may not be called.", "pause_channel")
)


class OutboundService:
    """Sends what the outbox holds. `pause` waits some seconds; `chance` gives a number in [0, 1)."""

    def __init__(
        self,
        outbox: OutboxStore,
        channels: ChannelDirectory,
        problems: ChannelProblems,
        statuses: ParkedStatuses,
        adapters: Adapters,
        http: Http,
        customer_http: Http,
        queue: Queue,
        clock: Clock,
        ids: Ids,
        pause: Callable[[float], None],
        chance: Callable[[], float],
        journal: SendJournal,
        public_base_url: str,
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._problems = problems
        self._statuses = statuses
        self._adapters = adapters
        self._http = http
        self._customer_http = customer_http
        self._queue = queue
        self._clock = clock
        self._ids = ids
        self._pause = pause
        self._chance = chance
        self._journal = journal
        self._public_base_url = public_base_url

    def send(self, a: str, message_id: str) -> None:
        """Bring one send as far as it goes now. Repeating it is harmless at any point. Raises what storage raises; the
        queue delivers the command again then."""
        patience = self._clock.now() + timedelta(seconds=PATIENCE_S)
        out = self._outbox.get(a, message_id)
        if out is not None and _ended(out):
            self._take_parked(a, out)  # whoever ended it may have died before this
        while out is not None and not _ended(out):
            now = self._clock.now()
            if out.due is not None and out.due > now:
                if out.state == "claimed" or (out.state == "waiting" and out.due > patience):
                    return
                if out.state == "waiting":
                    self._pause((out.due - now).total_seconds())
            out = self._go_on(a, out)

    def settle_due(self, now: datetime, limit: int) -> Swept:
        """The sweep: claims that ended without an answer are concluded, retries whose time has come and commands that
        got lost go into the queue. A send that raises is looked at again in a minute, the others are done."""
        page = self._outbox.due(now, limit)
        commands: list[Command] = []
        concluded = 0
        failed: dict[str, Exception] = {}
        for a, message_id in page.found:
            try:
                out = self._outbox.get(a, message_id)
                if out is None or out.due is None or out.due > now:
                    continue
                if out.state == "claimed":
                    concluded += self._go_on(a, out) is not None
                elif self._outbox.advance(a, out, Step(enqueue_again(out, now))):
                    commands.append(send_command(a, message_id, out.thread, out.correlation_id, out.attempt + 1))
            except Exception as error:  # whatever it is, it stops no other send
                failed[message_id] = error
                self._put_off(a, message_id, now)
        if commands:
            self._queue.send(commands)
        return Swept(len(page.found), len(commands) + concluded, page.more, failed)

    def _put_off(self, a: str, message_id: str, now: datetime) -> None:
        """Out of the way of what is due behind it."""
        with suppress(Exception):  # that it raised is told already
            self._outbox.look_again_at(a, message_id, now + timedelta(seconds=_FAILED_AGAIN_S))

    def _go_on(self, a: str, out: Outgoing) -> Outgoing | None:
        """One step: a stale claim is concluded, anything else is tried. The send as it stands now; None when its
        message is gone, and with it the send."""
        message = self._outbox.message(a, out.thread, out.seq)
        thread = self._outbox.thread(a, out.thread)
        if message is None or thread is None:
            self._outbox.advance(a, out, dropped(out))
            return None
        channel = self._channels.find(a, out.thread.channel_id)
        if channel is None:
            return self._write_down(a, out, _stale(out) or _NO_CHANNEL, None)
        adapter = self._adapters(channel.type)
        if out.state == "claimed":
            return self._write_down(a, out, adapter.interpret_no_response(NoAnswer()), adapter)
        if channel.state != "active":
            return self._write_down(a, out, _NO_CHANNEL, adapter)
        if token_has_ended(channel, self._clock.now()):
            return self._write_down(a, out, _TOKEN_ENDED, adapter)
        return self._try(a, out, message, thread, channel, adapter)

    def _try(
        self,
        a: str,
        out: Outgoing,
        message: Message,
        thread: Thread,
        channel: ConnectedChannel,
        adapter: SendingAdapter,
    ) -> Outgoing | None:
        now = self._clock.now()
        answered = self._answered(a, out, message, adapter)
        outbound = outbound_message(message, answered.provider_id if answered else None)
        outbound = outbound._replace(answered={"text": answered.text, **answered.payload} if answered else None)
        outbound = outbound._replace(webhook_url=f"{self._public_base_url}/webhooks/{channel.id}")
        human, last = message.author.type == "user", thread.last_inbound_at
        if sent_as_human_agent(adapter.window, outbound.kind, last, now, human):
            outbound = outbound._replace(human_agent=True)
        try:
            requests = adapter.build_send(outbound, recipient(thread), channel.settings, channel.secrets, now)
        except CannotSend as refusal:
            return self._write_down(a, out, Rejected(refusal.failure), adapter)
        if adapter.fetched:
            return self._write_down(a, out, Sent(None), adapter)  # nothing happens outside, so nothing is claimed
        claimed = claim(out, sum(request.timeout_s for request in requests), now, self._ids.secret())
        if not self._take(a, out, claimed):
            return self._outbox.get(a, out.message_id)
        outcome = self._ask(adapter, requests)
        ended = isinstance(outcome, Rejected) and adapter.token_refused(outcome.failure)
        written = self._write_down(a, claimed, outcome, adapter)
        if ended:
            self._problems.token_refused(a, channel.id, channel.secrets)
        return written

    def _take(self, a: str, out: Outgoing, claimed: Outgoing) -> bool:
        """Whether the claim is ours. A refusal does not say that it is another's: the client repeats what it had no
        answer to, and meets its own claim. What is stored tells, also when no answer came at all."""
        try:
            taken = self._outbox.advance(a, out, Step(claimed))
        except Exception:  # raised again below unless the claim was written all the same
            if not self._holds(a, claimed):
                raise
            return True
        return taken or self._holds(a, claimed)

    def _holds(self, a: str, claimed: Outgoing) -> bool:
        latest = self._outbox.get(a, claimed.message_id)
        return latest is not None and (latest.version, latest.claim) == (claimed.version, claimed.claim)

    def _answered(self, a: str, out: Outgoing, message: Message, adapter: SendingAdapter) -> Message | None:
        """The message that is answered: the one that was named, else, where the channel's messages always answer one,
        what was said last."""
        if out.reply_seq:
            return self._outbox.message(a, out.thread, out.reply_seq)
        return self._outbox.said_before(a, message) if adapter.answers_last else None

    def _ask(self, adapter: SendingAdapter, requests: Sequence[ProviderRequest]) -> Sent | Rejected:
        """The requests one after the other. Once the first was taken, a later one that is not leaves the whole
        unknown: sending it again would double the first."""
        first: Sent | None = None
        for request in requests:
            outcome = self._request(adapter, request)
            if isinstance(outcome, Rejected):
                return outcome if first is None else Rejected(outcome.failure._replace(klass="unknown"))
            first = first or outcome
        if first is None:
            raise ValueError("an adapter made no request of a message")
        return first

    def _request(self, adapter: SendingAdapter, request: ProviderRequest) -> Sent | Rejected:
        http = self._customer_http if request.customer_url else self._http
        try:
            response = http.request(request.method, request.url, request.headers, request.body, request.timeout_s)
        except AddressRefused:
            return _REFUSED
        except (ConnectFailed, NoAnswer) as error:
            return adapter.interpret_no_response(error)
        return adapter.interpret(response)

    def _write_down(
        self, a: str, out: Outgoing, outcome: Sent | Rejected, adapter: SendingAdapter | None
    ) -> Outgoing | None:
        """What came of it; the send as it stands then. A sweep that took the claim for dead meanwhile is corrected,
        but only by an end; what a status has settled stands."""
        wait_s, give_up_after_s = self._retry(out, outcome, adapter)
        for _ in range(_TRIES):
            step = conclude(out, outcome, wait_s, give_up_after_s, self._clock.now())
            if self._outbox.advance(a, out, step):
                self._tell(a, step, outcome)
                return step.out
            latest = self._outbox.get(a, out.message_id)
            if (
                latest is None
                or latest.state in ("settled", "claimed")
                or latest.attempt != out.attempt
                or step.status is None
            ):
                return latest
            out = latest
        raise Busy(f"send of {out.message_id}")

    def _retry(self, out: Outgoing, outcome: Sent | Rejected, adapter: SendingAdapter | None) -> tuple[float, float]:
        if adapter is None or isinstance(outcome, Sent):
            return 0.0, 0.0
        policy = adapter.retries
        return policy.wait_s(max(out.attempt, 1), self._chance(), outcome.failure.retry_after_s), policy.give_up_after_s

    def _tell(self, a: str, step: Step, outcome: Sent | Rejected) -> None:
        out = step.out
        failure = None if isinstance(outcome, Sent) else outcome.failure
        self._journal.tried(out.message_id, out.attempt, out.state, failure.code if failure else "")
        self._take_parked(a, out)
        if failure is not None and failure.klass == "pause_channel":
            self._problems.report(a, out.thread.channel_id, failure.code, failure.title)

    def _take_parked(self, a: str, out: Outgoing) -> None:
        if out.provider_id:
            self._statuses.take_parked(a, out.thread.channel_id, out.provider_id)


def _ended(out: Outgoing) -> bool:
    """Whether nothing is left to do by itself."""
    return out.state in ("settled", "unknown")


def _stale(out: Outgoing) -> Rejected | None:
    """A claim whose channel is gone by now: nobody can say how its request ended."""
    return Rejected(Failure("no_answer", "The provider did not answer.", "unknown")) if out.state == "claimed" else None
