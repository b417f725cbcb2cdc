"""What adapters say of access tokens that expire, and of a harmless request to their provider."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from recado.domain.messages import Failure, Rejected, Renewed
from recado.ports.core import HttpResponse

if TYPE_CHECKING:
    from recado.channels.shapes import Field, HttpRequest, Secrets


class Probed(NamedTuple):
    """What a provider answered a harmless request. `told`: it said until when the token holds, `expires_at` None: for
    ever."""

    ok: bool
    detail: str
    told: bool = False
    expires_at: datetime | None = None
    issued_at: datetime | None = None


class AccessTokens:
    """The part of an adapter that knows whether its secrets hold, and until when (`channels.base.ChannelAdapter`)."""

    token_secret: ClassVar[str | None] = None
    """The name of the secret that is an access token with an end; None: there is none."""
    fields: ClassVar[tuple[Field, ...]]

    @property
    def rotating(self) -> frozenset[str]:
        """The names of the secrets of which former values hold for a time."""
        return frozenset(field.name for field in self.fields if field.rotates)

    def probe(self, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | None:
        """A harmless request that shows whether the secrets hold; None when there is nothing to ask."""
        return None

    def probed(self, response: HttpResponse) -> Probed:
        """What the answer to `probe` tells, perhaps also of the token's end. Never raises."""
        if response.status < 400:
            return Probed(True, "The provider knows the channel's secrets.")
        return Probed(False, f"The provider refused the channel's secrets: it answered with HTTP {response.status}.")

    def token_life(self, secrets: Secrets) -> timedelta | None:
        """How long such a token lives where the provider does not tell of one; None: `probe` tells."""
        return None

    def token_min_age(self, settings: Mapping[str, Any], secrets: Secrets) -> timedelta | None:
        """From which age on such a token is renewed; None: it cannot be."""
        return None

    def renewal(self, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | None:
        """The request for a token that holds longer; None where `token_min_age` is."""
        return None

    def renewed(self, response: HttpResponse) -> Renewed | Rejected:
        """The new token, from the answer to `renewal`. Never raises."""
        return Rejected(Failure("not_renewable", "Tokens of this channel are not renewed.", "content"))

    def token_refused(self, failure: Failure) -> bool:
        """Whether a send failed because the access token does not hold."""
        return False
