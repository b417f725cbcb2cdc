"""Sizes of DynamoDB items by the documented rules ("DynamoDB item sizes and formats"), in bytes. Items are in wire
form: {name: {type: value}}."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Item = Mapping[str, Mapping[str, Any]]
_COLLECTION = 3
_ELEMENT = 1


def item_size(item: Item) -> int:
    """Names and values of all attributes."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: Mapping[str, Any]) -> int:
    """One value. A list or map costs 3 bytes and 1 for each element; null and booleans cost 1."""
    [(kind, content)] = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return _number_size(content)
    if kind == "B":
        return len(content)
    if kind in {"NULL", "BOOL"}:
        return 1
    if kind == "L":
        return _COLLECTION + sum(_ELEMENT + value_size(element) for element in content)
    if kind == "M":
        return _COLLECTION + sum(
            _ELEMENT + len(name.encode()) + value_size(element) for name, element in content.items()
        )
    element_kind = kind.removesuffix("S")
    return sum(value_size({element_kind: element}) for element in content)


def _number_size(text: str) -> int:
    """1 byte, 1 for every two significant digits begun (zeros at both ends are trimmed), 1 for a minus."""
    number = Decimal(text)
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    return 1 + (len(digits) + 1) // 2 + (1 if number < 0 else 0)
