"""Which channels there are: the only list of their names. A channel's module is imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from recado.channels.base import ChannelAdapter
from recado.domain.errors import NotFound

_ADAPTERS = {
    "whatsapp": "recado.channels.whatsapp:WhatsApp",
    "messenger": "recado.channels.messenger:Messenger",
    "instagram": "recado.channels.instagram:Instagram",
    "custom": "recado.channels.custom:Custom",
    "telegram": "recado.channels.telegram:Telegram",
    "online_chat": "recado.channels.online_chat:OnlineChat",
    "sms": "recado.channels.sms:Sms",
    "telephone": "recado.channels.telephone:Telephone",
    "email": "recado.channels.email:Email",
}
_loaded: dict[str, type[ChannelAdapter]] = {}


def types() -> tuple[str, ...]:
    """The types of channels that can be connected."""
    return tuple(_ADAPTERS)


def adapter_class(channel_type: str) -> type[ChannelAdapter]:
    """The adapter of a type. Raises NotFound for a type that does not exist."""
    if channel_type not in _loaded:
        if channel_type not in _ADAPTERS:
            raise NotFound(f"There is no such type of channel. Those that there are: {', '.join(_ADAPTERS)}.")
        module, _, name = _ADAPTERS[channel_type].partition(":")
        _loaded[channel_type] = getattr(import_module(module), name)
    return _loaded[channel_type]


def adapter(channel_type: str, base_urls: Mapping[str, str] | None = None) -> ChannelAdapter:
    """An adapter of a type; ``base_urls`` maps a provider's name (``ChannelAdapter.provider``) to where its API is
    reached.

    A provider left out is reached at its public address. Raises NotFound for a type that does not exist.
    """
    adapter_type = adapter_class(channel_type)
    return adapter_type((base_urls or {}).get(adapter_type.provider or "") or None)
