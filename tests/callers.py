"""A company with a telephone number on the deployed product in one process, agents with telephones, and callers who
follow what they are told to hear, as the provider would."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, fromstring

from recado.domain.access import Caller as Who
from recado.domain.channels import Channel
from recado.domain.chats import Chat, Message, ThreadKey
from recado.services.accounts import NewAccount
from recado.storage import keys
from recado.storage.chat_records import ChatEventRecord, ChatRecord, MessageRecord
from tests.channels.telephone import signing
from tests.handlers.stack import Stack

BASE_URL = "https://recado.example"
NUMBER, CUSTOMER = "+551140000000", "+5511987650001"
TOKEN = "0123456789abcdef0123456789abcdef"
ACCOUNT_SID = "AC" + "0" * 32


class Company:
    """Two departments; a number whose menu leads to the second by 2."""

    def __init__(self, stack: Stack, clock: Any, ids: Any, **settings: Any) -> None:
        self.stack, self.clock, self.services = stack, clock, stack.container
        new = NewAccount("Company", "Ada", "ada@one.example", "a long password", "team", trial=False)
        made = self.services.account_service.create(new)
        self.a = made.account.id.removeprefix("ac_")
        self.admin = Who(self.a, "admin", user_id=made.admin.id)
        self.sales = made.department.id
        self.bills = self.services.department_service.create(self.a, "Contas", "department", {}).department.id
        options = [
            {"digit": "1", "label": "pedidos", "department_id": self.sales},
            {"digit": "2", "label": "contas", "department_id": self.bills},
        ]
        given = {"menu": {"greeting": "Padaria Sol.", "options": options}, **settings}
        self.channel: Channel = self.services.channel_service.create(
            self.a,
            "telephone",
            "Telefone",
            self.sales,
            {"number": NUMBER, **{name: value for name, value in given.items() if value is not None}},
            {"auth_token": TOKEN},
        )

    @property
    def url(self) -> str:
        return f"{BASE_URL}/voice/{self.channel.id}"

    def agent(self, name: str, department_id: str, phone: str | None, position: int = 1) -> str:
        """A connected, available agent of a department."""
        user = self.services.user_service.create(
            self.a, name, f"{name.lower()}@one.example", "agent", None, "a long password", phone
        ).user
        self.services.department_service.put_member(self.a, department_id, user.id, {"position": position})
        self.services.presence.renew(self.a, user.id)
        self.services.presence.set_presence(self.a, user.id, "available")
        return str(user.id)

    def post(self, form: dict[str, str], signature: str | None = None, channel_id: str | None = None) -> dict[str, Any]:
        """A signed request of the provider."""
        raw = urlencode(form).encode()
        where = f"{BASE_URL}/voice/{channel_id or self.channel.id}"
        headers = signing.sign(raw, {"auth_token": (TOKEN,)}, self.clock.now(), 0, where)
        if signature is not None:
            headers = {signing.SIGNATURE_HEADER: signature}
        event = {
            "pathParameters": {"channel_id": channel_id or self.channel.id},
            "requestContext": {"requestId": "request-1", "http": {"method": "POST"}},
            "headers": headers,
            "body": raw.decode(),
        }
        answer: dict[str, Any] = self.stack.invoke("voice", event)
        return answer

    def settle(self) -> None:
        """Work off what waits in the queues."""
        for _ in range(3):
            assert self.stack.work("inbound", "inbound") == []
            assert self.stack.work("distribution", "distribution") == []

    def chats(self) -> list[Chat]:
        return [one.chat() for one in ChatRecord.scan(ChatRecord.sk == "CHAT")]

    def chat(self) -> Chat:
        (chat,) = self.chats()
        return chat

    def messages(self, customer: str = CUSTOMER) -> list[Message]:
        pk = keys.thread_pk(self.a, ThreadKey(self.channel.id, customer))
        return [one.message() for one in MessageRecord.query(pk, MessageRecord.sk.startswith("MSG#"))]

    def facts(self, chat_id: str) -> list[str]:
        pk = keys.chat_pk(self.a, chat_id)
        return [one.type for one in ChatEventRecord.query(pk, ChatEventRecord.sk.startswith("EVT#"))]


@dataclass
class Telephone:
    """One call. `ask` gives what the caller hears, `tell` is a request whose answer nobody waits for."""

    company: Company
    number: str = CUSTOMER
    sid: str = field(default_factory=lambda: "CA" + secrets.token_hex(16))

    def _form(self, **fields: str) -> dict[str, str]:
        base = {
            "AccountSid": ACCOUNT_SID,
            "CallSid": self.sid,
            "CallStatus": "in-progress",
            "Direction": "inbound",
            "From": self.number,
            "To": NUMBER,
        }
        return {name: value for name, value in {**base, **fields}.items() if value}

    def ask(self, **fields: str) -> Element:
        answer = self.company.post(self._form(**fields))
        assert (answer["statusCode"], answer["headers"]["content-type"]) == (200, "text/xml")
        heard = fromstring(answer["body"])
        assert heard.tag == "Response"
        for element in heard.iter():
            for name in ("action", "statusCallback", "recordingStatusCallback"):
                assert element.get(name, self.company.url) == self.company.url
        return heard

    def tell(self, **fields: str) -> None:
        answer = self.company.post(self._form(**fields))
        assert (answer["statusCode"], answer["body"]) == (200, "<Response/>")

    def rings(self) -> Element:
        return self.ask(CallStatus="ringing")

    def agent_answers(self) -> None:
        self.tell(CallSid="CA" + "f" * 32, ParentCallSid=self.sid, Direction="outbound-dial", From=NUMBER, To="")

    def dialled(self, status: str, seconds: str = "", **fields: str) -> Element:
        return self.ask(DialCallStatus=status, DialCallDuration=seconds, **fields)

    def ends(self, status: str = "completed", seconds: str = "63") -> None:
        self.tell(CallStatus=status, CallDuration=seconds, CallbackSource="call-progress-events", SequenceNumber="0")

    def recorded(self, sid: str, source: str = "RecordVerb", status: str = "completed") -> None:
        url = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings/{sid}"
        given = {"RecordingSid": sid, "RecordingUrl": url, "RecordingStatus": status, "RecordingSource": source}
        self.tell(CallStatus="", From="", To="", Direction="", RecordingDuration="17", **given)


def verbs(heard: Element) -> list[str]:
    """The names of what a caller is told."""
    return [one.tag for one in heard]


def said(heard: Element) -> str:
    """All that a caller hears."""
    return " ".join(one.text or "" for one in heard.iter("Say"))
