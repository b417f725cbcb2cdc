"""The templates that every simulated WhatsApp Business account begins with: the demo account has them too."""

from __future__ import annotations

from typing import Any
from zlib import crc32

EXAMPLES: tuple[dict[str, Any], ...] = (
    {
        "name": "lembrete_pagamento",
        "language": "pt_BR",
        "category": "UTILITY",
        "components": [
            {
                "type": "BODY",
                "text": "Olá {{1}}, sua fatura de {{2}} vence amanhã. Qualquer dúvida, responda a esta mensagem.",
                "example": {"body_text": [["Maria", "R$ 120,00"]]},
            }
        ],
    },
    {
        "name": "boas_vindas",
        "language": "pt_BR",
        "category": "MARKETING",
        "components": [
            {"type": "HEADER", "format": "TEXT", "text": "Boas-vindas!"},
            {
                "type": "BODY",
                "text": "Olá {{1}}, que bom ter você conosco. Como podemos ajudar?",
                "example": {"body_text": [["Maria"]]},
            },
            {"type": "FOOTER", "text": "Recado Demo"},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Falar com alguém"}]},
        ],
    },
)


def example_id(waba_id: str, name: str) -> str:
    """The id of an example in an account, the same after every start."""
    return f"9{crc32(f'{waba_id}/{name}'.encode()):014d}"
