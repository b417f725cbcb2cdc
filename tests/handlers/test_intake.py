"""From a webhook to a contact, a chat and messages: ingress and the inbound worker together, on moto's tables."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from recado.domain.chats import Author, Event
from recado.domain.contact_claims import contact_claims
from recado.domain.contacts import Contact
from recado.domain.custom_fields import CustomField
from recado.domain.fetching import is_placeholder
from recado.domain.file_limits import MB
from recado.storage import keys
from recado.storage.chat_records import ThreadRecord
from recado.storage.contact_records import ContactEventRecord
from recado.storage.contacts import ContactStore
from recado.storage.custom_fields import DynamoCustomFields
from tests.reception import ANA, CHANNEL, DEPARTMENT, A, Reception, body, change, said, text

EXACT = 1772452800


@pytest.fixture
def reception(dynamodb: Any, clock: Any, ids: Any) -> Reception:
    return Reception(clock, ids)


def test_a_first_message_makes_contact_thread_and_queued_chat(reception: Reception) -> None:
    reception.deliver(said(text("wamid.1", "Olá")))
    (contact,) = reception.contacts()
    (chat,) = reception.chats()
    (message,) = reception.messages()
    thread = reception.thread()
    assert (contact.name, contact.mobile) == ("Cliente 4321", "+" + ANA)
    assert (chat.situation, chat.department_id, chat.contact_id, chat.first_seq) == (
        "queued",
        DEPARTMENT,
        contact.id,
        1,
    )
    assert [one.id for one in reception.waiting()] == [chat.id]
    assert reception.facts(chat.id) == ["chat.started", "chat.queued"]
    assert reception.waker.woken == [DEPARTMENT]
    assert thread is not None
    assert (thread.open_chat_id, thread.last_seq, thread.unread, thread.last_text) == (chat.id, 1, 1, "Olá")
    assert thread.address == "+" + ANA
    assert (message.chat_id, message.contact_id, message.seq, message.status) == (chat.id, contact.id, 1, "received")
    assert (message.kind, message.text, message.provider_id) == ("text", "Olá", "wamid.1")
    assert message.author == Author("contact", contact.id)


def test_the_next_message_joins_the_chat(reception: Reception) -> None:
    reception.deliver(said(text("wamid.1")))
    reception.deliver(said(text("wamid.2", "tudo bem?", at=EXACT + 5)))
    assert len(reception.chats()) == 1
    assert [one.seq for one in reception.messages()] == [1, 2]
    thread = reception.thread()
    assert thread is not None
    assert (thread.unread, thread.last_text) == (2, "tudo bem?")
    assert reception.waker.woken == [DEPARTMENT]


def test_a_large_mixed_body_is_stored_whole_and_posted_five_times_stores_once(reception: Reception) -> None:
    """3 entries × 2 changes × 5 messages of three customers, statuses between them, one broken message."""
    from tests.reception import status

    customers = ["5511987654321", "5521987654321", "5531987654321"]
    entries, sent = [], []
    for entry in range(3):
        changes = []
        for half in range(2):
            messages = []
            for number in range(5):
                wamid = f"wamid.{entry}.{half}.{number}"
                messages.append(
                    text(wamid, wamid, customers[(entry + number) % 3], EXACT + entry * 100 + half * 10 + number)
                )
                sent.append(wamid)
            messages.insert(2, {"from": customers[0], "id": f"wamid.broken.{entry}.{half}", "type": "text", "text": 7})
            changes.append(change(*messages, statuses=[status(f"wamid.ours.{entry}.{half}", "delivered")]))
        entries.append(changes)
    raw = body(*entries)
    for _ in range(5):
        assert reception.post(raw).answer.status == 200
        reception.queue.forget()  # the worst: SQS remembers none of them
    commands = reception.queue.commands
    reception.queue.commands = commands[::2] + commands[1::2]
    assert reception.work() == []
    stored = reception.all_messages()
    assert sorted(one.provider_id or "" for one in stored) == sorted(sent)
    assert len(reception.chats()) == 3
    assert len({one.contact_id for one in reception.chats()}) == 3
    assert reception.count("PARK#") == 6
    for customer in customers:
        assert [one.seq for one in reception.messages("+" + customer)] == list(range(1, 11))
    assert reception.journal.kept, "the broken ones are kept raw"


def test_an_album_of_parallel_webhooks_is_one_chat(reception: Reception) -> None:
    for number in range(10):
        reception.post(
            said({**text(f"wamid.{number}"), "type": "image", "image": {"id": f"m{number}", "mime_type": "image/jpeg"}})
        )
    assert reception.work() == []
    assert len(reception.chats()) == 1
    messages = reception.messages()
    assert len(messages) == 10
    assert messages[0].file == {
        "id": None, "name": None, "content_type": "image/jpeg", "size": None, "state": "pending", "reason": None,
    }  # fmt: skip
    assert messages[0].payload["media"] == {"provider_id": "m0"}


def test_two_forms_of_a_number_are_one_contact_and_one_thread(reception: Reception) -> None:
    reception.deliver(said(text("wamid.1", sender="5511987654321")))
    reception.deliver(said(text("wamid.2", sender="551187654321", at=EXACT + 1)))
    assert len(reception.contacts()) == 1
    assert len(reception.chats()) == 1
    assert len(reception.messages("+5511987654321")) == 2
    thread = reception.thread("+5511987654321")
    assert thread is not None
    assert thread.address == "+551187654321", "answers go to the number as it was last given"


def test_a_known_contact_is_found_by_phone_and_learns_the_identity(reception: Reception, clock: Any, ids: Any) -> None:
    known = Contact(ids.new("ct", A), clock.now(), clock.now(), name="Ana", mobile="+551187654321")
    known = replace(known, claims=contact_claims(known))
    ContactStore().create(
        A, known, Event(ids.new("ev", A), "contact.created", clock.now(), Author("system"), {}, known.id)
    )
    reception.deliver(said(text("wamid.1", sender="5511987654321")))
    (contact,) = reception.contacts()
    assert contact.id == known.id
    assert contact.name == "Ana"
    assert [(one.channel_id, one.key, one.external_id) for one in contact.identities] == [
        (CHANNEL, "+5511987654321", ANA)
    ]
    assert reception.chats()[0].contact_id == known.id


def test_what_is_told_of_a_contact_hides_deactivated_custom_fields(reception: Reception, clock: Any, ids: Any) -> None:
    fields = DynamoCustomFields()
    for slug, active in (("cidade_natal", True), ("apelido", False)):
        field = CustomField(ids.new("cf", A), "contacts", slug, slug, "text", clock.now(), active=active)
        assert fields.create(A, field)
    known = Contact(
        ids.new("ct", A), clock.now(), clock.now(), name="Ana", mobile="+551187654321",
        custom_fields={"cidade_natal": "Olinda", "apelido": "Aninha"},
    )  # fmt: skip
    known = replace(known, claims=contact_claims(known))
    ContactStore().create(
        A, known, Event(ids.new("ev", A), "contact.created", clock.now(), Author("system"), {}, known.id)
    )
    reception.deliver(said(text("wamid.1", sender="5511987654321")))
    told = [one.event() for one in ContactEventRecord.query(keys.contact_events_pk(A, known.id))]
    assert [one.data["custom_fields"] for one in told if one.type == "contact.updated"] == [{"cidade_natal": "Olinda"}]
    (contact,) = reception.contacts()
    assert contact.custom_fields == known.custom_fields


def test_a_closed_thread_opens_a_new_chat(reception: Reception) -> None:
    reception.deliver(said(text("wamid.1")))
    pk = ThreadRecord.scan(ThreadRecord.sk == "THREAD").next().pk
    ThreadRecord(pk, "THREAD").update([ThreadRecord.open_chat_id.remove(), ThreadRecord.last_seq.set(2)])
    reception.deliver(said(text("wamid.2", at=EXACT + 60)))
    first, second = sorted(reception.chats(), key=lambda one: one.first_seq)
    assert second.first_seq == 3
    assert [one.chat_id for one in reception.messages()] == [first.id, second.id]
    assert len(reception.contacts()) == 1


def test_a_deleted_contact_is_made_anew_with_the_next_chat(reception: Reception, clock: Any, ids: Any) -> None:
    reception.deliver(said(text("wamid.1")))
    (contact,) = reception.contacts()
    gone = Event(ids.new("ev", A), "contact.deleted", clock.now(), Author("system"), {}, contact.id)
    ContactStore().delete(A, contact, gone)
    pk = ThreadRecord.scan(ThreadRecord.sk == "THREAD").next().pk
    ThreadRecord(pk, "THREAD").update([ThreadRecord.open_chat_id.remove(), ThreadRecord.last_seq.set(2)])
    reception.deliver(said(text("wamid.2", at=EXACT + 60)))
    (anew,) = reception.contacts()
    thread = reception.thread()
    assert anew.id != contact.id
    assert thread is not None
    assert thread.contact_id == anew.id


def test_the_time_of_the_customer_never_goes_back_and_is_the_providers(reception: Reception, clock: Any) -> None:
    reception.deliver(said(text("wamid.2", at=EXACT + 100)))
    reception.deliver(said(text("wamid.1", at=EXACT)))
    thread = reception.thread()
    assert thread is not None
    assert thread.last_inbound_at == clock.now() + timedelta(seconds=100)
    assert [one.provider_id for one in reception.messages()] == ["wamid.2", "wamid.1"]


@pytest.mark.parametrize(("ahead_s", "taken_s"), [(300, 300), (301, 0), (86_400, 0), (-30 * 86_400, -30 * 86_400)])
def test_a_clock_that_is_ahead_does_not_hold_the_window_open(
    reception: Reception, clock: Any, ahead_s: int, taken_s: int
) -> None:
    reception.deliver(said(text("wamid.1", at=EXACT + ahead_s)))
    thread = reception.thread()
    assert thread is not None
    taken = clock.now() + timedelta(seconds=taken_s)
    assert (thread.last_inbound_at, thread.last_message_at) == (taken, taken)


@pytest.mark.parametrize("ahead_s", [86_401, 30 * 86_400, 70 * 365 * 86_400])
def test_a_time_more_than_a_day_ahead_is_a_bad_time_and_kept_raw(reception: Reception, ahead_s: int) -> None:
    reception.deliver(said(text("wamid.1"), text("wamid.2", "de amanhã", at=EXACT + ahead_s), text("wamid.3")))
    assert [one.provider_id for one in reception.messages()] == ["wamid.1", "wamid.3"]
    (kept,) = reception.blobs.under("kept")
    assert b"wamid.2" in reception.blobs.objects[kept]
    assert reception.journal.kept == [kept]


def test_echoes_edits_and_revocations_of_a_time_to_come_are_kept_raw_too(reception: Reception) -> None:
    reception.deliver(said(text("wamid.1", "Olá")))
    late = {"from": ANA, "timestamp": str(EXACT + 2 * 86_400)}
    new = {"type": "text", "text": {"body": "outra"}}
    edit = {**late, "id": "wamid.e", "type": "edit", "edit": {"original_message_id": "wamid.1", "message": new}}
    revoke = {**late, "id": "wamid.r", "type": "revoke", "revoke": {"original_message_id": "wamid.1"}}
    echo = {**text("wamid.x", at=EXACT + 2 * 86_400, sender="551140000000"), "to": ANA}
    reception.deliver(said(edit, revoke))
    reception.deliver(body([change(message_echoes=[echo])]))
    assert [(one.text, one.payload) for one in reception.messages()] == [("Olá", {})]
    assert len(reception.blobs.under("kept")) == 2


def test_a_system_message_opens_no_chat_and_is_kept_in_the_thread(reception: Reception) -> None:
    changed = {"body": "User changed number", "type": "customer_changed_number", "wa_id": "5511999999999"}
    system = {"from": ANA, "id": "wamid.s", "timestamp": str(EXACT), "type": "system", "system": changed}
    reception.deliver(said(system))
    assert reception.chats() == []
    (message,) = reception.messages()
    assert (message.kind, message.chat_id) == ("system", "")
    reception.deliver(said(system))
    assert len(reception.messages()) == 1
    reception.deliver(said(text("wamid.1", at=EXACT + 1)))
    (chat,) = reception.chats()
    assert chat.first_seq == 2


def test_an_echo_is_an_outbound_message_and_reads_what_was_unread(reception: Reception) -> None:
    reception.deliver(said(text("wamid.1")))
    echo = {
        "from": "551140000000",
        "to": ANA,
        "id": "wamid.e",
        "timestamp": str(EXACT + 9),
        "type": "text",
        "text": {"body": "Oi!"},
    }
    raw = body([{"field": "smb_message_echoes", "value": change()["value"] | {"message_echoes": [echo]}}])
    reception.deliver(raw)
    reception.deliver(raw)
    _, answer = reception.messages()
    assert (answer.direction, answer.status, answer.author.type, answer.text) == ("outbound", "sent", "system", "Oi!")
    thread = reception.thread()
    assert thread is not None
    assert thread.unread == 0
    assert thread.last_inbound_at is not None
    assert thread.last_inbound_at.timestamp() == EXACT, "the company renews no window"


def test_a_referral_is_the_chats_attribution_and_the_last_one_stays(reception: Reception) -> None:
    reception.deliver(said(text("wamid.1", referral={"source_id": "ad1", "source_type": "ad", "ctwa_clid": "c1"})))
    (chat,) = reception.chats()
    assert chat.attribution["ctwa_clid"] == "c1"
    reception.deliver(
        said(text("wamid.2", at=EXACT + 1, referral={"source_id": "ad2", "source_type": "ad", "ctwa_clid": "c2"}))
    )
    (chat,) = reception.chats()
    (wait,) = reception.waiting()
    assert (chat.attribution["ctwa_clid"], chat.version) == ("c2", 2)
    assert wait == chat, "the copy in the queue moves with the chat"


def test_a_reply_names_our_message_and_a_reaction_the_providers(reception: Reception) -> None:
    reception.deliver(said(text("wamid.1")))
    reception.deliver(said(text("wamid.2", at=EXACT + 1, context={"id": "wamid.1"})))
    reaction = {"from": ANA, "id": "wamid.3", "timestamp": str(EXACT + 2), "type": "reaction",
                "reaction": {"message_id": "wamid.1", "emoji": "👍"}}  # fmt: skip
    reception.deliver(said(reaction))
    reception.deliver(said(text("wamid.4", at=EXACT + 3, context={"id": "wamid.unknown"})))
    first, reply, thumb, lost = reception.messages()
    assert reply.reply_to == first.id
    assert (thumb.kind, thumb.text, thumb.payload["message_provider_id"]) == ("reaction", "👍", "wamid.1")
    assert lost.reply_to is None
    assert lost.payload["reply_to_provider_id"] == "wamid.unknown"


def test_what_another_customer_said_is_not_answered(reception: Reception) -> None:
    """Who names its id was shown it by somebody; it is no message of this conversation."""
    other = "5511912345678"
    reception.deliver(said(text("wamid.1")))
    reception.deliver(said(text("wamid.2", sender=other, at=EXACT + 1)))
    reception.deliver(said(text("wamid.3", sender=other, at=EXACT + 2, context={"id": "wamid.1"})))
    assert [one.reply_to for one in reception.messages("+" + other)] == [None, None]


def edit_of(original: str, wamid: str, new: str, at: int) -> dict[str, Any]:
    inner = {"type": "text", "text": {"body": new}}
    return {"from": ANA, "id": wamid, "timestamp": str(at), "type": "edit",
            "edit": {"original_message_id": original, "message": inner}}  # fmt: skip


def test_an_edit_changes_the_text_once_and_keeps_what_was_said(reception: Reception) -> None:
    reception.deliver(said(text("wamid.1", "as duas")))
    for _ in range(2):
        reception.deliver(said(edit_of("wamid.1", "wamid.e1", "às três", EXACT + 10)))
    reception.deliver(said(edit_of("wamid.1", "wamid.e2", "às quatro", EXACT + 20)))
    reception.deliver(said(edit_of("wamid.1", "wamid.e0", "antigo", EXACT + 5)))
    (message,) = reception.messages()
    assert message.text == "às quatro"
    assert [one["text"] for one in message.payload["history"]] == ["as duas", "às três"]


def test_an_edit_that_comes_before_its_message_is_the_message(reception: Reception) -> None:
    reception.deliver(said(edit_of("wamid.1", "wamid.e1", "às três", EXACT + 10)))
    reception.deliver(said(text("wamid.1", "as duas")))
    (message,) = reception.messages()
    assert (message.text, message.provider_id) == ("às três", "wamid.1")


def test_a_revoked_message_is_a_tombstone(reception: Reception) -> None:
    revoke = {
        "from": ANA,
        "id": "wamid.r",
        "timestamp": str(EXACT + 3),
        "type": "revoke",
        "revoke": {"original_message_id": "wamid.1"},
    }
    reception.deliver(said(revoke))
    assert reception.messages() == [], "nothing is known of it, there is nothing to take back"
    reception.deliver(said(text("wamid.1", "segredo")))
    for _ in range(2):
        reception.queue.forget()
        reception.deliver(said(revoke))
    (message,) = reception.messages()
    assert message.text == ""
    assert [one["text"] for one in message.payload["history"]] == ["segredo"]
    reception.deliver(said(edit_of("wamid.1", "wamid.e", "de novo", EXACT + 9)))
    assert reception.messages()[0].text == ""


def by_user_id(wamid: str, user_id: str, at: int, phone: str | None = None) -> bytes:
    contact: dict[str, Any] = {"user_id": user_id, "profile": {"name": "Ana"}}
    message = text(wamid, at=at)
    del message["from"]
    message["from_user_id"] = user_id
    if phone:
        contact["wa_id"] = message["from"] = phone
    return said(message, contacts=[contact])


def test_a_user_id_leads_to_the_thread_of_the_phone_it_came_with(reception: Reception) -> None:
    reception.deliver(by_user_id("wamid.1", "BR.77", EXACT, ANA))
    reception.deliver(by_user_id("wamid.2", "BR.77", EXACT + 1))
    assert len(reception.contacts()) == len(reception.chats()) == len(reception.threads_stored()) == 1
    assert len(reception.messages()) == 2


def test_a_phone_that_shows_itself_later_joins_the_thread_of_the_user_id(reception: Reception) -> None:
    reception.deliver(by_user_id("wamid.1", "BR.77", EXACT))
    reception.deliver(by_user_id("wamid.2", "BR.77", EXACT + 1, ANA))
    reception.deliver(said(text("wamid.3", at=EXACT + 2)))
    assert len(reception.contacts()) == len(reception.chats()) == len(reception.threads_stored()) == 1
    assert len(reception.messages("u:BR.77")) == 3


def test_a_changed_number_goes_on_in_the_same_thread(reception: Reception) -> None:
    reception.deliver(by_user_id("wamid.1", "BR.77", EXACT, ANA))
    reception.deliver(by_user_id("wamid.2", "BR.77", EXACT + 1, "5511999990000"))
    assert len(reception.threads_stored()) == 1
    assert len(reception.messages()) == 2


def test_a_long_text_fits_an_item_and_the_thread_its_unit(reception: Reception) -> None:
    raw = said(text("wamid.1", "ã" * 200_000))
    reception.deliver(raw)
    (message,) = reception.messages()
    assert len(message.text.encode()) <= 100_000
    assert message.payload["truncated"] is True
    (kept,) = reception.blobs.under("kept")
    assert reception.blobs.objects[kept].count(b"u00e3") == 200_000
    thread = reception.thread()
    assert thread is not None
    assert len(thread.last_text.encode()) <= 300


@pytest.mark.parametrize(
    ("size", "state", "reason"), [(15 * MB, "pending", None), (15 * MB + 1, "rejected", "too_large")]
)
def test_a_file_that_is_announced_too_large_is_refused_at_once(
    reception: Reception, size: int, state: str, reason: str | None
) -> None:
    """Its message stays, with the reason; nobody is asked for its bytes, now or by the sweep."""
    channel_id = CHANNEL[:-1] + ("9" if CHANNEL[-1] != "9" else "8")
    reception.connect(channel_id, "telegram", "", {"secret_token": ["shared"], "bot_token": ["1:x"]})
    document = {"file_id": "BQAC", "file_unique_id": "u", "file_name": "notas.pdf", "file_size": size}
    person = {"id": 77, "is_bot": False, "first_name": "Ana"}
    message = {"message_id": 5, "from": person, "chat": {"id": 77, "type": "private"}, "date": EXACT}
    update = {"update_id": 9, "message": {**message, "document": document, "caption": "as notas"}}
    headers = {"x-telegram-bot-api-secret-token": "shared"}
    assert reception.post(json.dumps(update).encode(), headers, channel_id).answer.status == 200
    assert reception.work() == []
    (stored,) = reception.messages("u:77", channel_id)
    assert (stored.text, stored.file) == (
        "as notas",
        {"id": None, "name": "notas.pdf", "content_type": None, "size": size if reason else None, "state": state,
         "reason": reason},
    )  # fmt: skip
    assert is_placeholder(stored.file) is (reason is None)
