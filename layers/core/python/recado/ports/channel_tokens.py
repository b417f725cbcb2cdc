"""What looking after access tokens needs of storage and of the channels' providers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from recado.domain.messages import Rejected, Renewed
from recado.ports.channels import Secrets
from recado.ports.sweeps import DuePage


class Probed(Protocol):
    """What a provider answered a harmless request (channels.tokens.Probed)."""

    @property
    def ok(self) -> bool: ...

    @property
    def detail(self) -> str: ...

    @property
    def told(self) -> bool:
        """Whether it said until when the token holds; not `ok`: that it does not."""
        ...

    @property
    def expires_at(self) -> datetime | None: ...

    @property
    def issued_at(self) -> datetime | None: ...


class ProviderTokens(Protocol):
    """The providers' side of access tokens, by type of channel."""

    def secret(self, channel_type: str) -> str | None:
        """The name of the secret that may expire; None: none does."""
        ...

    def life(self, channel_type: str, secrets: Secrets) -> timedelta | None:
        """How long such a token lives where the provider does not tell of one; None: it can be asked."""
        ...

    def min_age(self, channel_type: str, settings: Mapping[str, Any], secrets: Secrets) -> timedelta | None:
        """From which age on such a token is renewed; None: it cannot be."""
        ...

    def probe(self, channel_type: str, settings: Mapping[str, Any], secrets: Secrets) -> Probed | None:
        """Ask something harmless; None where there is nothing to ask. Raises ConnectFailed, NoAnswer."""
        ...

    def renew(self, channel_type: str, settings: Mapping[str, Any], secrets: Secrets) -> Renewed | Rejected:
        """A new token, or what the provider had against it: class `pause_channel` when the old one does not hold.
        Raises ConnectFailed, NoAnswer."""
        ...


class DueChannels(Protocol):
    """Channels whose tokens have to be looked at."""

    def due(self, now: datetime, limit: int) -> DuePage:
        """Candidates from an index that may lag."""
        ...

    def look_again_at(self, a: str, channel_id: str, when: datetime) -> None:
        """Put a channel that could not be looked at to a later time."""
        ...
