"""Item sizes, computed by hand from the documented rules."""

from __future__ import annotations

from typing import Any

import pytest

from tests.item_sizes import item_size, value_size


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "abc"}, 3),
        ({"S": "é"}, 2),  # UTF-8
        ({"S": ""}, 0),
        ({"N": "0"}, 1),
        ({"N": "7"}, 2),  # 1 + one pair begun
        ({"N": "12"}, 2),
        ({"N": "123"}, 3),
        ({"N": "1200"}, 2),  # zeros at the end are trimmed
        ({"N": "0.0012"}, 2),  # and at the beginning
        ({"N": "-12"}, 3),
        ({"N": "1.2E+3"}, 2),
        ({"B": b"\x00\x01"}, 2),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}, {"N": "7"}]}, 3 + (1 + 2) + (1 + 2)),
        ({"M": {}}, 3),
        ({"M": {"ab": {"S": "c"}}}, 3 + 1 + 2 + 1),
        ({"M": {"a": {"L": [{"BOOL": False}]}}}, 3 + 1 + 1 + (3 + 1 + 1)),
        ({"SS": ["ab", "c"]}, 3),
        ({"NS": ["12", "7"]}, 4),
    ],
)
def test_a_value(value: dict[str, Any], size: int) -> None:
    assert value_size(value) == size


def test_an_item_is_its_names_and_values() -> None:
    assert item_size({"pk": {"S": "a"}, "número": {"N": "1"}}) == (2 + 1) + (7 + 2)
