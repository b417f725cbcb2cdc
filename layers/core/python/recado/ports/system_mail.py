"""The product's own mail to the people who work with it: codes, invitations. What agents write to customers by e-mail
is a channel."""

from __future__ import annotations

from typing import Protocol


class MailNotSent(Exception):
    """The mail service did not take the mail."""


class SystemMail(Protocol):
    """The way out for the product's own mail."""

    def send(self, to: str, subject: str, text: str) -> None:
        """Send a plain text to one address. Raises MailNotSent."""
        ...
