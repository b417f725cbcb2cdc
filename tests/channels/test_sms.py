"""SMS beyond the common contract: whose message it is, replays, opt-outs, statuses, what is never shown."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from recado.domain.channels import Channel
from recado.domain.chats import Thread, ThreadKey
from recado.domain.messages import CannotSend
from recado.domain.sending import recipient as recipient_of
from recado.storage.channels import ChannelStore
from tests.channels.kit import NOW, Bench, outbound
from tests.channels.sms.signing import encode
from tests.channels.test_twilio import openssl
from tests.reception import BASE_URL, DEPARTMENT, A, Reception

BENCH = Bench("sms")
NUMBER, OTHER = "+551140041234", "+551140049999"
FIRST, SECOND = (f"ch_{A}_{number:027x}" for number in (8, 9))
ANA = "+5511987650001"


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("+5511987650001", "+5511987650001"),
        ("+551187650001", "+5511987650001"),
        ("5511987650001", "+5511987650001"),
        ("+551133334444", "+551133334444"),
        ("28811", "u:28811"),
        ("2881111", "u:2881111"),
        ("VIVO", "u:VIVO"),
        ("MY BANK", "u:MY BANK"),
    ],
)
def test_the_key_of_a_customer(address: str, key: str) -> None:
    assert BENCH.adapter.canonical(address) == key


@pytest.mark.parametrize("address", ["", " ", "whatsapp:+5511987650001", "é", "x" * 65, "a\nb"])
def test_what_is_nobody(address: str) -> None:
    with pytest.raises(ValueError):
        BENCH.adapter.canonical(address)


@pytest.mark.parametrize(
    ("number", "good"),
    [
        ("+551140041234", True),
        ("+55 (11) 4004-1234", True),
        ("27700", True),
        ("551140041234", False),
        ("RECADO", False),
        ("12", False),
        ("+12", False),
    ],
)
def test_the_channels_number(number: str, good: bool) -> None:
    assert (BENCH.adapter.validate({"number": number}, BENCH.secrets) == ()) is good


def test_a_number_is_one_however_it_is_written() -> None:
    written = {"number": "+55 (11) 4004-1234"}
    assert BENCH.adapter.account_address(written) == NUMBER
    (request,) = send(written)
    assert b"From=%2B551140041234" in request.body


def test_without_a_service_and_a_webhook_neither_is_named() -> None:
    message = outbound({"kind": "text", "text": "Oi"})._replace(webhook_url=None)
    to = recipient_of(Thread(ThreadKey("ch_1", ANA), "ct_1", 1, address=ANA))
    (request,) = BENCH.adapter.build_send(message, to, {"number": NUMBER}, BENCH.secrets, NOW)
    assert request.body == urlencode([("To", ANA), ("From", NUMBER), ("Body", "Oi")]).encode()


def test_who_is_known_by_an_old_form_is_written_to_as_they_wrote() -> None:
    thread = Thread(ThreadKey("ch_1", ANA), "ct_1", 1, address="+551187650001")
    message = outbound({"kind": "text", "text": "Oi"})
    (request,) = BENCH.adapter.build_send(message, recipient_of(thread), BENCH.settings, BENCH.secrets, NOW)
    assert request.body.startswith(b"To=%2B551187650001&")


def test_a_name_cannot_be_answered() -> None:
    thread = Thread(ThreadKey("ch_1", "u:VIVO"), "ct_1", 1, address="VIVO")
    message = outbound({"kind": "text", "text": "Oi"})
    with pytest.raises(CannotSend) as refused:
        BENCH.adapter.build_send(message, recipient_of(thread), BENCH.settings, BENCH.secrets, NOW)
    assert refused.value.failure.klass == "recipient"


def send(settings: dict[str, Any]) -> list[Any]:
    to = recipient_of(Thread(ThreadKey("ch_1", ANA), "ct_1", 1, address=ANA))
    return BENCH.adapter.build_send(outbound({"kind": "text", "text": "Oi"}), to, settings, BENCH.secrets, NOW)


# -- through ingress and the inbound worker ------------------------------------------------------


class Numbers:
    """Two numbers of one account."""

    def __init__(self, clock: Any, ids: Any) -> None:
        self.reception, self.clock = Reception(clock, ids), clock
        self.reception.settle()
        for channel_id, number in ((FIRST, NUMBER), (SECOND, OTHER)):
            channel = Channel(channel_id, "sms", "sms", DEPARTMENT, clock.now(), {"number": number}, number)
            ChannelStore().create(A, channel, {"auth_token": ("t0ken",)})

    def deliver(self, name: str, **changes: str) -> Any:
        """A recorded webhook at the first number's URL, long after whatever the queue remembers."""
        raw = encode(BENCH.read(f"{name}.json") | changes)
        form = BENCH.read(f"{name}.json") | changes
        signed = f"{BASE_URL}/webhooks/{FIRST}" + "".join(key + form[key] for key in sorted(form))
        headers = {"x-twilio-signature": openssl(signed, "t0ken")}
        received = self.reception.post(raw, headers, FIRST)
        assert self.reception.work() == []
        self.reception.queue.forget()
        return received

    def messages(self, channel_id: str = FIRST, sender: str = ANA) -> list[Any]:
        return self.reception.messages(sender, channel_id)


@pytest.fixture
def numbers(dynamodb: Any, clock: Any, ids: Any) -> Numbers:
    return Numbers(clock, ids)


def test_a_webhook_is_acknowledged_in_twilios_language(numbers: Numbers) -> None:
    answer = numbers.deliver("text").answer
    assert (answer.status, answer.body, answer.content_type) == (200, "<Response/>", "text/xml")


def test_a_replay_adds_nothing_whenever_it_comes(numbers: Numbers) -> None:
    """The signature has no time: it stays good for ever, and what was recorded is what refuses it."""
    numbers.deliver("image", Body="Olá")
    for seconds in (1, 600, 86_400, 80 * 86_400):
        numbers.clock.move(seconds)
        assert numbers.deliver("image", Body="Olá").answer.status == 200
    (message,) = numbers.messages()
    assert (message.kind, message.text) == ("image", "Olá")
    assert len(numbers.reception.chats()) == 1
    thread = numbers.reception.thread(ANA, FIRST)
    assert thread is not None
    assert thread.last_inbound_at == message.sent_at


def test_ten_files_are_ten_messages_once(numbers: Numbers) -> None:
    for _ in range(2):
        numbers.deliver("images_ten")
    messages = numbers.messages()
    assert [one.seq for one in messages] == list(range(1, 11))
    assert [one.provider_id.partition("#")[2] for one in messages] == ["", *map(str, range(2, 11))]
    assert [one.text for one in messages] == ["dez"] + [""] * 9
    assert {one.file["state"] for one in messages} == {"pending"}


def test_a_message_to_another_number_is_routed_there(numbers: Numbers) -> None:
    numbers.deliver("text_of_another_number")
    assert numbers.messages() == []
    assert [one.text for one in numbers.messages(SECOND)] == ["Olá!"]
    received = numbers.deliver("text", To="+551140040000")
    assert (received.answer.status, received.kept, received.commands) == (200, ("unknown_address",), 0)


def test_an_opt_out_is_noted_and_is_nobodys_work(numbers: Numbers) -> None:
    numbers.deliver("opt_out")
    (note,) = numbers.messages()
    assert (note.kind, note.payload["type"], note.text, note.chat_id) == ("system", "opted_out", "STOP", "")
    assert numbers.reception.chats() == []


def test_a_number_with_and_without_the_ninth_digit_is_one_thread(numbers: Numbers) -> None:
    numbers.deliver("text")
    numbers.deliver("text_without_ninth_digit")
    assert [one.seq for one in numbers.messages()] == [1, 2]
    assert len(numbers.reception.contacts()) == 1


def test_a_status_that_comes_before_its_message_waits_for_it(numbers: Numbers) -> None:
    numbers.deliver("status_delivered")
    assert numbers.reception.count("PARK#") == 1
    numbers.deliver("status_queued")
    assert numbers.reception.count("PARK#") == 1
