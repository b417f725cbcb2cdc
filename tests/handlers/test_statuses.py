"""Delivery statuses: the lattice, statuses before their message, statuses that settle a send without an answer; custom
channels."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recado.domain.chats import Author, Status
from recado.domain.delivery import earlier_than, moves_forward
from recado.domain.sending import Draft, Step, post
from recado.domain.templates import Found, imported
from recado.services.views import contact_view
from recado.storage.channels import ChannelStore
from recado.storage.outbox import DynamoOutbox
from recado.storage.templates import DynamoTemplates
from tests.handlers.test_ingress import custom_headers
from tests.reception import ANA, CHANNEL, CUSTOM_CHANNEL, A, Reception, body, change, said, status, text

EXACT = 1772452800
STATUSES: tuple[Status, ...] = ("unknown", "queued", "sent", "delivered", "read", "failed")


@pytest.fixture
def reception(dynamodb: Any, clock: Any, ids: Any) -> Reception:
    return Reception(clock, ids)


def echo(reception: Reception, wamid: str = "wamid.e") -> None:
    """A message of the company, worked off."""
    reception.deliver(echo_body(echo_of(wamid)))


def echo_of(wamid: str) -> dict[str, Any]:
    return {
        "from": "551140000000",
        "to": ANA,
        "id": wamid,
        "timestamp": str(EXACT),
        "type": "text",
        "text": {"body": "Oi!"},
    }


def echo_body(*echoes: dict[str, Any]) -> bytes:
    value = change()["value"] | {"message_echoes": list(echoes)}
    return body([{"field": "smb_message_echoes", "value": value}])


# -- the lattice
# -----------------------------------------------------------------------------------------------------------


def final(order: tuple[Status, ...], first: Status) -> Status:
    stands = first
    for one in order:
        stands = one if moves_forward(stands, one) else stands
    return stands


@pytest.mark.parametrize("order", list(permutations(["sent", "delivered", "read"])))
def test_every_order_of_statuses_ends_read(order: tuple[Status, ...]) -> None:
    assert final(order, "queued") == "read"
    assert final(order, "unknown") == "read"


@given(st.lists(st.sampled_from(STATUSES)), st.sampled_from(STATUSES))
def test_a_status_never_goes_back_and_a_doubled_one_changes_nothing(order: list[Status], first: Status) -> None:
    rank = {one: number for number, one in enumerate(("unknown", "queued", "sent", "delivered", "read"))}
    stands = first
    for one in order:
        after = final((one,), stands)
        assert after == stands or after == "failed" or rank[after] > rank[stands]
        assert final((one,), after) == after
        if stands in ("failed", "delivered", "read"):
            assert after != "failed" or stands == "failed"
        stands = after


def test_failed_is_terminal_and_overwrites_neither_delivered_nor_read() -> None:
    assert set(earlier_than("failed")) == {"unknown", "queued", "sent"}
    assert not any(moves_forward("failed", one) for one in STATUSES)
    assert earlier_than("received") == ()


# -- stored
# ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations(["sent", "delivered", "read"])))
@pytest.mark.parametrize("when", ["before", "after", "between"])
def test_every_permutation_around_the_message_ends_read(
    reception: Reception, order: tuple[str, ...], when: str
) -> None:
    late = {"before": 3, "between": 1, "after": 0}[when]
    for name in order[:late]:
        reception.deliver(body([change(statuses=[status("wamid.e", name)])]))
    echo(reception)
    for name in order[late:]:
        reception.deliver(body([change(statuses=[status("wamid.e", name)])]))
    (message,) = reception.messages()
    assert message.status == "read"
    assert reception.count("PARK#") == 0


def _dies_before_what_follows(reception: Reception, raw: bytes) -> None:
    """The worker commits and dies; the queue delivers the command again."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reception.intake, "_follow_up", _dies)
        reception.post(raw)
        assert len(reception.work()) == 1
    reception.queue.forget()
    reception.deliver(raw)


def _dies(*_: Any) -> None:
    raise ConnectionError("died after its commit")


@pytest.mark.parametrize("others", [0, 1])
def test_statuses_that_came_before_an_echo_outlive_a_crash_after_its_commit(reception: Reception, others: int) -> None:
    reception.deliver(body([change(statuses=[status("wamid.e", "read")])]))
    echoes = [echo_of(f"wamid.{name}") for name in "ef"[: 1 + others]]
    _dies_before_what_follows(reception, echo_body(*echoes))
    assert [one.status for one in reception.messages()] == ["read", "sent"][: 1 + others]
    assert reception.count("PARK#") == 0


def test_statuses_that_came_before_an_edit_of_an_unknown_echo_outlive_a_crash(reception: Reception) -> None:
    reception.deliver(body([change(statuses=[status("wamid.e", "read")])]))
    edit = {
        "type": "edit",
        "edit": {"original_message_id": "wamid.e", "message": {"type": "text", "text": {"body": "Oi?"}}},
    }
    _dies_before_what_follows(reception, echo_body(echo_of("wamid.edit") | edit))
    assert [(one.provider_id, one.status) for one in reception.messages()] == [("wamid.e", "read")]


def test_a_failed_status_keeps_code_and_title(reception: Reception) -> None:
    echo(reception)
    errors = [{"code": 131047, "title": "Re-engagement message"}]
    reception.deliver(body([change(statuses=[status("wamid.e", "failed", errors=errors)])]))
    reception.deliver(body([change(statuses=[status("wamid.e", "delivered")])]))
    (message,) = reception.messages()
    assert message.status == "failed"
    assert message.error is not None
    assert message.error.code == "131047"


def test_a_status_of_an_inbound_message_changes_nothing(reception: Reception) -> None:
    reception.deliver(said(text("wamid.1")))
    reception.deliver(body([change(statuses=[status("wamid.1", "read")])]))
    assert reception.messages()[0].status == "received"


# -- custom channels
# -------------------------------------------------------------------------------------------------------


def custom(reception: Reception, content: dict[str, Any], webhook_id: str = "m") -> int:
    raw = json.dumps(content).encode()
    answer = reception.post(raw, custom_headers(reception, raw, webhook_id), CUSTOM_CHANNEL).answer.status
    assert reception.work() == []
    return answer


def test_a_known_external_id_is_dropped_and_reported_only_when_it_says_something_else(
    reception: Reception, clock: Any
) -> None:
    content = {"external_id": "e1", "contact": {"external_id": "c1", "name": "Bia", "phone": "+5511912345678"},
               "message": {"kind": "text", "text": "Oi"}}  # fmt: skip
    for number in range(2):
        assert custom(reception, content, f"m{number}") == 202
        clock.move(1)
    channel = ChannelStore().get(A, CUSTOM_CHANNEL)
    assert channel is not None
    assert channel.problems == ()
    for number in range(2):
        assert custom(reception, content | {"message": {"kind": "text", "text": "Outra"}}, f"x{number}") == 202
    (message,) = reception.messages("x:c1", CUSTOM_CHANNEL)
    assert message.text == "Oi"
    channel = ChannelStore().get(A, CUSTOM_CHANNEL)
    assert channel is not None
    assert [one["code"] for one in channel.problems] == ["external_id_reused"]
    thread = reception.thread("x:c1", CUSTOM_CHANNEL)
    assert thread is not None
    assert thread.address == "c1", "the channel answers to its own id of the customer, not to the number"
    assert reception.contacts()[0].mobile == "+5511912345678"


def test_a_status_of_a_message_that_nobody_knows_is_taken_and_forgotten(reception: Reception) -> None:
    assert custom(reception, {"status": {"message_id": f"ms_{A}_{'1' * 27}", "status": "delivered"}}) == 202


def test_a_status_by_our_own_id_settles_a_send_without_an_answer(reception: Reception, clock: Any, ids: Any) -> None:
    reception.deliver(said(text("wamid.1")))
    (chat,), thread, outbox = reception.chats(), reception.thread(), DynamoOutbox()
    assert thread is not None
    ours = ids.new("ms", A)
    posting = post(Draft("text", "Oi!"), chat, thread, Author("user", "us"), ours, None, clock.now(), "r")
    assert outbox.write(A, posting)
    sent = outbox.get(A, ours)
    assert sent is not None
    silent = replace(sent, state="unknown", version=sent.version + 1, due=None)
    assert outbox.advance(A, sent, Step(silent, "unknown"))
    assert [one.status for one in reception.messages()] == ["received", "unknown"]
    for name in ("delivered", "sent", "read"):
        reception.deliver(body([change(statuses=[status("wamid.ours", name, biz_opaque_callback_data=ours)])]))
    _, message = reception.messages()
    assert (message.status, message.provider_id) == ("read", "wamid.ours")
    settled = outbox.get(A, ours)
    assert settled is not None
    assert settled.state == "settled"


@pytest.mark.parametrize(
    ("external_id", "contact_id"), [("9" * 2_000, "c1"), ("e1", "9" * 3_000), ("e 1", "c1"), ("e1", "c\n1")]
)
def test_an_id_that_cannot_be_taken_is_kept_raw_and_told_on_the_channel(
    reception: Reception, external_id: str, contact_id: str
) -> None:
    message = {"kind": "text", "text": "Oi"}
    assert (
        custom(
            reception, {"external_id": external_id, "contact": {"external_id": contact_id}, "message": message}, "m1"
        )
        == 202
    )
    assert reception.all_messages() == []
    assert len(reception.blobs.under("kept")) == 1
    channel = ChannelStore().get(A, CUSTOM_CHANNEL)
    assert channel is not None
    assert [one["code"] for one in channel.problems] == ["external_id_invalid"]
    assert "9999" not in str(channel.problems)


@pytest.mark.parametrize("contact_id", ["c-5", "José#7", "9" * 512])
def test_a_contact_shows_the_id_that_the_other_system_gave(reception: Reception, contact_id: str) -> None:
    message = {"kind": "text", "text": "Oi"}
    assert (
        custom(reception, {"external_id": "e1", "contact": {"external_id": contact_id}, "message": message}, "m1")
        == 202
    )
    (contact,) = reception.contacts()
    assert contact_view(contact, {})["identities"] == [{"channel_id": CUSTOM_CHANNEL, "external_id": contact_id}]


def test_an_id_too_long_for_a_key_is_seen_once_too(reception: Reception) -> None:
    long = "\U0001f600" * 512
    content = {"external_id": long, "contact": {"external_id": "c1"}, "message": {"kind": "text", "text": "Oi"}}
    for number in range(2):
        assert custom(reception, content, f"m{number}") == 202
        reception.queue.forget()
    (message,) = reception.messages("x:c1", CUSTOM_CHANNEL)
    assert message.provider_id == long


def template_word(event: str, at: int, name: str = "fatura", template_id: int = 777) -> bytes:
    value = {"event": event, "message_template_id": template_id, "message_template_name": name, "reason": "NONE"}
    value |= {"message_template_language": "pt-BR"}
    change = {"field": "message_template_status_update", "value": value}
    entry = {"id": "200000000000001", "time": at, "changes": [change]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def test_what_is_told_of_a_template_is_taken_up_or_kept_and_told(reception: Reception, clock: Any, ids: Any) -> None:
    """By webhook: of an id that is not known yet, too late, and of a template that is not here."""
    now = clock.now()
    found = Found("555", "fatura", "pt_BR", "UTILITY", "PENDING", "PENDING", ({"type": "BODY", "text": "Oi"},))
    template = imported(ids.new("tm", A), CHANNEL, found, now, now)
    assert DynamoTemplates().create(A, template)
    at = int(now.timestamp())
    reception.deliver(template_word("APPROVED", at))
    reception.deliver(template_word("REJECTED", at - 1))
    reception.deliver(template_word("APPROVED", at, "outra", 888))
    after = DynamoTemplates().get(A, template.id)
    assert after and (after.status, after.provider_id) == ("APPROVED", "777")
    assert reception.journal.left == ["older", "unknown"]
    kept = [json.loads(reception.blobs.objects[key]) for key in reception.journal.kept]
    assert [(one["word"], one["name"]) for one in kept] == [("REJECTED", "fatura"), ("APPROVED", "outra")]
