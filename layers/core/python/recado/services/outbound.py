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
from recado.domain.sending import (
    Outgoing,
    Step,
    claim,
    conclude,
    dropped,
    enqueue_again,
    outbound_message,
    postponed,
    put_in_line,
    recipient,
)
from recado.domain.speed import Bucket, bucket_of, line_of
from recado.domain.windows import sent_as_human_agent
from recado.ports.core import AddressRefused, Clock, Command, ConnectFailed, Http, Ids, NoAnswer, Queue
from recado.ports.inbound import ChannelProblems
from recado.ports.outbox import (
    Adapters,
    Hints,
    OutboxStore,
    ParkedStatuses,
    ProviderRequest,
    SendingAdapter,
    SendJournal,
)
from recado.ports.reception import ChannelDirectory, ConnectedChannel
from recado.ports.speeds import LinePlace, LineStore
from recado.ports.sweeps import Swept
from recado.services.pacing import AHEAD_S, Pacing
from recado.services.sending import send_command
from recado.services.sent_files import SentFiles
from recado.services.token_ends import OPTED_OUT, channel_to_send_on, token_has_ended

PATIENCE_S = 20.0
"""How long one command waits in all for retries. With the longest time-out of a request it must stay below the
function's own."""
_TRIES = 5
_FAILED_AGAIN_S = 60
_STEPS_ASIDE_AT = 3
_NO_SLOT_S = 1.0

_NO_CHANNEL = Rejected(
    Failure("channel_unusable", "The channel was removed or paused before the message was sent.", "content")
)
_TOKEN_ENDED = Rejected(
    Failure("token_expired", "The channel's access token has ended: another has to be given.", "content")
)
_OPTED_OUT = Rejected(Failure("opted_out", OPTED_OUT, "recipient"))
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
        files: SentFiles,
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
        pacing: Pacing,
        lines: LineStore,
        hints: Hints,
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._problems = problems
        self._statuses = statuses
        self._files = files
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
        self._pacing = pacing
        self._lines = lines
        self._hints = hints

    def send(self, a: str, message_id: str) -> None:
        """Bring one send as far as it goes now. Repeating it is harmless at any point. Raises what storage raises; the
        queue delivers the command again then."""
        patience = self._clock.now() + timedelta(seconds=PATIENCE_S)
        out = self._outbox.get(a, message_id)
        if out is not None and _ended(out):
            self._take_parked(a, out)  # whoever ended it may have died before this
        elif out is not None:
            self._work(a, out, patience)

    def work_off(self, a: str, channel_id: str, line: str, receives: int = 1) -> None:
        """Send what stands in a line of a channel, in its order and at the channel's speed, for some seconds; what is
        left then has its command. Repeating it is harmless.

        A send that raises stays at the head, so that the order holds; at the third delivery of the command (`receives`)
        it leaves the line, where it would hold up what is said to many people, and is the sweep's."""
        until = self._clock.now() + timedelta(seconds=PATIENCE_S)
        while (head := self._lines.head(a, channel_id, line)) is not None:
            if self._clock.now() >= until:
                self._queue.send([line_command(a, head, self._clock.now())])
                return
            out = self._outbox.get(a, head.message_id)
            if out is not None and out.state in ("pending", "waiting"):
                try:
                    after = self._work(a, out, until, head)
                except Exception:  # whatever it is: the queue brings the command again
                    if receives >= _STEPS_ASIDE_AT:
                        self._lines.leave(a, head)
                    raise
                if after is not None and after.version == out.version:
                    self._pause(_NO_SLOT_S)
                    continue
            self._lines.leave(a, head)

    def _work(self, a: str, out: Outgoing, patience: datetime, place: LinePlace | None = None) -> Outgoing | None:
        """A send as far as it goes until then; `place`: its turn in a line of its channel. As it stands now; unchanged
        when its turn has come and there is no slot."""
        latest: Outgoing | None = out
        while latest is not None and not _ended(latest):
            now = self._clock.now()
            if latest.due is not None and latest.due > now and not (place and latest.in_line):
                if latest.state == "claimed" or (latest.state == "waiting" and latest.due > patience):
                    return latest
                if latest.state == "waiting":
                    self._pause((latest.due - now).total_seconds())
            before, latest = latest, self._go_on(a, latest, place)
            if latest == before:
                return latest
        return latest

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

    def _go_on(self, a: str, out: Outgoing, place: LinePlace | None = None) -> Outgoing | None:
        """One step: a stale claim is concluded, anything else is tried. The send as it stands now; None when its
        message is gone, and with it the send."""
        message = self._outbox.message(a, out.thread, out.seq)
        thread = self._outbox.thread(a, out.thread)
        if message is None or thread is None:
            self._outbox.advance(a, out, dropped(out))
            return None
        channel = channel_to_send_on(self._channels, a, out.thread.channel_id, self._clock.now())
        if channel is None:
            return self._write_down(a, out, _stale(out) or _NO_CHANNEL, None)
        adapter = self._adapters(channel.type)
        if out.state == "claimed":
            return self._write_down(a, out, adapter.interpret_no_response(NoAnswer()), adapter)
        if channel.state != "active":
            return self._write_down(a, out, _NO_CHANNEL, adapter)
        if token_has_ended(channel, self._clock.now()):
            return self._write_down(a, out, _TOKEN_ENDED, adapter)
        if thread.opted_out_at is not None:
            return self._write_down(a, out, _OPTED_OUT, adapter)
        return self._try(a, out, message, thread, channel, adapter, place)

    def _try(
        self,
        a: str,
        out: Outgoing,
        message: Message,
        thread: Thread,
        channel: ConnectedChannel,
        adapter: SendingAdapter,
        place: LinePlace | None,
    ) -> Outgoing | None:
        now = self._clock.now()
        if out.not_before is not None and out.not_before > now:
            return self._moved(a, out, postponed(out, out.not_before))
        answered = self._answered(a, out, message, adapter)
        outbound = outbound_message(message, answered.provider_id if answered else None)
        outbound = outbound._replace(answered={"text": answered.text, **answered.payload} if answered else None)
        outbound = outbound._replace(webhook_url=f"{self._public_base_url}/webhooks/{channel.id}")
        human, last = message.author.type == "user", thread.last_inbound_at
        if sent_as_human_agent(adapter.window, outbound.kind, last, now, human):
            outbound = outbound._replace(human_agent=True)
        try:
            if message.file is not None:
                outbound = outbound._replace(media=self._files.media(a, message.file, adapter.uploads))
            requests = adapter.build_send(outbound, recipient(thread), channel.settings, channel.secrets, now)
        except CannotSend as refusal:
            return self._write_down(a, out, Rejected(refusal.failure), adapter)
        if adapter.fetched:  # nothing happens outside, so nothing is claimed
            written = self._write_down(a, out, Sent(None), adapter)
            self._hints.tell(a, out.thread, out.seq)
            return written
        bucket = bucket_of(adapter.speed, channel.settings, outbound.kind) if adapter.speed else None
        if bucket is not None and not self._has_slot(a, out, bucket, place):
            return out if place else self._stand_in_line(a, out, bucket)
        lasts = sum(request.timeout_s for request in requests) + (len(requests) - 1) * AHEAD_S
        claimed = claim(out, lasts, self._clock.now(), self._ids.secret())
        if not self._take(a, out, claimed):
            return self._outbox.get(a, out.message_id)
        outcome = self._ask(a, channel, adapter, requests, bucket)
        ended = isinstance(outcome, Rejected) and adapter.token_refused(outcome.failure)
        if isinstance(outcome, Rejected) and ended and self._has_other_secrets(a, channel):
            ended = False
            if outcome.failure.klass == "pause_channel":  # "unknown": a part of it went already
                outcome = Rejected(outcome.failure._replace(klass="retry"))
        written = self._write_down(a, claimed, outcome, adapter)
        if ended:
            self._problems.token_refused(a, channel.id, channel.secrets)
        if isinstance(outcome, Rejected) and adapter.opted_out(outcome.failure):
            self._outbox.opt_out(a, out, self._clock.now())
        return written

    def _has_other_secrets(self, a: str, used: ConnectedChannel) -> bool:
        """Whether the channel was given another token since the one that was used was remembered: then the refusal says
        nothing of the message, which goes with the new one."""
        latest = self._channels.latest(a, used.id)
        return latest is not None and latest.secrets != used.secrets

    def _has_slot(self, a: str, out: Outgoing, bucket: Bucket, place: LinePlace | None) -> bool:
        """Whether the channel has a slot for it now, or soon: then that was waited for. While others stand in the line
        of its person, who is not at its head has none."""
        if place is None:
            head = self._lines.head(a, out.thread.channel_id, line_of(bucket, out.thread.sender))
            if head is not None and head.message_id != out.message_id:
                return False
        wait_s = self._pacing.wait_s(a, out.thread.channel_id, bucket)
        if wait_s:
            self._pause(wait_s)
        return wait_s is not None

    def _stand_in_line(self, a: str, out: Outgoing, bucket: Bucket) -> Outgoing | None:
        """The place first: who dies after it is found there, or comes again and takes the same one."""
        line = line_of(bucket, out.thread.sender)
        place = LinePlace(out.thread.channel_id, line, out.created_at, out.message_id)
        self._lines.join(a, place)
        after = self._moved(a, out, put_in_line(out, self._clock.now()))
        self._queue.send([line_command(a, place, self._clock.now())])
        return after

    def _moved(self, a: str, out: Outgoing, after: Outgoing) -> Outgoing | None:
        return after if self._outbox.advance(a, out, Step(after)) else self._outbox.get(a, out.message_id)

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

    def _ask(
        self,
        a: str,
        channel: ConnectedChannel,
        adapter: SendingAdapter,
        requests: Sequence[ProviderRequest],
        bucket: Bucket | None,
    ) -> Sent | Rejected:
        """The requests one after the other, each in a slot of its own if there is one soon. Once the first was taken, a
        later one that is not leaves the whole unknown: sending it again would double the first."""
        first: Sent | None = None
        for request in requests:
            if first is not None and bucket is not None:
                wait_s = self._pacing.wait_s(a, channel.id, bucket)
                self._pause(AHEAD_S if wait_s is None else wait_s)
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


def line_command(a: str, place: LinePlace, now: datetime) -> Command:
    """The command by which a worker works a line off. One line has one worker at a time."""
    return Command(
        group=f"{place.channel_id}#line#{place.line}",
        dedup=f"line-{place.message_id}-{int(now.timestamp())}",
        body={"account": a, "channel_id": place.channel_id, "line": place.line, "correlation_id": ""},
    )


def _ended(out: Outgoing) -> bool:
    """Whether nothing is left to do by itself."""
    return out.state in ("settled", "unknown")


def _stale(out: Outgoing) -> Rejected | None:
    """A claim whose channel is gone by now: nobody can say how its request ended."""
    return Rejected(Failure("no_answer", "The provider did not answer.", "unknown")) if out.state == "claimed" else None
