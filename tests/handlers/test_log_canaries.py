"""No secret, message, name or address comes into a log line or into the text of an error that leaves a handler.

One conversation goes through every function, once as it should and once with everything going wrong. Each secret, and
each thing that a person said or is called, has a certain word in it, and none of these words may be seen afterwards.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest

from recado import telemetry
from recado.outside.downloads import OutsideDownloads
from recado.outside.http import OutsideHttp
from recado.ports.core import HttpResponse, NoAnswer
from recado.ports.fetching import Download
from recado.services.accounts import NewAccount
from recado.storage.transaction import Transaction
from tests.handlers.stack import BUCKETS, ROOT, Stack
from tests.reception import change, said, signed, text

NUMBER_ID, MOBILE = "100000000000001", "5511987650042"
SECRET = {"app_secret": "canary-app-secret", "verify_token": "canary-verify", "access_token": "canary-access-token"}
PASSWORD = "canary password of Ada"
ADDRESS = "canary-ada@customer.example"
NAME = "Canary Beatriz"
WORDS = ("canary", "Canary", "CANARY", MOBILE, MOBILE[-8:], "plain:")


class Watch:
    """All that this process writes: log records of every logger with all they carry, and errors that left a handler."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.events: set[str] = set()

    def record(self, record: logging.LogRecord) -> None:
        self.events.add(record.getMessage())
        trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        self.seen.append(f"{record.getMessage()} {record.__dict__!r} {trace}")

    def caught(self, error: BaseException) -> None:
        self.seen.append("".join(traceback.format_exception(error)))

    def told(self) -> list[str]:
        """The words that should not be there, each with where it was seen."""
        return [f"{word}: {line[:300]}" for line in self.seen for word in WORDS if word in line]


class Line(logging.Handler):
    """A handler that passes on to a watch."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(logging.DEBUG)
        self._watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        self._watch.record(record)


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    line = Line(watch)
    telemetry._logger()  # made later, it would mute the root's handlers for its own lines
    logging.getLogger().addHandler(line)
    yield watch
    logging.getLogger().removeHandler(line)


class Conversation:
    """An account with one WhatsApp channel, driven from outside only."""

    def __init__(self, stack: Stack, watch: Watch) -> None:
        self.stack, self.watch = stack, watch
        made = stack.container.account_service.create(
            NewAccount("Company", "Ada", ADDRESS, PASSWORD, "team", trial=False, department="Service")
        )
        self.a, self.admin = made.account.id.removeprefix("ac_"), made.admin.id
        self.channel = stack.container.channel_service.create(
            self.a, "whatsapp", "WhatsApp", None, {"phone_number_id": NUMBER_ID}, SECRET
        )
        self._count = 0
        self.token = ""

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """As Lambda does: what leaves the handler as an error is printed into the log with its text."""
        try:
            return self.stack.invoke(function, event)
        except Exception as error:
            self.watch.caught(error)
            return {}

    def webhook(
        self, raw: bytes, signature: str = "", method: str = "POST", query: dict[str, str] | None = None
    ) -> int:
        headers = {"X-Hub-Signature-256": signature or signed(raw, SECRET["app_secret"])["x-hub-signature-256"]}
        event = {
            "pathParameters": {"channel_id": self.channel.id},
            "requestContext": {"http": {"method": method}, "requestId": "request-1"},
            "headers": headers,
            "queryStringParameters": query,
            "body": raw.decode(),
            "isBase64Encoded": False,
        }
        return int(self.invoke("ingress", event).get("statusCode", 500))

    def says(self, words: str) -> int:
        self._count += 1
        contact = {"wa_id": MOBILE, "profile": {"name": NAME}}
        message = text(f"wamid.{self._count}", words, MOBILE)
        return self.webhook(said(message, contacts=[contact], number_id=NUMBER_ID))

    def next(self) -> int:
        self._count += 1
        return self._count

    def work(self, function: str) -> list[str]:
        """What waits for a function; commands that fail come again and again until the worker has done with them."""
        records = taken = self.stack.receive(function)
        for receives in range(1, 6):
            for record in records:
                record["attributes"]["ApproximateReceiveCount"] = str(receives)
            answer = self.invoke(function, {"Records": records}) if records else {}
            failed = {one["itemIdentifier"] for one in answer.get("batchItemFailures", ())}
            records = [record for record in records if record["messageId"] in failed]
        for record in taken:  # done or, after the last try, with the dead letters
            self.stack.delete(function, record)
        return sorted(record["messageId"] for record in records)

    def tell(self) -> None:
        """The streams, and the feed behind them."""
        records = self.stack.stream_records()
        if records:
            self.invoke("events", {"Records": records})
        self.work("feed")

    def api(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        event = {
            "resource": "/v1/{proxy+}",
            "path": path,
            "httpMethod": method,
            "headers": {"Content-Type": "application/json"}
            | ({"Authorization": f"Bearer {self.token}"} if self.token else {}),
            "multiValueQueryStringParameters": None,
            "queryStringParameters": None,
            "pathParameters": {"proxy": path.removeprefix("/v1/")},
            "stageVariables": None,
            "requestContext": {"resourcePath": "/v1/{proxy+}", "httpMethod": method, "requestId": "request-2"},
            "body": body if isinstance(body, str) or body is None else json.dumps(body),
            "isBase64Encoded": False,
        }
        answer = self.invoke("api", event)
        return int(answer.get("statusCode", 500)), json.loads(answer.get("body") or "null")

    def log_in(self) -> str:
        """The session's token, which is a secret of its own from now on."""
        status, answer = self.api("POST", "/v1/sessions", {"email": ADDRESS, "password": PASSWORD})
        assert status == 201
        self.token = answer["token"]
        return self.token

    def chat_id(self) -> str:
        _, answer = self.api("GET", "/v1/chats")
        return str(answer["items"][0]["id"])


@pytest.fixture
def conversation(stack: Stack, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> Conversation:
    monkeypatch.syspath_prepend(str(ROOT))
    return Conversation(stack, watch)


def provider(monkeypatch: pytest.MonkeyPatch, *answers: HttpResponse | Exception) -> None:
    """What WhatsApp answers, in order; the last for ever."""
    left = list(answers)

    def request(*asked: Any) -> HttpResponse:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(OutsideHttp, "request", request)


def test_a_conversation_leaves_no_word_in_the_log(
    conversation: Conversation, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider(monkeypatch, HttpResponse(200, {}, b'{"messages":[{"id":"wamid.canary-out"}]}'))
    assert conversation.webhook(b"", method="GET", query={"hub.verify_token": SECRET["verify_token"]}) in (
        200,
        400,
        403,
        401,
    )
    assert conversation.says("canary from the customer") == 200
    assert conversation.work("inbound") == []
    assert conversation.work("distribution") == []
    token = conversation.log_in()
    status, _ = conversation.api("POST", f"/v1/chats/{conversation.chat_id()}/messages", {"text": "canary from Ada"})
    assert status == 201
    assert conversation.work("outbound") == []
    conversation.tell()
    conversation.invoke("tick", {"id": "event-1"})
    events = conversation.stack.container.feed.page(conversation.a, 0, 200)[0]
    assert {"message.received", "message.sent"} <= {event["type"] for event in events}
    assert "canary from Ada" in json.dumps(events)
    assert {"looked", "send_tried", "fed", "job_done"} <= watch.events
    assert watch.told() == []
    assert not [line for line in watch.seen if token in line or token[-20:] in line]


def test_all_that_goes_wrong_leaves_no_word_in_the_log(
    conversation: Conversation, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert conversation.webhook(said(text("wamid.0", "canary forged")), signature="sha256=" + "0" * 64) == 401
    assert conversation.webhook(b'{"object": "canary broken') == 200
    assert (
        conversation.webhook(said({"id": "wamid.9", "type": "canary", "canary": "canary"}, number_id=NUMBER_ID)) == 200
    )
    other = change(text("wamid.8", "canary elsewhere", MOBILE), number_id="999")
    assert conversation.webhook(json.dumps({"object": "canary", "entry": [{"changes": [other]}]}).encode()) == 200
    conversation.work("inbound")
    conversation.says("canary who comes through")
    assert conversation.work("inbound") == []
    assert conversation.api("POST", "/v1/sessions", {"email": ADDRESS, "password": "canary wrong"})[0] == 401
    assert conversation.api("POST", "/v1/sessions", '{"email": "canary broken')[0] == 400
    conversation.log_in()
    chat_id = conversation.chat_id()
    assert conversation.api("POST", f"/v1/chats/{chat_id}/messages", {"canary": "canary"})[0] == 400
    assert conversation.api("GET", "/v1/canary/canary")[0] == 404

    provider(
        monkeypatch,
        HttpResponse(400, {}, b'{"error":{"code":131026,"message":"canary","error_data":{"details":"canary"}}}'),
        NoAnswer("canary reset"),
        RuntimeError("canary of the transport"),
    )
    for _ in range(3):
        assert conversation.api("POST", f"/v1/chats/{chat_id}/messages", {"text": "canary refused"})[0] == 201
        conversation.work("outbound")

    def failing(*_: Any, **__: Any) -> None:
        raise RuntimeError("canary in an error, as a library may quote what it was given")

    with monkeypatch.context() as broken:
        broken.setattr(Transaction, "commit", failing)
        conversation.says("canary lost in storage")
        assert conversation.work("inbound") == []  # parked at the last try
        assert conversation.api("POST", f"/v1/chats/{chat_id}/messages", {"text": "canary lost"})[0] == 500
        conversation.tell()
        conversation.invoke("tick", {})
    records = conversation.stack._all_records("chats")
    for record in records:
        record["dynamodb"]["NewImage"] = {"canary": {"S": "canary"}}
    conversation.invoke("events", {"Records": records})
    with monkeypatch.context() as broken:
        broken.setattr("recado.services.presence.PresenceService.lapse_due", failing)
        broken.setattr("recado.services.ingress.IngressService.receive", failing)
        broken.setattr("recado.services.distribution.DistributionService.look", failing)
        conversation.stack.container.__dict__.pop("tick")
        conversation.invoke("tick", {})
        conversation.says("canary to a broken door")
        conversation.work("distribution")
    expected = {"webhook_kept", "webhook_failed", "command_failed", "command_parked", "group_failed", "send_tried"}
    expected |= {"api_failed", "record_parked", "job_failed"}
    assert expected <= watch.events, expected - watch.events
    assert watch.told() == []


def test_a_files_name_and_contents_are_in_no_log(
    conversation: Conversation, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation.log_in()
    good, bad = b"canary, as a plain text", b"<html><script>canary</script></html>"
    for content, content_type, state in ((good, "text/plain", "accepted"), (bad, "image/png", "rejected")):
        asked = {"feature": "service", "name": "canary.txt", "content_type": content_type, "size": len(content)}
        status, made = conversation.api("POST", "/v1/files", asked)
        assert status == 201
        key = made["upload"]["fields"]["key"]
        conversation.stack.s3.put_object(Bucket=BUCKETS["FILES_BUCKET"], Key=key, Body=content)
        arrived = {"detail": {"bucket": {"name": BUCKETS["FILES_BUCKET"]}, "object": {"key": key}}, "id": "event-1"}
        conversation.invoke("file_limits", arrived)
        assert conversation.api("GET", f"/v1/files/{made['file_id']}")[1]["state"] == state
    with monkeypatch.context() as broken:
        broken.setattr("recado.services.file_checks.FileChecks.arrived", _quoting)
        conversation.invoke("file_limits", arrived)
    assert watch.told() == []


def test_a_customers_file_is_in_no_log(
    conversation: Conversation, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its URL, its name, the token it is asked for with, what the provider says and what breaks."""
    located = b'{"url":"https://lookaside.fbsbx.com/canary?canary=1","mime_type":"text/canary"}'

    def fetch(*answers: Download | Exception) -> None:
        left = list(answers)

        def get(*_: Any) -> Download:
            answer = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(OutsideDownloads, "get", get)
        document = {"id": f"canary-{conversation.next()}", "filename": "canary.txt", "caption": "canary"}
        more = {"type": "document", "document": document}
        message = text(f"wamid.{conversation.next()}", "", MOBILE, **more)
        assert conversation.webhook(said(message, number_id=NUMBER_ID)) == 200
        assert conversation.work("inbound") == []
        conversation.tell()
        conversation.work("media")

    monkeypatch.setattr("time.sleep", lambda seconds: None)
    provider(monkeypatch, HttpResponse(200, {}, located))
    fetch(Download(200, {}, BytesIO(b"canary, as a plain text")))
    fetch(Download(302, {"location": "https://canary.example/canary"}, BytesIO()))
    fetch(Download(410, {}, BytesIO(b"canary")))
    fetch(NoAnswer("canary reset"), Download(404, {}, BytesIO()))
    fetch(RuntimeError("canary of the transport"))
    provider(monkeypatch, HttpResponse(400, {}, b'{"error":{"code":100,"message":"canary"}}'))
    fetch(RuntimeError("canary"))
    assert {"file_fetched", "command_failed"} <= watch.events
    assert watch.told() == []


def test_exported_contacts_are_in_no_log(
    conversation: Conversation, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation.log_in()
    assert conversation.api("POST", "/v1/contacts", {"name": "canary", "notes": "canary"})[0] == 201
    for broken in (False, True):
        with monkeypatch.context() as breaks:
            if broken:
                breaks.setattr("recado.services.contact_export_work.ContactExportWork._part", _quoting)
            status, made = conversation.api("POST", "/v1/contact-exports", {"columns": ["name", "notes"]})
            assert status == 202
            conversation.work("contact_exports")
        state = conversation.api("GET", f"/v1/contact-exports/{made['id']}")[1]["state"]
        assert state == ("running" if broken else "done")
    assert {"export_worked_on", "command_failed"} <= watch.events
    assert watch.told() == []


def test_imported_contacts_are_in_no_log(
    conversation: Conversation, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation.log_in()
    body = b"canary,Nome,E-mail\ncanary,canary,canary@example.com\ncanary,canary,canary\n"
    announced = {"feature": "import", "name": "canary.csv", "content_type": "text/csv", "size": len(body)}
    file_id = conversation.api("POST", "/v1/files", announced)[1]["file_id"]
    key = f"quarantine/{file_id.split('_')[1]}/{file_id}"
    conversation.stack.s3.put_object(Bucket=BUCKETS["FILES_BUCKET"], Key=key, Body=body)
    conversation.invoke("file_limits", {"id": "1", "detail": {"object": {"key": key}}})
    for broken in (False, True):
        with monkeypatch.context() as breaks:
            if broken:
                breaks.setattr("recado.services.contact_import_rows.RowTaker.take", _quoting)
            status, made = conversation.api("POST", "/v1/contact-imports", {"file_id": file_id})
            assert status == 202
            for _ in ("survey", "rows", "result"):
                conversation.work("contact_imports")
        state = conversation.api("GET", f"/v1/contact-imports/{made['id']}")[1]["state"]
        assert state == ("running" if broken else "done")
    assert "command_failed" in watch.events
    assert watch.told() == []


def _quoting(*_: Any, **__: Any) -> None:
    raise RuntimeError("canary in an error, as a library may quote what it was given")


def test_the_watch_sees_a_word_wherever_it_is_said(watch: Watch) -> None:
    telemetry._logger().info("event", extra={"text": "canary"})
    logging.getLogger("some.library").warning("%s", "canary")
    try:
        raise ValueError("canary")
    except ValueError as error:
        logging.getLogger("another").warning("failed", exc_info=True)
        watch.caught(error)
    assert len(watch.told()) == 4


OTHER_DOORS = ("mail", "voice", "widget", "redirect", "sockets")


@pytest.mark.parametrize("door", OTHER_DOORS)
@pytest.mark.parametrize("broken", [False, True])
def test_what_strangers_bring_to_the_other_doors_is_in_no_log(
    conversation: Conversation, watch: Watch, monkeypatch: pytest.MonkeyPatch, door: str, broken: bool
) -> None:
    """Unknown sites, codes, calls and mails; and the same while the tables do not answer."""
    if broken:
        monkeypatch.setattr("pynamodb.models.Model.get", _refuse)
        monkeypatch.setattr("pynamodb.models.Model.batch_get", _refuse)
    words = json.dumps({"site_key": "canary-site", "text": "canary words", "identity": {"name": NAME}})
    notification = {"Type": "Notification", "Message": json.dumps({"mail": {"source": ADDRESS}, "receipt": NAME})}
    event = {
        "Records": [
            {
                "messageId": "1",
                "body": json.dumps(notification),
                "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "g"},
            }
        ],
        "pathParameters": {"channel_id": conversation.channel.id, "code": "canary-code"},
        "requestContext": {
            "http": {"method": "POST", "path": "/widget/sessions"},
            "requestId": "request-1",
            "routeKey": "$connect",
            "connectionId": "canary-connection",
        },
        "queryStringParameters": {"utm_source": "canary-source", "ticket": "canary-ticket"},
        "headers": {"x-twilio-signature": "canary-signature", "origin": "https://canary.example"},
        "body": words,
        "isBase64Encoded": False,
    }
    conversation.invoke(door, event)
    assert watch.told() == []


def _refuse(*asked: Any, **given: Any) -> Any:
    raise ConnectionError("no answer")


def test_every_function_is_in_the_conversation() -> None:
    functions = {path.parent.name for path in ROOT.glob("functions/*/handler.py")}
    assert functions == {
        "ingress", "inbound", "distribution", "outbound", "events", "feed", "tick", "api", "file_limits", "media",
        "contact_exports", "contact_imports", "task_run", "flow_requests", *OTHER_DOORS,
    }  # fmt: skip
