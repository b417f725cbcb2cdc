"""What the product's own mails say, in the language of the account."""

from __future__ import annotations

from typing import NamedTuple


class Mail(NamedTuple):
    """A plain text."""

    subject: str
    text: str


def removal_code_mail(locale: str, channel_name: str, code: str, minutes: int) -> Mail:
    """The code by which an admin confirms that a channel shall be removed."""
    if locale.lower().startswith("pt"):
        return Mail(
            "Código para remover um canal",
            f"Alguém pediu a remoção do canal “{channel_name}”.\n\n"
            f"Código: {code}\n\n"
            f"Ele vale por {minutes} minutos. A remoção não pode ser desfeita. Se não foi você, ignore este e-mail.\n",
        )
    return Mail(
        "Code to remove a channel",
        f"Somebody asked for the channel “{channel_name}” to be removed.\n\n"
        f"Code: {code}\n\n"
        f"It holds for {minutes} minutes. A removal cannot be undone. If it was not you, ignore this mail.\n",
    )
