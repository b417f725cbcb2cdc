"""Messenger: the messages of a Facebook page. What it shares with Instagram is in ``meta_messaging``."""

from __future__ import annotations

from typing import ClassVar

from recado.channels.base import Limits, MediaLimit, Speed
from recado.channels.meta_messaging import MAX_PARTS, MetaMessaging

_MB = 1024 * 1024


class Messenger(MetaMessaging):
    """One page. People are known by the id they have for it (PSID)."""

    type = "messenger"
    part_limit = 2_000
    limits = Limits(text=MAX_PARTS * part_limit, caption=MAX_PARTS * part_limit)
    cards = True
    speed = Speed(per_second=300, media_per_second=10)
    media_limits: ClassVar = {
        "image": MediaLimit(8 * _MB),
        "audio": MediaLimit(25 * _MB),
        "video": MediaLimit(25 * _MB),
        "document": MediaLimit(25 * _MB),
    }
