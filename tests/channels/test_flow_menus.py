"""Questions of flows with options on each channel: their buttons pass its limits, and what comes back when one is
pressed names the question (PRODUCT F1)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recado.channels.registry import adapter, types
from recado.domain.flow_answers import Pressed, option_id, pressed
from recado.domain.flow_definitions import MAX_OPTIONS
from recado.domain.flow_executions import Execution
from recado.domain.flow_progress import MAX_STEPS, question_of, ways_to_ask
from recado.domain.ids import make_id
from tests.channels.kit import NOW, Bench, recipient
from tests.channels.kit import outbound as message_of

ONE = Execution(make_id("fx", "accounta", NOW, "f" * 16), "ca_1", "ct_1", "fl_1", 1, "a", NOW, "entry", place=MAX_STEPS)
"""Its ids are as long as they come."""
TO: dict[str, dict[str, Any]] = {
    "whatsapp": {"phone": "+5511987650001", "external_id": "5511987650001"},
    "telegram": {"user_id": "7012345678"},
    "messenger": {"user_id": "7012345678"},
}
PRESSES = {
    ("whatsapp", "buttons"): ("button_reply", "yes"),
    ("whatsapp", "list"): ("list_reply", "slot-2"),
    ("telegram", "buttons"): ("callback_query", "opt_2"),
    ("telegram", "list"): ("callback_query", "opt_2"),
    ("messenger", "buttons"): ("postback", None),
    ("messenger", "list"): ("quick_reply", None),
}
"""A recorded press by channel and way of asking, and the id that is in it."""


def asked(options: int) -> list[dict[str, Any]]:
    """The ways of asking as messages."""
    fields = {"text": "Qual?", "options": [{"label": f"Opção {number}"} for number in range(options)]}
    return [
        {"kind": kind, "text": text, "payload": payload}
        for kind, text, payload in ways_to_ask(fields, question_of(ONE), "Ver opções")
    ]


@pytest.mark.parametrize("options", [1, 3, MAX_OPTIONS])
@pytest.mark.parametrize("channel", types())
def test_a_channel_with_buttons_takes_the_ids(channel: str, options: int) -> None:
    taken = adapter(channel)
    *better, _ = asked(options)
    if "interactive" in taken.kinds:
        assert any(taken.check(message_of(one)) == () for one in better)
    longest = option_id(question_of(ONE), MAX_OPTIONS - 1)
    assert len(longest.encode()) <= 64, "Telegram's limit is the shortest"


@pytest.mark.parametrize(("channel", "way"), PRESSES)
def test_what_is_pressed_names_its_question(channel: str, way: str) -> None:
    bench, (recorded, there) = Bench(channel), PRESSES[channel, way]
    message = next(one for one in asked(3) if one["payload"].get("type") == way)
    [request] = bench.adapter.build_send(
        message_of(message), recipient(TO[channel]), bench.settings, bench.secrets, NOW
    )
    wanted = option_id(question_of(ONE), 1)
    assert json.dumps(wanted) in request.body.decode(), "the provider gets the id as it is"
    payload = json.dumps(bench.payload(recorded))
    there = there or _payload_of(json.loads(payload))
    [(_, parsed)] = bench.receive(payload.replace(json.dumps(there), json.dumps(wanted)).encode())
    [press] = parsed.messages
    assert pressed(press.payload["id"]) == Pressed(question_of(ONE), 1)


def _payload_of(recorded: Any) -> str:
    messaging = recorded["entry"][0]["messaging"][0]
    about = messaging.get("postback") or messaging["message"]["quick_reply"]
    return str(about["payload"])
