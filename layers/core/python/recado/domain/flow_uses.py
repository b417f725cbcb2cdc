"""What the steps of a flow name. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recado.domain.flow_secrets import texts_of
from recado.domain.flow_variables import names_in


def named_in(steps: Mapping[str, Any]) -> set[str]:
    """All ids that steps name, of departments, files, flows and whatever else, also in filters; and as `custom.<slug>`
    the fields of contacts that they ask, set or write. There are other texts among them: ids are like none."""
    texts = [text for _, text in texts_of(steps)]
    parts = [name.split(".") for text in texts for name in names_in(text)]
    fields = {f"custom.{one[2]}" for one in parts if len(one) > 2 and one[:2] in _OF_CONTACTS}
    return set(texts) | fields


_OF_CONTACTS = (["contact", "custom"], ["contact", "custom_fields"])
