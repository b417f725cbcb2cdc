"""Mail from SES's notification to the tables: which channel, which thread, which files, and what is no message; through
the functions' handlers, on moto."""

from __future__ import annotations

import json
from email.message import EmailMessage
from typing import Any

import pytest

from recado.domain.channels import Channel
from recado.domain.chats import Chat, Message, Thread, ThreadKey
from recado.domain.mail import reply_tag
from recado.domain.people import Department, OpenHours
from recado.domain.sending import Outgoing
from recado.storage import keys
from recado.storage.channels import ChannelStore
from recado.storage.chat_records import ChatRecord, MessageRecord, ThreadRecord
from recado.storage.departments import DepartmentRecord
from recado.storage.sends import OutRecord
from tests.file_samples import HOSTILE, png
from tests.handlers.stack import BUCKETS, Stack
from tests.mail.shapes_read import shape

A, B = "accounta", "accountb"
OURS = "suporte@mail.example"
SES_ID = "0100018f2b3c4d5e-0a0b0c0d-1e2f-3a4b5c6d7e8f-000000"


class Post:
    """Two accounts with an address each, and SES."""

    def __init__(self, stack: Stack, clock: Any) -> None:
        self.stack, self.clock = stack, clock
        self.channels = {OURS: self.connect(A, OURS), "loja@mail.example": self.connect(B, "loja@mail.example")}
        self._count = 0

    def connect(self, a: str, address: str, **department: Any) -> str:
        department_id, channel_id = f"dp_{a}_{1:027x}", f"ch_{a}_{1:027x}"
        now = self.clock.now()
        self.settle(a)
        channel = Channel(
            channel_id, "email", "Mail", department_id, now, {"address": address}, address, directory="mailbox"
        )
        ChannelStore().create(a, channel, {})
        return channel_id

    def settle(self, a: str = A, **fields: Any) -> None:
        department = Department(f"dp_{a}_{1:027x}", "Vendas", "department", self.clock.now(), **fields)
        DepartmentRecord.of_department(a, department, self.clock.now()).save()

    # -- what SES does -----------------------------------------------------------------------------------------------

    def arrives(self, raw: bytes, *recipients: str, key: str | None = None, **verdicts: str) -> None:
        """A mail lies in the bucket and is told of; the workers do what there is to do."""
        self._count += 1
        key = key or f"mail/{self._count}"
        self.stack.s3.put_object(Bucket=BUCKETS["MAIL_BUCKET"], Key=key, Body=raw)
        at = self.clock.now().isoformat()
        receipt = {
            "timestamp": at,
            "recipients": list(recipients) or [OURS],
            "action": {"type": "S3", "objectKey": key},
            **{f"{name}Verdict": {"status": status} for name, status in verdicts.items()},
        }
        mail = {"timestamp": at, "messageId": f"ses-{self._count}", "source": "x@y.example"}
        self.tell({"notificationType": "Received", "mail": mail, "receipt": receipt})

    def tell(self, notification: Any) -> None:
        record = {"messageId": "1", "body": json.dumps(notification), "attributes": {"ApproximateReceiveCount": "1"}}
        assert self.stack.invoke("mail", {"Records": [record]}) == {"batchItemFailures": []}
        assert self.stack.work("inbound", "inbound") == []

    # -- what is stored ----------------------------------------------------------------------------------------------

    def messages(self, address: str = "ana@cliente.example", channel: str = OURS) -> list[Message]:
        channel_id = self.channels[channel]
        pk = keys.thread_pk(channel_id.split("_")[1], ThreadKey(channel_id, f"e:{address}"))
        return [one.message() for one in MessageRecord.query(pk, MessageRecord.sk.startswith("MSG#"))]

    def threads(self) -> list[Thread]:
        return [one.thread() for one in ThreadRecord.scan(ThreadRecord.sk == "THREAD")]

    def chats(self) -> list[Chat]:
        return [one.chat() for one in ChatRecord.scan(ChatRecord.sk == "CHAT")]

    def files(self) -> list[str]:
        return [one["Key"] for one in self.stack.s3.list_objects_v2(Bucket=BUCKETS["FILES_BUCKET"]).get("Contents", [])]


@pytest.fixture
def post(stack: Stack, clock: Any) -> Post:
    return Post(stack, clock)


def mail(text: str = "Olá", sender: str = "ana@cliente.example", number: int = 1, **fields: str) -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Message-ID"] = f"Ana <{sender}>", OURS, f"<{number}@cliente.example>"
    for name, value in fields.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made.as_bytes()


def test_a_mail_becomes_a_message_of_a_chat_once(post: Post) -> None:
    for _ in range(2):
        post.arrives(mail(Subject="Pedido", Cc="Bia <bia@x.example>"), spf="PASS", dmarc="GRAY")
    (message,), (chat,), (thread,) = post.messages(), post.chats(), post.threads()
    assert (message.kind, message.text, message.provider_id) == ("text", "Olá", "<1@cliente.example>")
    assert (message.chat_id, chat.situation, thread.address) == (chat.id, "queued", "ana@cliente.example")
    assert message.payload["subject"] == "Pedido"
    assert message.payload["cc"] == [{"address": "bia@x.example", "name": "Bia"}]
    assert message.payload["verdicts"] == {"spf": "PASS", "dmarc": "GRAY"}


def test_each_channel_of_each_account_gets_its_own(post: Post) -> None:
    post.arrives(
        mail(), "Loja@Mail.example", OURS, f"suporte+x@{OURS.partition('@')[2]}", "nobody@mail.example", "no address"
    )
    assert len(post.messages()) == len(post.messages(channel="loja@mail.example")) == 1
    assert {chat.id.split("_")[1] for chat in post.chats()} == {A, B}


def test_what_nobody_has_the_address_of_is_no_error(post: Post) -> None:
    post.arrives(mail(), "nobody@mail.example")
    assert post.chats() == []


@pytest.mark.parametrize("verdict", ["spam", "virus"])
def test_spam_and_viruses_go_no_further(post: Post, verdict: str) -> None:
    post.arrives(mail(), **{verdict: "FAIL"})
    post.arrives(mail(number=2), **{verdict: "GRAY"})
    assert len(post.messages()) == 1


def test_files_are_messages_and_what_is_refused_is_shown(post: Post) -> None:
    made = EmailMessage()
    made["From"], made["Message-ID"] = "ana@cliente.example", "<f@cliente.example>"
    made.set_content("segue")
    made.add_attachment(png(), maintype="image", subtype="png", filename="a.png")
    made.add_attachment(next(iter(HOSTILE.values()))[1], maintype="image", subtype="jpeg", filename="b.jpg")
    made.add_attachment(b"\x78\x9f\x3e\x22\0\0", maintype="application", subtype="ms-tnef", filename="winmail.dat")
    made.add_attachment(png(), maintype="application", subtype="octet-stream", filename="c.png")
    for _ in range(2):
        post.arrives(made.as_bytes(), key="mail/same")
    said, good, *others = post.messages()
    assert (said.text, [one.provider_id for one in (good, *others)]) == (
        "segue", [f"<f@cliente.example>#{number}" for number in range(2, 6)])  # fmt: skip
    assert good.file is not None
    assert (good.kind, good.file["state"], good.file["size"]) == ("image", "accepted", len(png()))
    shown = [(one.file or {}) for one in others]
    assert [(one["name"], one["state"], one["reason"]) for one in shown[:2]] == [
        ("b.jpg", "rejected", "type_not_taken"), ("winmail.dat", "rejected", "type_not_taken")]  # fmt: skip
    assert (shown[2]["state"], shown[2]["content_type"]) == ("accepted", "image/png")
    assert len(post.files()) == 2


def test_the_files_of_a_mail_that_comes_twice_are_stored_once(post: Post) -> None:
    for _ in range(2):
        post.arrives(shape("thunderbird_inline_image"))
    assert len(post.messages("caio@provedor.example")) == 2
    assert len(post.files()) == 1


def test_the_pictures_of_a_mail_are_called_by_their_files(post: Post) -> None:
    post.arrives(shape("thunderbird_inline_image"))
    said, picture = post.messages("caio@provedor.example")
    assert picture.file is not None
    assert f'src="cid:{picture.file["id"]}"' in said.payload["html"]
    assert "tracker" not in said.payload["html"]


def test_two_mails_of_one_id_are_two_messages(post: Post) -> None:
    post.arrives(mail("uma"))
    post.arrives(mail("outra"))
    post.arrives(mail("outra"))
    assert [one.text for one in post.messages()] == ["uma", "outra"]


def test_mails_without_an_id_are_known_by_what_they_hold(post: Post) -> None:
    for text in (b"um", b"um", b"dois"):
        post.arrives(b"From: ana@cliente.example\nSubject: x\n\n" + text)
    assert [one.text for one in post.messages()] == ["um", "dois"]


def test_an_answer_names_the_message_it_answers(post: Post) -> None:
    post.arrives(mail("um"))
    post.arrives(mail("dois", number=2, References="<x@y> <1@cliente.example> <unknown@z>"))
    post.arrives(mail("de outra", "bia@cliente.example", 3, In_Reply_To="<1@cliente.example>"))
    first, second = post.messages()
    assert second.reply_to == first.id
    assert post.messages("bia@cliente.example")[0].reply_to is None, "an id that others know is no way into a thread"


def test_the_ids_of_another_customers_mails_lead_nowhere(post: Post) -> None:
    """They can be copied from a mail that was forwarded."""
    post.arrives(mail("um"))
    eve = {"In_Reply_To": "<1@cliente.example>", "References": "<0@x.example> <1@cliente.example>"}
    post.arrives(mail("dois", "eve@cliente.example", 2, **eve))
    post.arrives(mail("três", "eve@cliente.example", 3, **eve))
    assert [one.text for one in post.messages()] == ["um"]
    both = {"In_Reply_To": "<1@cliente.example>", "References": "<2@cliente.example>"}
    post.arrives(mail("quatro", "eve@cliente.example", 4, **both))
    own = post.messages("eve@cliente.example")
    assert [(one.text, one.reply_to) for one in own] == [("dois", None), ("três", None), ("quatro", own[0].id)]


def test_who_has_the_chats_tag_writes_in_its_thread_from_anywhere(post: Post) -> None:
    post.arrives(mail("um"))
    (chat,) = post.chats()
    tagged = f"suporte+{reply_tag(chat.id)}@mail.example"
    post.arrives(mail("dois", "outra@cliente.example", 2), tagged)
    post.arrives(mail("três", "ana@cliente.example", 3), tagged)
    assert [one.payload["from"]["address"].partition("@")[0] for one in post.messages()] == ["ana", "outra", "ana"]
    (thread,) = post.threads()
    assert thread.address == "ana@cliente.example", "the answer goes to whom the conversation is with"
    assert thread.alias is None


@pytest.mark.parametrize("tag", ["r" + "0" * 27, "rx", "r", "x" * 40])
def test_a_tag_of_no_chat_is_a_mail_like_any(post: Post, tag: str) -> None:
    post.arrives(mail("um"), f"suporte+{tag}@mail.example")
    assert len(post.messages()) == 1


def test_a_tag_is_good_for_its_own_channel_alone(post: Post) -> None:
    post.arrives(mail("um"))
    (chat,) = post.chats()
    post.arrives(mail("dois", "eve@cliente.example", 2), f"loja+{reply_tag(chat.id)}@mail.example")
    assert [one.text for one in post.messages("eve@cliente.example", "loja@mail.example")] == ["dois"]
    assert len(post.messages()) == 1


def test_forms_of_web_sites_are_their_writers_mail(post: Post) -> None:
    post.arrives(mail("a", "noreply@site.example", 1, Reply_To="bia@cliente.example"))
    post.arrives(mail("b", OURS, 2, Reply_To="bia@cliente.example"))
    post.arrives(mail("c", "caio@cliente.example", 3, Reply_To="bia@cliente.example"))
    assert [one.text for one in post.messages("bia@cliente.example")] == ["a", "b"]
    sent_by = [one.payload["sent_by"]["address"] for one in post.messages("bia@cliente.example")]
    assert sent_by == ["noreply@site.example", OURS], "who may have written in her name is told"
    (plain,) = post.messages("caio@cliente.example")
    assert (plain.text, "sent_by" in plain.payload) == ("c", False)


def test_our_own_mail_never_comes_back_to_us(post: Post) -> None:
    post.arrives(mail("eco", OURS))
    post.arrives(mail("eco", "suporte+r1@mail.example", 2, Reply_To="suporte+r2@mail.example"))
    post.arrives(b"Subject: nobody\n\nx")
    assert post.chats() == []


def test_nothing_is_answered_to_a_machine(post: Post) -> None:
    post.settle(away_message="Fechado.", business_hours=(OpenHours(7, 0, 1),))
    post.arrives(shape("out_of_office"))
    assert [one.direction for one in post.messages("joao@empresa.example")] == ["inbound"]
    assert post.messages("joao@empresa.example")[0].payload["automatic"] is True
    post.arrives(mail("oi"))
    assert [one.direction for one in post.messages()] == ["inbound", "outbound"]


def outbound(post: Post, chat: Chat) -> None:
    """A message of ours that SES took."""
    thread = post.threads()[0]
    message = Message(
        f"ms_{A}_{9:027x}", chat.id, chat.contact_id, thread.key, 9, "outbound", "text", "oi", "sent",
        post.messages()[0].author, post.clock.now(), post.clock.now(), provider_id=SES_ID,
    )  # fmt: skip
    MessageRecord.of_message(A, message).save()
    from recado.storage.threads import seen_record

    seen_record(A, message).save()
    sent = Outgoing(message.id, thread.key, 9, post.clock.now(), "settled", provider_id=SES_ID)
    OutRecord.of_send(A, sent).save()


@pytest.mark.parametrize(
    "written",
    [
        f"<{SES_ID}@email.amazonses.com>",
        f"<{SES_ID}@sa-east-1.amazonses.com>",
        f"<{SES_ID}>",
        SES_ID,
        f"<ms_{A}_{9:027x}@mail.example>",
    ],
)
@pytest.mark.parametrize("field", ["In_Reply_To", "References"])
def test_an_answer_to_a_mail_of_ours_names_it(post: Post, written: str, field: str) -> None:
    """By the id that SES gave the mail, however it is written, or by our own."""
    post.arrives(mail())
    outbound(post, post.chats()[0])
    post.arrives(mail("obrigada", number=2, **{field: written}))
    said = {one.text: one for one in post.messages()}
    assert said["obrigada"].reply_to == said["oi"].id
    post.arrives(mail("de outra", "bia@cliente.example", 3, **{field: written}))
    assert post.messages("bia@cliente.example")[0].reply_to is None


def event(kind: str, **details: Any) -> dict[str, Any]:
    return {
        "eventType": kind,
        "mail": {"messageId": SES_ID, "source": OURS, "timestamp": "2026-03-02T12:00:00.000Z", "tags": {}},
        kind.lower(): {"timestamp": "2026-03-02T12:00:01.000Z", **details},
    }


@pytest.mark.parametrize(
    ("told", "status", "code"),
    [
        (event("Delivery"), "delivered", None),
        (event("Bounce", bounceType="Permanent", bounceSubType="NoEmail"), "failed", "Permanent/NoEmail"),
        (event("Bounce", bounceType="Transient", bounceSubType="MailboxFull"), "failed", "Transient/MailboxFull"),
        (event("Reject", reason="Bad content"), "failed", "reject"),
        (event("Complaint", complaintFeedbackType="abuse", complaintSubType=None), "sent", None),
        (
            event("Complaint", complaintSubType="OnAccountSuppressionList"),
            "failed",
            "complaint/OnAccountSuppressionList",
        ),
        (event("DeliveryDelay"), "sent", None),
        (event("Open"), "sent", None),
    ],
)
def test_what_ses_tells_is_the_messages_status(post: Post, told: Any, status: str, code: str | None) -> None:
    post.arrives(mail())
    outbound(post, post.chats()[0])
    post.tell(told)
    message = post.messages()[-1]
    assert (message.status, message.error.code if message.error else None) == (status, code)


def test_a_complaint_is_a_problem_of_the_channel_once(post: Post) -> None:
    post.arrives(mail())
    outbound(post, post.chats()[0])
    for _ in range(2):
        post.tell(event("Complaint", complaintFeedbackType="abuse"))
        post.clock.move(60)
    channel = ChannelStore().get(A, post.channels[OURS])
    assert channel is not None
    (problem,) = channel.problems
    assert (problem["code"], problem["at"]) == ("complaint", "2026-03-02T12:00:00.000Z")
    other = ChannelStore().get(B, post.channels["loja@mail.example"])
    assert other is not None and other.problems == ()


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("bounce", "failed"),
        ("delivered_report", "delivered"),
        ("read_receipt", "read"),
        ("bounce_with_whole_mail", "sent"),
        ("bounce_of_nothing", "sent"),
    ],
)
def test_a_report_is_a_status_and_no_message(post: Post, name: str, status: str) -> None:
    post.arrives(mail())
    outbound(post, post.chats()[0])
    post.arrives(shape(name))
    assert [one.status for one in post.messages()] == ["received", status]
    assert len(post.threads()) == 1


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"Type": "SubscriptionConfirmation"},
        {"notificationType": "Received", "mail": {"messageId": "x"}},
        {"notificationType": "Received", "mail": {"messageId": "x"}, "receipt": {"recipients": "a", "action": None}},
        {"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "…"},
        {"eventType": "Bounce", "mail": {"messageId": "x", "source": "who@else.example"}, "bounce": []},
        {"eventType": ["Bounce"], "mail": None},
    ],
)
def test_a_notification_of_nothing_is_done_with(post: Post, told: Any) -> None:
    post.tell(told)
    assert post.chats() == []


def test_a_mail_that_is_not_there_comes_again(post: Post) -> None:
    told = {
        "notificationType": "Received",
        "mail": {"messageId": "x"},
        "receipt": {"recipients": [OURS], "action": {"objectKey": "mail/none"}},
    }
    record = {"messageId": "7", "body": json.dumps(told), "attributes": {"ApproximateReceiveCount": "1"}}
    assert post.stack.invoke("mail", {"Records": [record]}) == {"batchItemFailures": [{"itemIdentifier": "7"}]}


def test_a_mail_too_large_for_the_queue_is_whole(post: Post) -> None:
    text = "\n".join(f"linha número {number} é assim" for number in range(4_000))
    post.arrives(mail(text))
    (message,) = post.messages()
    assert len(message.text.encode()) <= 100_000
    assert message.payload["truncated"] is True
