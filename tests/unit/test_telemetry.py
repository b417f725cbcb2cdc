"""Log lines: one correlation id, allowed fields in the form of ids, errors without their text."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from recado import telemetry
from recado.domain.ids import make_id

CANARY = "canary 7f3a, said the customer"


@pytest.fixture
def lines() -> Iterator[list[dict[str, object]]]:
    """The lines as Powertools' own formatter makes them."""
    logger = telemetry._logger()
    formatter = logger.registered_formatter
    written: list[dict[str, object]] = []

    class Memory(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(json.loads(formatter.format(record)))

    memory = Memory()
    logging.getLogger(logger.name).addHandler(memory)
    yield written
    logging.getLogger(logger.name).removeHandler(memory)


def test_a_line_has_its_event_ids_and_correlation(lines: list[dict[str, object]]) -> None:
    with telemetry.correlated("req-1"):
        telemetry.info("message_stored", account="acct0001", message_id="ms_acct0001_" + "0" * 27, count=3)
    [line] = lines
    assert (line["message"], line["level"], line["correlation_id"]) == ("message_stored", "INFO", "req-1")
    assert (line["account"], line["count"]) == ("acct0001", 3)


def test_text_in_a_field_is_removed(lines: list[dict[str, object]]) -> None:
    telemetry.info("message_stored", code=CANARY, message_id="x" * 129, account="a b")
    assert CANARY not in json.dumps(lines)
    assert [lines[0][name] for name in ("code", "message_id", "account")] == ["(removed)"] * 3


def test_a_field_that_is_not_allowed_is_named_but_not_logged(lines: list[dict[str, object]]) -> None:
    telemetry.info("message_stored", text=CANARY, message="canary", count=1)  # type: ignore[call-arg]
    assert "canary" not in json.dumps(lines)
    assert lines[0]["not_logged"] == ["message", "text"]


def test_a_failure_tells_class_and_place_but_no_text(lines: list[dict[str, object]]) -> None:
    try:
        try:
            raise ValueError(CANARY)
        except ValueError as cause:
            raise KeyError(CANARY) from cause
    except KeyError as error:
        telemetry.failure("command_failed", error, command_id="m-1")
    assert CANARY not in json.dumps(lines)
    assert (lines[0]["error"], lines[0]["level"], lines[0]["where"]) == ("builtins.KeyError", "ERROR", [])


def test_places_are_those_of_the_package() -> None:
    with pytest.raises(AttributeError) as caught:
        make_id("ms", "acct0001", None, "")  # type: ignore[arg-type]
    [place] = telemetry.places(caught.value)
    assert place.startswith("domain/ids.py:")


@pytest.mark.parametrize("foreign", [None, 7, "", "with space", "x" * 129, "line\nbreak"])
def test_what_is_no_id_is_replaced_by_a_fresh_one(foreign: object) -> None:
    with telemetry.correlated(foreign) as first, telemetry.correlated(foreign) as second:
        assert first != second != foreign
        assert telemetry.correlation_id() == second
    assert telemetry.correlation_id() is None
