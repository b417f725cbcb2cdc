"""Where bodies lie that are too large for a queue, or could not be understood or worked off: every key of the raw
bucket, spelled here and nowhere else. All begin with the account and are gone after 30 days (infra/data.yaml)."""

from __future__ import annotations


def raw_prefix(a: str) -> str:
    """What the keys of an account begin with."""
    return f"{a}/"


def part_key(a: str, channel_id: str, digest: str) -> str:
    """What one customer did, on its way to the inbound worker."""
    return f"{a}/part/{channel_id}/{digest}.json"


def split_key(a: str, channel_id: str, digest: str) -> str:
    """Commands of many customers, on their way to the inbound worker."""
    return f"{a}/split/{channel_id}/{digest}.json"


def kept_key(a: str, channel_id: str, digest: str) -> str:
    """Bytes as they came, which nobody waits for."""
    return f"{a}/kept/{channel_id}/{digest}"


def parked_command_key(a: str, digest: str) -> str:
    """A command of the inbound queue that was set aside."""
    return f"{a}/parked/{digest}"


def parked_record_key(a: str, record_id: str) -> str:
    """A record of a table's stream that was set aside."""
    return f"{a}/parked/streams/{record_id}"


def parked_fact_key(a: str, command_id: str) -> str:
    """A command of the feed's queue that was set aside."""
    return f"{a}/parked/feed/{command_id}"


def is_on_its_way(key: str) -> bool:
    """Whether a worker may still want the body."""
    return key.split("/")[1] in ("part", "split")


def is_split(key: str) -> bool:
    """Whether the body is commands of many customers."""
    return key.split("/")[1] == "split"
