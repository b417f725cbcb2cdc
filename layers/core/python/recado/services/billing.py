"""The billing ledger (J2): each delivered message once, at the price that its provider told, or would ask by its rules.

Level-triggered: a status that is told again is looked at again, and finds its entry as it should be. So a worker that
dies between the message's status and its charge loses nothing, as its command comes again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from recado.domain.billing import (
    SERVICE,
    UNKNOWN,
    Billing,
    Entry,
    Facts,
    Windows,
    category_of,
    charged,
    difference,
    pricing_of,
    told,
)
from recado.domain.chats import Message, Thread
from recado.domain.errors import Busy
from recado.ports.billing import BillingLedger, Charge, Ledgered, PricedAdapters
from recado.ports.core import Clock
from recado.ports.inbound import Delivery, Seen
from recado.ports.reception import ChannelDirectory, ConnectedChannel
from recado.ports.reports import Zones

_TRIES = 5
_CLOCK_SKEW = timedelta(minutes=5)
_DELIVERED = ("delivered", "read")


class BillingService:
    """The port `recado.ports.billing.Charges`. Channels without rules are passed over before anything is read."""

    def __init__(
        self,
        ledger: BillingLedger,
        channels: ChannelDirectory,
        adapters: PricedAdapters,
        zones: Callable[[], Zones],
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._channels = channels
        self._adapters = adapters
        self._zones = zones
        self._clock = clock

    def charge(self, a: str, place: Seen, delivery: Delivery) -> None:
        """A message that was read was delivered. Raises Busy after five lost races in a row."""
        delivered = delivery.status in _DELIVERED
        if not delivered and not delivery.pricing:
            return
        channel = self._channels.find(a, place.thread.channel_id)
        billing = self._adapters(channel.type).billing() if channel else None
        if channel is None or billing is None:
            return
        pricing = pricing_of(billing, delivery.pricing, delivered)
        for _ in range(_TRIES):
            seen = self._ledger.look(a, place)
            if seen is None or seen.message.direction != "outbound" or seen.message.internal:
                return
            before = seen.entry or Entry(place.message_id, channel.id)
            after = told(before, self._at(delivery, seen.message) if delivered else None, pricing)
            if after is before:
                return
            if self._ledger.write(a, self._decided(a, channel, billing, seen, after)):
                return
        raise Busy(f"charge of {place.message_id}")

    def _at(self, delivery: Delivery, message: Message) -> datetime:
        """The provider's time, which counts whole seconds: not before the message was written, nor of a time to
        come."""
        latest = self._clock.now() + _CLOCK_SKEW
        return max(message.created_at, min(delivery.at, latest))

    def _decided(self, a: str, channel: ConnectedChannel, billing: Billing, seen: Ledgered, after: Entry) -> Charge:
        thread, windows = seen.thread.key, seen.windows or Windows()
        if after.delivered_at is None:
            return Charge(thread, seen.entry, after, None, {})
        zone = _zone(channel.settings.get(billing.zone_setting))
        facts, month = self._facts(a, billing, zone, seen, after), after.delivered_at.astimezone(zone).date()
        charge, opened = charged(billing, zone, self._zones().of(a), after, facts, windows)
        takes = charge.allowance and not after.allowance
        return Charge(
            thread,
            seen.entry,
            charge,
            None if opened == windows else opened,
            difference(seen.entry, charge),
            month.replace(day=1) if takes else None,
        )

    def _facts(self, a: str, billing: Billing, zone: tzinfo, seen: Ledgered, entry: Entry) -> Facts:
        message, thread, at = seen.message, seen.thread, entry.delivered_at
        if at is None:
            raise ValueError(f"{message.id} is not delivered")
        facts = Facts(
            message_id=message.id,
            category=_category(billing, message),
            written_at=message.created_at,
            delivered_at=at,
            market=billing.market_of(_phone(thread)),
            came_by_ad_at=thread.came_by_ad_at,
            ours=_ours(message),
        )
        rule = billing.rule_of(at.astimezone(zone).date())
        category, wrote, used = category_of(entry, facts), thread.last_inbound_at, 0
        if wrote is not None and wrote > at and category in rule.free_in_window:
            wrote = self._ledger.wrote_before(a, thread.key, message.seq, at)
        if category in rule.free_per_month and not entry.allowance:
            used = self._ledger.used(a, entry.channel_id, category, at.astimezone(zone).date().replace(day=1))
        return Facts(**{**vars(facts), "customer_wrote_at": wrote, "used": used})


def _category(billing: Billing, message: Message) -> str:
    """That of the message's template, as it was when it was sent."""
    template = message.payload.get("template")
    if template is None:
        return SERVICE
    category = str(template.get("category") or "").lower() if isinstance(template, dict) else ""
    return category if category in billing.categories else UNKNOWN


def _ours(message: Message) -> bool:
    """Not the echo of what was written in the provider's own application: that has the provider's time."""
    return message.author.type != "system" or message.sent_at == message.created_at


def _phone(thread: Thread) -> str:
    return thread.address if thread.address.startswith("+") else thread.key.sender


def _zone(name: object) -> tzinfo:
    try:
        return ZoneInfo(name) if isinstance(name, str) and name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
