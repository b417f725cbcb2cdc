"""What flows say, ask and are answered is in no log (as tests/handlers/test_log_canaries.py)."""

from __future__ import annotations

from typing import Any

import pytest

from recado.domain.access import Caller
from recado.ports.flow_http import FlowRequestFailed, FlowResponse
from tests.flow_world import Requests
from tests.handlers.test_log_canaries import Conversation, Watch, _quoting
from tests.handlers.test_log_canaries import conversation as conversation
from tests.handlers.test_log_canaries import watch as watch

STEPS: dict[str, Any] = {
    "a": {"type": "ask", "text": "canary?", "save_as": "canary", "next": "b"},
    "b": {
        "type": "http", "method": "POST", "url": "https://canary.example/canary/{{canary}}", "body": "canary",
        "headers": {"authorization": "canary"}, "save_as": "answer", "next": "c", "on_error": "c",
    },
    "c": {"type": "send_text", "text": "canary {{answer}}", "next": "d"},
    "d": {"type": "queue"},
}  # fmt: skip


@pytest.mark.parametrize("broken", ["", "refused", "raises"])
def test_what_flows_say_and_ask_is_in_no_log(
    conversation: Conversation, watch: Watch, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    services, requests = conversation.stack.container, Requests()
    services.__dict__["flow_requests"] = requests
    requests.answers = [FlowRequestFailed("no_answer") if broken == "refused" else FlowResponse(200, "canary")]
    if broken == "raises":
        monkeypatch.setattr("recado.services.flow_steps.FlowSteps._http", _quoting)
        monkeypatch.setattr("time.sleep", lambda _: None)
    project = services.project_service.create(conversation.a, "canary")
    flow = services.flow_service.create(conversation.a, project.id, "canary", "a", STEPS)
    services.flow_service.publish(Caller(conversation.a, "admin", user_id=conversation.admin), flow.id)
    settings = {"phone_number_id": "100000000000001", "entry_flow_id": flow.id}
    services.channel_service.change(conversation.a, conversation.channel.id, {"settings": settings})
    for words in ("canary", "canary canary"):
        assert conversation.says(words) == 200
        for function in ("inbound", "outbound", "flow_requests", "outbound"):
            conversation.work(function)
    assert {"flow_driven"} | ({"command_failed", "flow_given_up"} if broken == "raises" else set()) <= watch.events
    assert watch.told() == []
