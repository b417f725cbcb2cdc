"""The online chat over the running stack: a visitor writes, the chat goes to the agent in turn, the answer is read, a
file goes up."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import httpx
import pytest

from infra.local.stack import Stack
from tests.e2e.live import Live, eventually
from tests.file_samples import png


class Visitor:
    """A page of the demo company's site."""

    def __init__(self, live: Live, visitor_id: str | None = None) -> None:
        self.live = live
        site_key = live.demo["channels"]["online_chat"]["site_key"]
        self.client = httpx.Client(base_url=live.stack.base_url, headers={"Origin": live.stack.base_url}, timeout=30)
        body = {"site_key": site_key, **({"visitor_id": visitor_id} if visitor_id else {})}
        opened = self.client.post("/widget/sessions", json=body)
        assert opened.status_code == 201, opened.text
        assert opened.headers["access-control-allow-origin"] == live.stack.base_url
        self.visitor_id, self.socket_url = opened.json()["visitor_id"], opened.json()["socket_url"]
        self.client.headers["Authorization"] = f"Bearer {opened.json()['token']}"

    def says(self, client_id: str, expect: int = 201, **message: Any) -> Any:
        answer = self.client.post("/widget/messages", json={"client_id": client_id, **message})
        assert answer.status_code == expect, answer.text
        return answer.json()

    def reads(self, **query: Any) -> list[Any]:
        answer = self.client.get("/widget/messages", params=query)
        assert answer.status_code == 200, answer.text
        items: list[Any] = answer.json()["items"]
        return items


@pytest.fixture
def live(stack: Stack) -> Live:
    return Live(stack)


def test_a_visitor_and_an_agent_talk(live: Live) -> None:
    with live.agents_at_work() as agents:
        visitor = Visitor(live)
        said = visitor.says("c-1", kind="text", text="Vocês entregam? 💙")
        assert visitor.says("c-1", 200, kind="text", text="Vocês entregam? 💙") == said
        assert visitor.says("c-1", 409, kind="text", text="Outra")["code"] == "client_id_reused"
        owner = eventually(lambda: name if (name := live.owner(said["chat_id"])) != "-" else None)
        path = f"/v1/chats/{said['chat_id']}/messages"
        sent = agents[owner].post(path, {"text": "Sim, hoje!"}, expect=201)
        [answer] = eventually(lambda: visitor.reads(after="1"))
        assert (answer["id"], answer["text"], answer["author"]["name"]) == (sent["id"], "Sim, hoje!", owner)
        assert [one["status"] for one in live.messages(said["chat_id"])] == ["received", "delivered"]
        visitor.reads(after="2", read_until="2")
        assert live.messages(said["chat_id"])[1]["status"] == "read"
        assert [one["seq"] for one in Visitor(live, visitor.visitor_id).reads()] == [1, 2]
        assert Visitor(live).reads() == []


def test_a_page_is_told_to_look(live: Live) -> None:
    """The page's socket, through all of it: handshake, hint, the ticket that is good once."""

    async def listen(agents: Any) -> None:
        visitor = Visitor(live)
        said = visitor.says("c-1", kind="text", text="Bom dia")
        owner = eventually(lambda: name if (name := live.owner(said["chat_id"])) != "-" else None)
        origin = {"Origin": live.stack.base_url}
        async with aiohttp.ClientSession(headers=origin) as session:
            async with session.ws_connect(visitor.socket_url) as socket:
                await socket.send_str("ping")
                agents[owner].post(f"/v1/chats/{said['chat_id']}/messages", {"text": "Bom dia!"}, expect=201)
                assert await socket.receive_json(timeout=20) == {"type": "new", "seq": 2}
                assert [one["text"] for one in visitor.reads(after="1")] == ["Bom dia!"]
            for url, more in ((visitor.socket_url, {}), (Visitor(live).socket_url, {"Origin": "https://evil.example"})):
                with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                    await session.ws_connect(url, headers=more)
                assert refused.value.status == 403

    with live.agents_at_work() as agents:
        asyncio.run(listen(agents))


def test_a_visitors_file_reaches_the_chat(live: Live) -> None:
    visitor, content = Visitor(live), png(20_000)
    wanted = {"name": "foto é.png", "content_type": "image/png", "size": len(content)}
    announced = visitor.client.post("/widget/files", json=wanted)
    assert announced.status_code == 201, announced.text
    file_id, upload = announced.json()["file_id"], announced.json()["upload"]
    assert visitor.says("c-1", 409, file_id=file_id)["code"] == "file_not_ready"
    assert httpx.post(upload["url"], data=upload["fields"], files={"file": ("foto", content)}).status_code in (200, 204)

    def posted() -> Any:
        answer = visitor.client.post("/widget/messages", json={"client_id": "c-1", "file_id": file_id, "text": "Veja"})
        assert answer.status_code == 201 or answer.json()["code"] == "file_not_ready", answer.text
        return answer.json() if answer.status_code == 201 else None

    said = eventually(posted)
    assert (said["kind"], said["text"], said["file"]["id"], said["file"]["state"]) == (
        "image",
        "Veja",
        file_id,
        "accepted",
    )
    [told] = visitor.reads()
    assert httpx.get(told["file"]["url"]).content == content
    [message] = live.messages(said["chat_id"])
    assert json.dumps(message["file"]["name"]) == json.dumps("foto é.png")
    live.close_all()


def test_the_demo_page_is_served(live: Live) -> None:
    page = httpx.get(live.stack.base_url + "/demo/")
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == ("text/html" and 200, "text/html")
    assert httpx.get(live.stack.base_url + "/demo/chat.js").headers["content-type"].startswith("text/javascript")
    assert httpx.get(live.stack.base_url + "/demo/../infra/local/front.py").status_code == 404
