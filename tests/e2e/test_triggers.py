"""Triggers over the running stack: told to a page with their image; a click starts a flow, which asks a customer's own
system by its HTTP step and answers with what that said."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from infra.local.stack import Stack
from tests.e2e.live import Live, eventually
from tests.e2e.test_online_chat import Visitor
from tests.file_samples import png


@pytest.fixture
def live(stack: Stack) -> Live:
    return Live(stack)


@pytest.fixture
def asked(live: Live) -> Iterator[list[Any]]:
    """What a customer's own system was asked, where the local stack lets the guard pass."""
    requests: list[Any] = []

    class TheirSystem(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            requests.append((self.path, self.headers["authorization"], body))
            answer = b'{"points": 12}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *given: Any) -> None:
            """Nothing to the terminal."""

    host, _, port = live.demo["allowed_origin"].removeprefix("http://").partition(":")
    server = ThreadingHTTPServer((host, int(port)), TheirSystem)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield requests
    server.shutdown()
    server.server_close()


def image(live: Live) -> str:
    """An accepted picture for triggers; its id."""
    content = png(500)
    told = {"feature": "trigger", "name": "oferta.png", "content_type": "image/png", "size": len(content)}
    made = live.admin.post("/v1/files", told, expect=201)
    upload = made["upload"]
    assert httpx.post(upload["url"], data=upload["fields"], files={"file": content}).status_code in (200, 204)
    eventually(lambda: live.admin.get(f"/v1/files/{made['file_id']}")["state"] == "accepted")
    return str(made["file_id"])


def published(live: Live, steps: Any) -> str:
    project = live.admin.post("/v1/projects", {"name": "Pontos"}, expect=201)
    body = {"project_id": project["id"], "name": "Pontos", "start": "ask", "steps": steps}
    flow = live.admin.post("/v1/flows", body, expect=201)
    live.admin.post(f"/v1/flows/{flow['id']}/publish", {})
    return str(flow["id"])


def test_a_trigger_its_flow_and_a_customers_own_system(live: Live, asked: list[Any]) -> None:
    name, key = f"key_{secrets.token_hex(4)}", f"sk_{secrets.token_hex(8)}"
    live.admin.put(f"/v1/flow-secrets/{name}", {"value": key})
    steps = {
        "ask": {"type": "ask", "text": "CPF?", "validate": "cpf", "save_as": "cpf", "next": "look"},
        "look": {
            "type": "http", "method": "POST", "url": live.demo["allowed_origin"] + "/points?cpf={{cpf}}",
            "headers": {"Authorization": "Bearer {{secret." + name + "}}"}, "body": '{"cpf": "{{cpf}}"}',
            "save_as": "found", "next": "tell",
        },
        "tell": {"type": "send_text", "text": "Seus pontos: {{found.points}}", "next": "end"},
        "end": {"type": "close"},
    }  # fmt: skip
    trigger = {
        "name": "Pontos", "channel_id": live.demo["channels"]["online_chat"]["id"], "type": "popup",
        "appearance": {"title": "Seus pontos", "button": "Ver"}, "file_id": image(live),
        "action": {"type": "start_flow", "text": "Quero ver meus pontos", "flow_id": published(live, steps)},
    }  # fmt: skip
    made = live.admin.post("/v1/triggers", trigger, expect=201)
    try:
        visitor = Visitor(live)

        def told() -> Any:
            items = visitor.client.get("/widget/triggers").json()["items"]
            return next((one for one in items if one["id"] == made["id"]), None)

        shown = eventually(told)
        assert httpx.get(shown["image_url"]).content == png(500)
        said = visitor.says("c-1", text=shown["action"]["text"], trigger_id=shown["id"])
        eventually(lambda: [one["text"] for one in visitor.reads(after="1")] == ["CPF?"])
        visitor.says("c-2", text="529.982.247-25")
        eventually(lambda: visitor.reads()[-1]["text"] == "Seus pontos: 12")
        assert asked == [("/points?cpf=52998224725", f"Bearer {key}", {"cpf": "52998224725"})]
        eventually(lambda: live.chat(said["chat_id"])["situation"] == "closed")
        path = f"/v1/flows/{trigger['action']['flow_id']}/executions"
        [execution] = eventually(lambda: live.admin.items(path, state="finished"))
        traced = live.admin.get(f"{path}/{execution['id']}")
        assert [one["step"] for one in traced["trace"]] == ["ask", "ask", "look", "tell", "end"]
        assert key not in json.dumps(traced)
    finally:
        live.admin.call("DELETE", f"/v1/triggers/{made['id']}", expect=204)
        live.admin.call("DELETE", f"/v1/flow-secrets/{name}", expect=204)
