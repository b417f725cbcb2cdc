"""Channels, their secrets apart, and the claims on the addresses that route a provider's payloads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError

from recado.domain.channels import Channel
from recado.domain.chats import Event
from recado.domain.errors import Conflict, NotFound
from recado.domain.tokens import Token
from recado.ports.channels import Secrets
from recado.ports.sweeps import DuePage
from recado.storage import keys
from recado.storage.departments import use_department
from recado.storage.due import Due, due_page
from recado.storage.tables import TimeAttribute, WorkspaceRecord
from recado.storage.transaction import Cancelled, Transaction, condition_failed, guard
from recado.storage.workspace_events import add_workspace_event

_ADDRESS_FREE = guard(
    "channel-address-free", "two channels take one provider account at once: its payloads would go to either"
)
_DIRECTORY_FREE = guard(
    "directory-address-free", "two accounts take one address at once: what is sent to it would go to either"
)
KEPT_FOR_ITS_ACCOUNT = timedelta(days=365)
"""How long an address in a directory stays its account's after the channel left it: customers go on writing to what
stands in old mails, and no other company is to read that."""
CHANNEL_DUE = guard(
    "channel-is-there-to-look-at",
    "a channel loses its token while the sweep puts it off: it would be looked at for ever",
)
CHANNEL_UNCHANGED = guard(
    "channel-unchanged", "two changes of one channel at once: the later would undo the earlier or leak its address"
)


class ChannelRecord(WorkspaceRecord):
    """CHANNEL."""

    id = UnicodeAttribute()
    type = UnicodeAttribute()
    name = UnicodeAttribute()
    department_id = UnicodeAttribute()
    created_at = TimeAttribute()
    settings = JSONAttribute()
    address = UnicodeAttribute(null=True)
    state = UnicodeAttribute()
    problems = JSONAttribute(null=True)
    directory = UnicodeAttribute(null=True)
    version = NumberAttribute(default=1)
    token = JSONAttribute(null=True)
    due_at = TimeAttribute(null=True)
    former = JSONAttribute(null=True)
    due_pk = UnicodeAttribute(null=True)
    due_sk = UnicodeAttribute(null=True)
    due = Due()

    @classmethod
    def of_channel(cls, a: str, channel: Channel) -> ChannelRecord:
        """The item of a channel."""
        return cls.of(
            channel,
            pk=keys.workspace_pk(a, "CHANNELS"),
            sk=channel.id,
            settings=dict(channel.settings),
            address=channel.address or None,
            problems=[dict(one) for one in channel.problems] or None,
            token=channel.token.to_json() if channel.token else None,
            former={name: [end.isoformat() for end in ends] for name, ends in channel.former.items()} or None,
            due_pk=keys.due_pk("CHANNELS", channel.id) if channel.due_at else None,
            due_sk=keys.stamp(channel.due_at) if channel.due_at else None,
        )

    def channel(self) -> Channel:
        """The entity."""
        return self.to(
            Channel,
            settings=self.settings,
            address=self.address or "",
            problems=tuple(self.problems or ()),
            version=int(self.version),
            token=Token.from_json(self.token) if self.token else None,
            former={name: tuple(map(datetime.fromisoformat, ends)) for name, ends in (self.former or {}).items()},
        )


class ChannelSecretsRecord(WorkspaceRecord):
    """A channel's secrets: in a partition of their own, so that no list of channels reads them."""

    secrets = JSONAttribute()


class ChannelAddressRecord(WorkspaceRecord):
    """An address is taken by a channel."""

    channel_id = UnicodeAttribute()


class ChannelDirectoryRecord(WorkspaceRecord):
    """An address that leads to the channel without the account. With a `ttl` it was left, and leads nowhere."""

    account = UnicodeAttribute()
    channel_id = UnicodeAttribute()


class ChannelStore:
    """The channels of the workspace table (port: recado/ports/channels.py)."""

    def get(self, a: str, channel_id: str) -> Channel | None:
        """A channel, removed ones too; None when there is none."""
        for record in ChannelRecord.batch_get([(keys.workspace_pk(a, "CHANNELS"), channel_id)], consistent_read=True):
            return record.channel()
        return None

    def secrets(self, a: str, channel_id: str) -> Secrets:
        """A channel's secrets by name, each the newest and those before that may hold (until when, `Channel.former`
        says); empty when it has none."""
        for record in ChannelSecretsRecord.batch_get(
            [(keys.workspace_pk(a, "CHANNELSECRETS"), channel_id)], consistent_read=True
        ):
            return {name: tuple(values) for name, values in record.secrets.items()}
        return {}

    def by_address(self, a: str, channel_type: str, address: str) -> str | None:
        """The id of the channel that a provider's payload names by its address."""
        for record in ChannelAddressRecord.batch_get(
            [(keys.channel_address_pk(a, channel_type), address)], consistent_read=True
        ):
            return record.channel_id
        return None

    def page(self, a: str, limit: int, after: str | None) -> list[Channel]:
        """Channels in the order of their ids, those after an id."""
        beyond = ChannelRecord.sk > after if after else None
        return [
            record.channel() for record in ChannelRecord.query(keys.workspace_pk(a, "CHANNELS"), beyond, limit=limit)
        ]

    def create(self, a: str, channel: Channel, secrets: Secrets) -> None:
        """Raises Conflict `address_taken`, NotFound when the department is gone."""
        tx = Transaction()
        use_department(tx, a, channel.department_id)
        tx.put("channel", ChannelRecord.of_channel(a, channel))
        tx.put("secrets", _secrets_record(a, channel.id, secrets))
        if channel.address:
            _claim_address(tx, a, channel)
        try:
            tx.commit()
        except Cancelled as cancelled:
            _refuse(cancelled)

    def due(self, now: datetime, limit: int) -> DuePage:
        """16 queries of the index, over all accounts."""
        return due_page("CHANNELS", ChannelRecord, now, limit)

    def look_again_at(self, a: str, channel_id: str, when: datetime) -> None:
        """Moves the place in the index only; the channel's own next state puts it right."""
        try:
            ChannelRecord(keys.workspace_pk(a, "CHANNELS"), channel_id).update(
                [ChannelRecord.due_sk.set(keys.stamp(when))], condition=CHANNEL_DUE(ChannelRecord.due_sk.exists())
            )
        except UpdateError as error:
            if not condition_failed(error):
                raise

    def change(
        self,
        a: str,
        before: Channel,
        after: Channel,
        secrets: Secrets | None,
        events: Sequence[Event] = (),
        now: datetime | None = None,
    ) -> bool:
        """Write what changed, with facts; False when the channel is no longer as `before`. `secrets` None leaves
        them; `now` is needed where the address may change."""
        tx = Transaction()
        if after.department_id != before.department_id:
            use_department(tx, a, after.department_id)
        tx.put(
            "channel", ChannelRecord.of_channel(a, after), CHANNEL_UNCHANGED(ChannelRecord.version == before.version)
        )
        if secrets is not None:
            tx.put("secrets", _secrets_record(a, after.id, secrets))
        for event in events:
            add_workspace_event(tx, a, after.id, event)
        if after.address != before.address:
            if before.address:
                leave_address(tx, a, before, now)
            if after.address:
                _claim_address(tx, a, after)
        try:
            tx.commit()
        except Cancelled as cancelled:
            if "channel" in cancelled.failed:
                return False
            _refuse(cancelled)
        return True


def _secrets_record(a: str, channel_id: str, secrets: Secrets) -> ChannelSecretsRecord:
    return ChannelSecretsRecord(
        keys.workspace_pk(a, "CHANNELSECRETS"),
        channel_id,
        secrets={name: list(values) for name, values in secrets.items()},
    )


def leave_address(tx: Transaction, a: str, channel: Channel, now: datetime | None) -> None:
    """The channel's address is free again for its account; for others, where all share a directory, after a year."""
    tx.delete("old-address", ChannelAddressRecord(keys.channel_address_pk(a, channel.type), channel.address))
    if channel.directory:
        if now is None:
            raise ValueError("an address in a directory is left at a time")
        pk, ends = keys.directory_pk(channel.directory, channel.address), now + KEPT_FOR_ITS_ACCOUNT
        left = ChannelDirectoryRecord(pk, "DIR", account=a, channel_id=channel.id, ttl=int(ends.timestamp()))
        tx.put("old-directory", left)


def _claim_address(tx: Transaction, a: str, channel: Channel) -> None:
    record = ChannelAddressRecord(keys.channel_address_pk(a, channel.type), channel.address, channel_id=channel.id)
    tx.put("address", record, _ADDRESS_FREE(ChannelAddressRecord.pk.does_not_exist()))
    if channel.directory:
        pk = keys.directory_pk(channel.directory, channel.address)
        leads = ChannelDirectoryRecord(pk, "DIR", account=a, channel_id=channel.id)
        left_by_own = (ChannelDirectoryRecord.account == a) & ChannelDirectoryRecord.ttl.exists()
        tx.put("directory", leads, _DIRECTORY_FREE(ChannelDirectoryRecord.pk.does_not_exist() | left_by_own))


def _refuse(cancelled: Cancelled) -> None:
    """Raises what the failed condition means."""
    if "used-department" in cancelled.failed:
        raise NotFound("There is no such department.") from cancelled
    where = "of this account " if "address" in cancelled.failed else ""
    raise Conflict(f"Another channel {where}has this address.", code="address_taken") from cancelled
