"""`make demo` tells every step of a product that works, and fails with the reason when one does not come."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from infra.local import demo, demo_client, local_clock
from tests.local.conftest import Serve
from tests.local.small_recado import AGENTS, SmallRecado

Play = Callable[..., tuple[int, str]]


@pytest.fixture
def play(
    serve: Serve,
    simulator: str,
    local_dir: Path,
    write_demo: Callable[[dict[str, Any]], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Play:
    """Run the demo against a product; answers exit code and output."""

    monkeypatch.setattr(demo, "LATE_WATCH_S", 0.3)

    def run(product: SmallRecado, **changed: Any) -> tuple[int, str]:
        product.providers_url = simulator
        write_demo({**product.demo(serve(product.app())), **changed})
        monkeypatch.setattr(sys, "argv", ["demo", "--demo", str(local_dir / "demo.json")])
        return demo.main(), capsys.readouterr().out

    return run


def test_every_step_is_told_in_order(play: Play) -> None:
    product = SmallRecado()
    code, told = play(product)
    assert code == 0, told
    titles = [
        "Agents at work",
        "Webhook accepted",
        "Contact made",
        "Chat opened",
        "Given to an agent",
        "Agent answers",
        "Provider got it",
        "Status sent",
        "Status delivered",
        "Status read",
        "Late sent",
        "What to try next",
    ]
    places = [told.index(title) for title in titles]
    assert places == sorted(places)
    for line in ("Bruno, turn 2", "Ana: at cap (load 2, cap 2)", "Bruno: chosen (load 0, no cap)", "sent → delivered"):
        assert line in told
    assert "\x1b" not in told
    assert product.refused == 0


def test_the_agents_are_left_as_they_were_found(play: Play) -> None:
    for product in (SmallRecado(), SmallRecado("regress")):
        play(product)
        assert product.presence == dict.fromkeys(AGENTS, "unavailable")
        assert product.sessions == set()


def test_a_step_that_does_not_come_is_named(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_client, "STEP_TIMEOUT_S", 0.5)
    code, told = play(SmallRecado("assign"))
    assert code == 1
    assert "an agent for the chat did not come within 0.5 s: somebody could be given it" in told


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ({"enabled": False}, "distribution is off"),
        ({"open": False, "opens_at": "2026-03-02T12:00:00.000Z"}, "is closed, until 2026-03-02T12:00:00.000Z"),
        ({"open": False}, "is closed, until its settings change"),
        (
            {
                "next_agent_id": None,
                "members": [{"name": "Ana", "outcome": "at_cap"}, {"name": "Bia", "outcome": "paused"}],
            },
            "nobody can be given it (Ana at cap, Bia paused)",
        ),
        ({"next_agent_id": None}, "the department has no members"),
    ],
)
def test_when_nobody_gets_the_chat_it_is_told_why(
    play: Play, monkeypatch: pytest.MonkeyPatch, turns: dict[str, Any], reason: str
) -> None:
    monkeypatch.setattr(demo_client, "STEP_TIMEOUT_S", 0.2)
    product = SmallRecado("assign")
    product.turns = turns
    code, told = play(product)
    assert (code, reason in told) == (1, True), told


def test_a_chat_that_a_flow_leads_is_told(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_client, "STEP_TIMEOUT_S", 0.2)
    code, told = play(SmallRecado("flow"))
    assert (code, "a flow leads it, the channel's `entry_flow_id`" in told) == (1, True), told


def test_a_status_that_goes_back_is_a_failure(play: Play) -> None:
    code, told = play(SmallRecado("regress"))
    assert code == 1
    assert "moved the message from read back to sent" in told


def test_a_refused_reply_is_a_failure_with_its_error(play: Play) -> None:
    code, told = play(SmallRecado("refused"))
    assert code == 1
    assert "131047: Too late\n" in told


def test_a_strangers_page_on_the_port_is_cut_to_a_line(play: Play, serve: Serve) -> None:
    async def page(request: web.Request) -> web.Response:
        return web.Response(status=404, text="<html>\n" + "<p>welcome</p>\n" * 50 + "</html>", content_type="text/html")

    stranger = web.Application()
    stranger.router.add_route("*", "/{path:.*}", page)
    code, told = play(SmallRecado(), base_url=serve(stranger))
    assert code == 1
    said = told.strip().split("instead of 201: ")[1]
    assert said.startswith("<html> <p>welcome</p> <p>") and said.endswith("…")
    assert len(said) == 120


def test_a_stack_that_is_gone_says_how_to_start_it(play: Play) -> None:
    code, told = play(SmallRecado(), base_url="http://127.0.0.1:9")
    assert code == 1
    assert "make run" in told


def test_without_demo_json_the_script_says_how_to_start_it(tmp_path: Path) -> None:
    missing = tmp_path / "demo.json"
    done = subprocess.run(
        [sys.executable, demo.__file__, "--demo", str(missing)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1
    assert "make run" in done.stdout
    assert done.stderr == ""


def test_a_demo_json_without_a_whatsapp_channel_is_a_failure(play: Play) -> None:
    code, told = play(SmallRecado(), channels={})
    assert (code, "no whatsapp channel" in told) == (1, True)


def test_the_customer_writes_by_the_local_worlds_clock(play: Play, local_dir: Path) -> None:
    local_clock.write_offset_s(local_dir, 90_000)
    product = SmallRecado()
    assert play(product)[0] == 0
    assert abs(product.written_at - time.time() - 90_000) < 60
