"""The clock door writes the file that the whole local world reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from infra.local import local_clock
from infra.local.front import Settings, build_app
from tests.local.conftest import Serve


@pytest.fixture
def clock_door(serve: Serve, local_dir: Path) -> str:
    nobody = "http://127.0.0.1:9"
    return serve(build_app(Settings(nobody, nobody, nobody, "tick", local_dir))) + "/_local/clock"


def test_the_offset_is_written_and_answered(clock_door: str, web_client: httpx.Client, local_dir: Path) -> None:
    assert web_client.get(clock_door).json()["offset_s"] == 0
    answer = web_client.put(clock_door, json={"offset_s": -86_400.5})
    assert answer.status_code == 200
    shifted = datetime.fromisoformat(answer.json()["now"])
    assert abs(shifted - datetime.now(UTC) + timedelta(seconds=86_400.5)) < timedelta(seconds=5)
    assert json.loads((local_dir / "clock.json").read_text()) == {"offset_s": -86_400.5}
    assert [path.name for path in local_dir.iterdir()] == ["clock.json"]
    assert web_client.get(clock_door).json()["offset_s"] == -86_400.5


@pytest.mark.parametrize("body", ['{"offset_s": "1"}', '{"offset_s": true}', '{"offset_s": NaN}', '{"offset_s": 1e12}'])
def test_what_is_no_offset_changes_nothing(
    clock_door: str, web_client: httpx.Client, local_dir: Path, body: str
) -> None:
    local_clock.write_offset_s(local_dir, 60)
    answer = web_client.put(clock_door, content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_offset")
    assert local_clock.read_offset_s(local_dir) == 60


@pytest.mark.parametrize("body", ["", "[]", "{}", "\xff", '"offset_s"'])
def test_a_broken_body_is_a_400_problem(clock_door: str, web_client: httpx.Client, body: str) -> None:
    answer = web_client.put(clock_door, content=body.encode("latin-1"))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_body")


def test_other_methods_do_not_open_the_door(clock_door: str, web_client: httpx.Client) -> None:
    assert web_client.post(clock_door, json={"offset_s": 1}).status_code in (404, 405)
