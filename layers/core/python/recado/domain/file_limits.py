"""What may be uploaded for what: limits by feature and by channel (PRODUCT I1). MB = 1,048,576 bytes; a file of exactly
the limit passes, one byte more is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from recado.domain.errors import Forbidden, TooLarge, WrongType
from recado.domain.file_types import CSV, TYPES, FileKind, is_run_by_name, type_of

if TYPE_CHECKING:  # ingress loads this file with every adapter
    from recado.domain.people import Role

KB = 1_024
MB = 1_048_576
Feature = Literal["flow", "service", "shortcut", "email", "trigger", "import", "photo"]


class MediaLimit(NamedTuple):
    """What a channel takes of one kind of file: at most so many bytes, of these content types (empty: of any)."""

    max_bytes: int
    types: frozenset[str] = frozenset()


class FeatureLimit(NamedTuple):
    """At most so many bytes, of these types (empty: of all that are taken), by these roles."""

    max_bytes: int
    roles: frozenset[Role]
    types: frozenset[str] = frozenset()


_EVERYONE: frozenset[Role] = frozenset({"admin", "agent", "restricted"})
_STAFF: frozenset[Role] = frozenset({"admin", "agent"})
_ADMINS: frozenset[Role] = frozenset({"admin"})
_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
FEATURES: Mapping[Feature, FeatureLimit] = {
    "flow": FeatureLimit(15 * MB, _ADMINS),
    "service": FeatureLimit(15 * MB, _EVERYONE),
    "shortcut": FeatureLimit(15 * MB, _STAFF),
    "email": FeatureLimit(25 * MB, _EVERYONE),
    "trigger": FeatureLimit(4 * MB, _ADMINS, _IMAGES),
    "import": FeatureLimit(512 * MB, _ADMINS, frozenset({CSV})),
    "photo": FeatureLimit(4 * MB, _STAFF, _IMAGES),
}


def most_received(feature: Feature, channel: Mapping[str, MediaLimit]) -> int:
    """How many bytes a file may have that comes by a channel: as much as the largest that it takes, and no more than
    its files are limited to."""
    most = max((limit.max_bytes for limit in channel.values()), default=FEATURES[feature].max_bytes)
    return min(most, FEATURES[feature].max_bytes)


_CSV_TO_BROWSERS = frozenset({"application/vnd.ms-excel", "text/plain"})
"""What browsers call a file by its name's end `.csv`: on Windows it is Excel's where Excel is there."""


def declared_type(
    feature: Feature, role: Role, name: str, content_type: str, size: int, channel: Mapping[str, MediaLimit] | None
) -> str:
    """The type of a file that is announced, as the list of types writes it. `channel`: the media limits of the channel
    it is for, by kind; None when it is for none. Raises Forbidden, WrongType, TooLarge."""
    limit = FEATURES[feature]
    if role not in limit.roles:
        raise Forbidden(f"Your role does not upload files for {feature}.", code="role_not_allowed")
    kind = type_of(content_type)
    if feature == "import" and kind in _CSV_TO_BROWSERS and name.lower().endswith(".csv"):
        kind = CSV
    if kind not in (limit.types or TYPES):
        raise _not_taken(f"Files of this type are not taken for {feature}.")
    if is_run_by_name(name):
        raise _not_taken("A file with such a name is run or rendered where it is saved, and is not taken.")
    most = limit.max_bytes if channel is None else min(limit.max_bytes, _channel_bytes(kind, channel))
    if size > most:
        raise _too_large(most)
    return kind


def sent_as(kind: str | None, content_type: str, size: int, channel: Mapping[str, MediaLimit], feature: Feature) -> str:
    """The kind of message that an accepted file is sent as: `kind` where that is asked for, else by its nature, or as a
    document where the channel does not take its type so. `feature`: as what the channel's files are limited. Raises
    WrongType, TooLarge."""
    ways = [way for way in _ways(content_type) if kind in (None, way)]
    for way in ways:
        limit = channel.get(way)
        if limit is not None and (not limit.types or content_type in limit.types):
            most = min(limit.max_bytes, FEATURES[feature].max_bytes)
            if size > most:
                raise _too_large(most)
            return way
    if kind is not None and not ways:
        raise _not_taken(f"A file of this type cannot be sent as {kind}.")
    raise _not_taken("This channel takes no files of this type" + (" so." if kind else "."))


def _channel_bytes(content_type: str, channel: Mapping[str, MediaLimit]) -> int:
    """How large a file of the type may be on a channel, sent as what it is by nature or, where the channel does not
    take its type so, as the next thing it can be. Raises WrongType when it can be sent in no way."""
    for kind in _ways(content_type):
        limit = channel.get(kind)
        if limit is not None and (not limit.types or content_type in limit.types):
            return limit.max_bytes
    raise _not_taken("This channel takes no files of this type.")


def _ways(content_type: str) -> Iterator[FileKind | Literal["sticker"]]:
    yield TYPES[content_type].kind
    if content_type == "image/webp":
        yield "sticker"
    yield "document"


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"A file may have at most {most:,} bytes here.", code="file_too_large", extra={"limit": most})


def _not_taken(detail: str) -> WrongType:
    return WrongType(detail, code="file_type_not_taken")
