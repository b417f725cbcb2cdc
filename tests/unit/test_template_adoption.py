"""What the provider lists of a template becomes ours, but for the file that we gave as its example."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from recado.domain.templates import Found, MessageTemplate, adopted

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
BODY = {"type": "BODY", "text": "Sua fatura vence."}
LISTED = {"header_handle": ["https://scontent.example/v/1"]}


def header(example: Any, form: str = "IMAGE") -> dict[str, Any]:
    return {"type": "HEADER", "format": form, "example": example}


@pytest.mark.parametrize(
    ("ours", "draft", "shown"),
    [
        (header({"file_id": "fi_1"}), None, {"file_id": "fi_1"}),
        (header({"file_id": "fi_1"}), header({"file_id": "fi_1"}), {"file_id": "fi_1"}),
        (header({"file_id": "fi_1"}), header({"file_id": "fi_2"}), LISTED),
        (header({"file_id": "fi_1"}, "VIDEO"), None, LISTED),
        (header({"header_handle": ["4::aW"]}), None, LISTED),
        ({"type": "HEADER", "format": "TEXT", "text": "Oi"}, header({"file_id": "fi_2"}), {"file_id": "fi_2"}),
    ],
)
def test_an_example_of_ours_stays(ours: Any, draft: Any, shown: Any) -> None:
    """Unless nobody knows which of two files it is."""
    template = MessageTemplate("tm_1", "ch_1", "fatura", "pt_BR", "UTILITY", (ours, BODY), NOW, NOW, provider_id="9")
    if draft is not None:
        template = replace(template, submission="unknown", draft={"category": "UTILITY", "components": [draft, BODY]})
    found = Found("9", "fatura", "pt_BR", "UTILITY", "APPROVED", "APPROVED", (header(LISTED), BODY))
    after = adopted(template, found, NOW, NOW)
    assert after is not None
    assert after.components == (header(shown), BODY)
