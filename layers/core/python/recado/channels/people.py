"""What adapters know of people beside their messages: their names, and that they want no more messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from recado.domain.messages import Failure
from recado.ports.core import HttpResponse

if TYPE_CHECKING:
    from recado.channels.shapes import HttpRequest, Secrets


class People:
    """The part of an adapter that knows of people (`channels.base.ChannelAdapter`)."""

    names_apart: ClassVar[bool] = False
    """Whether webhooks tell no names of people, and `profile` asks for them."""

    def profile(self, sender: str, settings: Mapping[str, Any], secrets: Secrets) -> HttpRequest | None:
        """The request for a person's profile, by the key of their thread; None: names come with the webhooks, or cannot
        be asked for."""
        return None

    def profile_name(self, response: HttpResponse) -> str | None:
        """The name that the answer to `profile` tells. Never raises."""
        return None

    def opted_out(self, failure: Failure) -> bool:
        """Whether the customer wants no more messages on this channel, as far as a refusal tells."""
        return False
