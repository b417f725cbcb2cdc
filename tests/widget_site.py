"""A company with an online chat on its site, and the pages that visitors have open there: in one process, by the widget
function's own handler."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from recado.bootstrap import Container
from recado.domain.channels import Channel
from recado.services.accounts import NewAccount
from tests.handlers.stack import Stack

SHOP = "https://loja.example"
SECRET = "a-secret-of-the-site-0123"


class Heard(NamedTuple):
    """An answer of the doors."""

    status: int
    headers: dict[str, str]
    json: Any

    @property
    def code(self) -> str:
        return str(self.json["code"])


class Site:
    """A company, its channel and the door."""

    def __init__(self, stack: Stack, settings: Mapping[str, Any] | None = None, **secrets: str) -> None:
        self.stack = stack
        product: Container = stack.container
        name = product.ids.secret()[-4:]
        wanted = NewAccount(
            company="Loja", name="Diana", email=f"diana{name}@loja.example", password="diana-recado-demo",
            plan="team", seats=5, trial=False, department="Atendimento",
        )  # fmt: skip
        self.signed = product.account_service.create(wanted)
        self.a = self.signed.account.id.removeprefix("ac_")
        self.channel: Channel = product.channel_service.create(
            self.a, "online_chat", "Site", self.signed.department.id, {"allowed_origins": [SHOP], **(settings or {})},
            secrets,
        )  # fmt: skip

    @property
    def key(self) -> str:
        return str(self.channel.settings["site_key"])

    def call(
        self, method: str, path: str, body: Any = None, token: str | None = None, origin: str | None = SHOP,
        query: Mapping[str, str] | None = None, raw: bytes | None = None, headers: Mapping[str, str] | None = None,
    ) -> Heard:  # fmt: skip
        """A request as API Gateway hands it over."""
        sent = {"content-type": "application/json", **(headers or {})}
        if origin is not None:
            sent["Origin"] = origin
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        text = raw.decode("utf-8", "surrogateescape") if raw is not None else None if body is None else json.dumps(body)
        http = {"method": method, "path": path, "sourceIp": "203.0.113.9"}
        event = {
            "rawPath": path, "headers": sent, "queryStringParameters": dict(query or {}) or None,
            "requestContext": {"http": http, "requestId": "r-1"}, "body": text, "isBase64Encoded": False,
        }  # fmt: skip
        answer = self.stack.invoke("widget", event)
        body_text = answer["body"]
        return Heard(answer["statusCode"], answer["headers"], json.loads(body_text) if body_text else None)

    def open(self, **body: Any) -> Heard:
        return self.call("POST", "/widget/sessions", {"site_key": self.key, **body})

    def page(self, **body: Any) -> Page:
        opened = self.open(**body)
        assert opened.status == 201, opened
        return Page(self, opened.json["token"], opened.json["visitor_id"])


class Page(NamedTuple):
    """A page with a session."""

    site: Site
    token: str
    visitor_id: str

    def say(self, client_id: str, text: str = "Olá!", **more: Any) -> Heard:
        body = {"client_id": client_id, "kind": "text", "text": text, **more}
        return self.site.call("POST", "/widget/messages", body, self.token)

    def read(self, after: str = "", **query: Any) -> Heard:
        given = {name: str(value) for name, value in {"after": after, **query}.items()}
        return self.site.call("GET", "/widget/messages", None, self.token, query=given)
