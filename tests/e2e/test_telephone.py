"""Telephone calls on the running product: the simulator calls, agents have telephones."""

from __future__ import annotations

import secrets
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest

from infra.local.stack import Stack
from tests.e2e.live import Live, eventually

ANA = "+5511912340001"


class Line:
    """One customer's call."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.number = f"+55119{secrets.choice('6789')}{secrets.randbelow(10**7):07d}"
        self.sid = "CA" + secrets.token_hex(16)

    def _play(self, status: str, **fields: str) -> str:
        asked = {"channel": "telephone", "provider_id": self.sid, "status": status}
        told: Any = self.live.providers.post("/status", {**asked, "fields": {"From": self.number, **fields}})
        assert told["webhook"]["status"] == 200, told
        body: str = told["webhook"]["body"]
        return body

    def asks(self, status: str = "in-progress", **fields: str) -> Element:
        return fromstring(self._play(status, **fields))

    def tells(self, status: str, **fields: str) -> None:
        assert self._play(status, **fields) == "<Response/>"

    def rings_at(self, phone: str) -> Element:
        """Waits, as the caller does, until a telephone rings."""

        def heard() -> Element | None:
            dial = self.asks().find("Dial")
            return dial if dial is not None and dial.findtext("Number") == phone else None

        found = eventually(lambda: [one for one in [heard()] if one is not None])
        return found[0]

    def chat(self) -> dict[str, Any]:
        contact = eventually(lambda: self.live.admin.items("/v1/contacts", q=self.number))[0]
        (chat,) = eventually(lambda: self.live.chats_of(contact["id"]))
        return chat  # type: ignore[no-any-return]

    def messages(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.live.messages(self.chat()["id"]) if one["kind"] == kind]

    def comes_to(self, state: str) -> dict[str, Any]:
        """The call as it is shown, once it is in this state."""
        found = eventually(lambda: [one for one in self.messages("call") if one["payload"]["state"] == state])
        return found[0]  # type: ignore[no-any-return]


@pytest.fixture
def live(stack: Stack) -> Live:
    return Live(stack)


@pytest.fixture
def bills(live: Live) -> str:
    """A second department, to which the menu's 2 leads."""
    department = live.admin.post("/v1/departments", {"name": f"Contas {secrets.token_hex(3)}"}, expect=201)["id"]
    options = [
        {"digit": "1", "label": "pedidos", "department_id": live.demo["department_id"]},
        {"digit": "2", "label": "contas", "department_id": department},
    ]
    channel = live.demo["channels"]["telephone"]["id"]
    menu = {"greeting": "Padaria Sol.", "options": options}
    live.change_channel(channel, menu=menu)
    return str(department)


def test_a_call_by_the_menu_to_an_agent_and_two_that_nobody_takes(live: Live, bills: str) -> None:
    ana = live.demo["agents"][0]
    live.admin.call("PATCH", f"/v1/users/{ana['id']}", {"phone": ANA})
    live.admin.put(f"/v1/departments/{bills}/members/{ana['id']}", {"agent": True})
    with live.agents_at_work():
        line = Line(live)
        assert line.asks("ringing").find("Gather") is not None
        assert line.asks(Digits="2").find("Redirect") is not None
        line.rings_at(ANA)
        chat = line.chat()
        assert (chat["department_id"], chat["agent_id"], chat["started_at"]) == (bills, ana["id"], None)
        line.tells(
            "in-progress", CallSid="CA" + secrets.token_hex(16), ParentCallSid=line.sid, Direction="outbound-dial"
        )
        assert line.comes_to("in_progress")["payload"]["answered_by"] == ana["id"]
        assert line.chat()["started_at"] is not None
        assert line.asks(DialCallStatus="completed", DialCallDuration="42").find("Hangup") is not None
        line.tells("completed", CallDuration="63")
        told = eventually(lambda: [one for one in line.messages("call") if one["payload"].get("duration_s") == 63])[0]
        assert (told["payload"]["state"], told["payload"]["talk_s"]) == ("completed", 42)

    missed = Line(live)
    missed.asks("ringing")
    missed.tells("completed")
    assert missed.comes_to("missed")["direction"] == "inbound"
    assert missed.chat()["situation"] == "queued"

    voicemail = Line(live)
    voicemail.asks("ringing")
    assert voicemail.asks(Digits="2").find("Record") is not None
    recording = "RE" + secrets.token_hex(16)
    url = f"{live.stack.providers_url}/twilio/2010-04-01/Accounts/AC{'0' * 32}/Recordings/{recording}"
    ready = {"RecordingSid": recording, "RecordingUrl": url, "RecordingStatus": "completed", "From": ""}
    voicemail.tells("in-progress", **ready)
    (audio,) = eventually(lambda: [one for one in voicemail.messages("audio") if one["file"]["state"] != "pending"])
    assert (audio["file"]["state"], audio["file"]["content_type"]) == ("accepted", "audio/mpeg")
    assert voicemail.comes_to("voicemail")
    live.close_all()
