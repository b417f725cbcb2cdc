"""A telephone call from its first ring to its end: what the caller hears, what it becomes in the chat."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recado.domain.errors import Invalid
from recado.storage.departments import DepartmentRecord
from tests.callers import BASE_URL, CUSTOMER, NUMBER, Company, Telephone, said, verbs
from tests.handlers.stack import Stack

ANA, BRUNO = "+5511912340001", "+5511912340002"


@pytest.fixture
def company(stack: Stack, clock: Any, ids: Any) -> Company:
    stack.container.settings = replace(stack.container.settings, public_base_url=BASE_URL)
    return Company(stack, clock, ids)


def through_the_menu(call: Telephone, digit: str = "2") -> None:
    call.rings()
    call.ask(Digits=digit)
    call.company.settle()


def payload(company: Company, customer: str = CUSTOMER) -> dict[str, Any]:
    (message,) = [one for one in company.messages(customer) if one.kind == "call"]
    return dict(message.payload)


def test_a_call_goes_by_the_menu_to_an_agent_who_talks(company: Company) -> None:
    ana = company.agent("Ana", company.bills, ANA)
    call = Telephone(company)
    heard = call.rings()
    assert verbs(heard) == ["Gather", "Redirect"]
    assert said(heard) == "Padaria Sol. Para pedidos, digite 1. Para contas, digite 2."
    assert company.chats() == []
    assert verbs(call.ask(Digits="2")) == ["Say", "Pause", "Redirect"]
    company.settle()
    chat = company.chat()
    assert (chat.department_id, chat.situation, chat.agent_id) == (company.bills, "in_service", ana)
    (dial,) = call.ask()
    assert (dial.tag, dial.get("callerId"), dial[0].text) == ("Dial", NUMBER, ANA)
    assert company.chat().started_at is None
    call.agent_answers()
    company.settle()
    assert payload(company) == {
        "call_sid": call.sid, "direction": "inbound", "state": "in_progress", "answered_by": ana,
    }  # fmt: skip
    chat = company.chat()
    assert (chat.started_at is not None, chat.answered_at is not None, chat.served_by) == (True, True, (ana,))
    assert verbs(call.dialled("completed", "42")) == ["Hangup"]
    call.ends(seconds="63")
    company.settle()
    told = payload(company)
    assert (told["state"], told["duration_s"], told["talk_s"]) == ("completed", 63, 42)
    assert company.facts(chat.id).count("chat.answered") == 1
    assert len(company.messages()) == 1


# -- the menu
# ---------------------------------------------------------------------------------------------------------------


def test_who_presses_nothing_hears_the_menu_again_and_goes_to_the_channels_department(company: Company) -> None:
    call = Telephone(company)
    assert call.rings().find("Gather") is not None
    again = call.ask()
    assert said(again).startswith("Não entendi. Para pedidos")
    call.ask(Digits="9")
    company.settle()
    assert company.chat().department_id == company.sales


def test_a_first_ring_that_comes_again_is_no_wrong_key(company: Company) -> None:
    call = Telephone(company)
    for _ in range(4):
        assert said(call.rings()).startswith("Padaria Sol.")
    assert company.chats() == []


def test_a_key_that_leads_to_what_is_not_there_leads_to_the_channels_department(company: Company) -> None:
    """It was deleted in the moment in which the menu was changed to name it."""
    found = DepartmentRecord.get(f"{company.a}#DEPARTMENTS", company.bills)
    found.delete()
    through_the_menu(Telephone(company))
    assert company.chat().department_id == company.sales


def test_without_a_menu_the_call_goes_straight_on(company: Company) -> None:
    company.services.channel_service.change(company.a, company.channel.id, {"settings": {"menu": None}})
    company.agent("Ana", company.sales, ANA)
    assert verbs(Telephone(company).rings()) == ["Say", "Pause", "Redirect"]
    company.settle()
    assert company.chat().department_id == company.sales


# -- waiting
# ----------------------------------------------------------------------------------------------------------------


def test_nobody_at_work_means_voicemail_which_is_kept_once(company: Company) -> None:
    call = Telephone(company)
    call.rings()
    heard = call.ask(Digits="2")
    assert verbs(heard) == ["Say", "Record", "Say", "Hangup"]
    assert said(heard).startswith("No momento ninguém pode atender. Deixe sua mensagem")
    recording = "RE" + "1" * 32
    left = {"RecordingUrl": "https://api.twilio.com/x", "RecordingSid": recording, "CallStatus": "completed"}
    assert verbs(call.ask(**left)) in (["Say", "Hangup"], ["Hangup"])
    call.ends()
    for _ in range(2):
        call.recorded(recording)
        company.settle()
    first, voicemail = company.messages()
    assert (first.kind, first.payload["state"]) == ("call", "voicemail")
    assert (voicemail.kind, voicemail.direction, voicemail.provider_id) == ("audio", "inbound", recording)
    assert voicemail.payload["media"]["url"].endswith(f"/Recordings/{recording}.mp3")
    assert (voicemail.payload["duration_s"], voicemail.payload["recording"]) == (17, "voicemail")
    assert voicemail.file is not None and voicemail.file["state"] == "pending"
    assert company.chat().situation == "queued"


def test_a_department_that_is_closed_says_so_and_sends_no_text(company: Company) -> None:
    company.agent("Ana", company.bills, ANA)
    hours = {"business_hours": [], "away_message": "Abrimos às 9 & fechamos às 18."}
    company.services.department_service.change(company.a, company.bills, None, hours)
    call = Telephone(company)
    call.rings()
    heard = call.ask(Digits="2")
    assert said(heard).startswith("Abrimos às 9 & fechamos às 18. Deixe")
    company.settle()
    assert [one.kind for one in company.messages()] == ["call"]
    assert company.stack.receive("outbound") == []


def test_who_waits_too_long_may_leave_a_message(company: Company, clock: Any) -> None:
    company.agent("Ana", company.bills, None)
    call = Telephone(company)
    through_the_menu(call)
    clock.move(59)
    assert verbs(call.ask()) == ["Pause", "Redirect"]
    clock.move(1)
    assert verbs(call.ask())[1] == "Record"
    assert verbs(call.ask())[1] == "Record", "asked again, as the answer was lost"


def test_a_busy_agent_is_waited_for_and_an_absent_one_is_not(company: Company) -> None:
    ana = company.agent("Ana", company.bills, ANA)
    company.services.presence.set_cap(company.a, ana, 1)
    through_the_menu(Telephone(company))
    second = Telephone(company, "+5511987650002")
    second.rings()
    assert verbs(second.ask(Digits="2")) == ["Say", "Pause", "Redirect"]
    company.services.presence.set_presence(company.a, ana, "paused")
    assert verbs(second.ask())[1] == "Record"


def test_an_agent_who_is_not_connected_any_more_is_not_called(company: Company, clock: Any) -> None:
    company.agent("Ana", company.bills, ANA)
    call = Telephone(company)
    through_the_menu(call)
    clock.move(91)
    assert "Dial" not in verbs(call.ask())


# -- agents who do not answer
# ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
def test_an_agent_who_does_not_answer_is_called_again_without_an_overflow(company: Company, status: str) -> None:
    ana = company.agent("Ana", company.bills, ANA)
    call = Telephone(company)
    through_the_menu(call)
    assert verbs(call.ask()) == ["Dial"]
    assert verbs(call.dialled(status)) == ["Pause", "Redirect"]
    assert (company.chat().agent_id, company.chat().started_at) == (ana, None)
    assert verbs(call.ask()) == ["Dial"]
    assert payload(company)["state"] == "ringing"


def test_with_an_overflow_the_next_agents_telephone_rings_at_once(company: Company) -> None:
    settings = {"distribution": {"overflow_after_s": 120}}
    company.services.department_service.change(company.a, company.bills, None, settings)
    ana = company.agent("Ana", company.bills, ANA, 1)
    bruno = company.agent("Bruno", company.bills, BRUNO, 2)
    call = Telephone(company)
    through_the_menu(call)
    assert call.ask()[0][0].text == ANA
    for _ in range(2):
        assert verbs(call.dialled("no-answer")) in (["Pause", "Redirect"], ["Dial"])
        company.settle()
    chat = company.chat()
    assert (chat.agent_id, chat.not_started_by) == (bruno, (ana,))
    assert call.ask()[0][0].text == BRUNO
    call.agent_answers()
    call.dialled("completed", "5")
    company.settle()
    assert payload(company)["answered_by"] == bruno


def test_a_chat_that_was_put_back_while_it_rang_is_whose_telephone_was_answered(company: Company) -> None:
    ana = company.agent("Ana", company.bills, ANA)
    call = Telephone(company)
    through_the_menu(call)
    call.ask()
    company.services.presence.set_presence(company.a, ana, "paused")
    company.services.chat_actions.queue(company.admin, company.chat().id)
    company.settle()
    assert company.chat().situation == "queued"
    call.agent_answers()
    company.settle()
    chat = company.chat()
    assert (chat.situation, chat.agent_id, chat.started_at is not None) == ("in_service", ana, True)


def test_a_chat_that_somebody_else_took_stays_theirs(company: Company) -> None:
    company.agent("Ana", company.bills, ANA)
    call = Telephone(company)
    through_the_menu(call)
    call.ask()
    bruno = company.agent("Bruno", company.bills, BRUNO, 2)
    company.services.chat_actions.transfer_to_agent(company.admin, company.chat().id, bruno)
    call.agent_answers()
    company.settle()
    assert (company.chat().agent_id, payload(company)["state"]) == (bruno, "in_progress")


def test_talking_begins_the_chat_even_where_the_answer_was_never_told(company: Company) -> None:
    ana = company.agent("Ana", company.bills, ANA)
    call = Telephone(company)
    through_the_menu(call)
    call.ask()
    call.dialled("completed", "42")
    assert company.chat().served_by == (ana,)


def test_what_the_agent_did_with_the_chat_while_they_talked_is_left_alone(company: Company) -> None:
    ana = company.agent("Ana", company.bills, ANA)
    call = Telephone(company)
    through_the_menu(call)
    call.ask()
    call.agent_answers()
    company.settle()
    company.services.presence.set_presence(company.a, ana, "paused")
    company.services.chat_actions.queue(company.admin, company.chat().id)
    call.agent_answers()
    call.dialled("completed", "42")
    call.ends()
    company.settle()
    assert company.chat().situation == "queued"


def test_how_a_call_goes_on_is_told_once_each(company: Company) -> None:
    company.agent("Ana", company.bills, ANA)
    call = Telephone(company)
    through_the_menu(call)
    call.ask()
    call.agent_answers()
    company.settle()
    call.dialled("completed", "42")
    records = company.stack.stream_records()
    for _ in range(2):
        company.stack.invoke("events", {"Records": records})
        company.stack.work("feed", "feed")
    entries, _ = company.services.feed.page(company.a, 0, 200)
    told = [one for one in entries if one["type"] in ("message.received", "message.status")]
    states = [one["data"]["payload"]["state"] for one in told]
    assert states == ["ringing", "in_progress", "completed"]


# -- ends
# -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [(), ("2",)])
def test_who_hangs_up_before_anybody_answered_is_a_missed_call_that_waits(company: Company, keys: tuple[str]) -> None:
    call = Telephone(company)
    call.rings()
    if keys:
        company.agent("Ana", company.bills, None)
        call.ask(Digits=keys[0])
    call.ends("completed" if keys else "no-answer")
    company.settle()
    assert payload(company)["state"] == "missed"
    assert company.chat().situation in ("queued", "in_service")
    assert company.chat().department_id == (company.bills if keys else company.sales)


def test_an_end_without_a_beginning_is_a_missed_call(company: Company) -> None:
    call = Telephone(company)
    for _ in range(2):
        call.ends("canceled")
        company.settle()
    assert payload(company)["state"] == "missed"
    assert len(company.chats()) == 1


def test_what_is_told_in_any_order_and_twice_comes_to_the_same(company: Company) -> None:
    ana = company.agent("Ana", company.bills, ANA)
    call = Telephone(company)
    through_the_menu(call)
    call.ask()
    call.ends(seconds="63")
    company.settle()
    assert payload(company)["state"] == "missed"
    for _ in range(2):
        call.dialled("completed", "42", CallStatus="completed")
        call.agent_answers()
        call.ends(seconds="63")
        company.settle()
    told = payload(company)
    assert (told["state"], told["duration_s"], told["talk_s"], told["answered_by"]) == ("completed", 63, 42, ana)


def test_a_call_that_is_recorded_opens_no_chat_with_its_recording(company: Company) -> None:
    settings = {"settings": {"record": True}}
    company.services.channel_service.change(company.a, company.channel.id, settings)
    company.agent("Ana", company.bills, ANA)
    call = Telephone(company)
    through_the_menu(call)
    (dial,) = call.ask()
    assert dial.get("record") == "record-from-answer-dual"
    call.agent_answers()
    call.dialled("completed", "42")
    company.settle()
    company.services.chat_actions.close(company.admin, company.chat().id)
    call.recorded("RE" + "2" * 32, "DialVerb")
    call.recorded("RE" + "3" * 32, "DialVerb", "absent")
    company.settle()
    _, recording = company.messages()
    assert (recording.kind, recording.direction, recording.chat_id) == ("audio", "outbound", "")
    assert len(company.chats()) == 1
    assert payload(company)["state"] == "completed"


def test_a_voicemail_after_the_chat_was_closed_opens_another(company: Company) -> None:
    call = Telephone(company)
    call.rings()
    call.ask(Digits="2")
    company.services.chat_actions.close(company.admin, company.chat().id)
    call.recorded("RE" + "1" * 32)
    company.settle()
    assert sorted(one.situation for one in company.chats()) == ["closed", "queued"]


def test_the_next_call_joins_the_open_chat(company: Company) -> None:
    company.agent("Ana", company.bills, ANA)
    first = Telephone(company)
    through_the_menu(first)
    first.ends()
    second = Telephone(company)
    second.rings()
    assert verbs(second.ask(Digits="1")) == ["Dial"], "Ana has their chat"
    assert len(company.chats()) == 1
    assert [one.payload["call_sid"] for one in company.messages()] == [first.sid, second.sid]


def test_who_withholds_their_number_is_served_and_each_call_is_somebody_else(company: Company) -> None:
    company.agent("Ana", company.bills, ANA)
    calls = [Telephone(company, "anonymous"), Telephone(company, "+266696687")]
    for call in calls:
        through_the_menu(call)
        assert verbs(call.ask()) == ["Dial"]
    assert len({one.contact_id for one in company.chats()}) == 2


# -- who may knock
# ----------------------------------------------------------------------------------------------------------


def test_signatures_sizes_and_channels_are_held_as_at_the_other_door(company: Company) -> None:
    form = {"CallSid": "CA1", "From": CUSTOMER, "CallStatus": "ringing"}
    assert company.post(form, signature="")["statusCode"] == 401
    assert company.post(form, signature="AAAA")["statusCode"] == 401
    assert company.post(form, channel_id=f"ch_{company.a}_{'9' * 27}")["statusCode"] == 404
    assert company.post(form, channel_id="nonsense")["statusCode"] == 404
    assert company.post({**form, "CallerName": "x" * 4_000_000})["statusCode"] == 413
    custom = company.services.channel_service.create(
        company.a, "custom", "Custom", None, {"callback_url": "https://a.example"}, {"secret": "whsec_" + "A" * 32}
    )
    assert company.post(form, channel_id=custom.id)["statusCode"] == 404
    event = {
        "pathParameters": {"channel_id": company.channel.id},
        "requestContext": {"requestId": "r", "http": {"method": "POST"}},
        "body": "",
    }
    assert company.stack.invoke("ingress", event)["statusCode"] == 404


def test_what_is_of_no_call_or_of_a_number_nobody_has_is_kept(company: Company) -> None:
    for form in ({"From": CUSTOMER}, {"CallSid": "CA1", "From": CUSTOMER, "To": "+551140009999"}):
        answer = company.post(form)
        assert (answer["statusCode"], answer["body"]) == (200, "<Response/>")
    kept = company.stack.s3.list_objects_v2(Bucket="recado-raw", Prefix=f"{company.a}/kept/")
    assert kept["KeyCount"] == 2
    assert company.chats() == []


def test_a_failure_is_500_and_says_nothing(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(company.services.call_service, "answer", lambda *_: 1 / 0)
    answer = company.post({"CallSid": "CA1", "From": CUSTOMER})
    assert (answer["statusCode"], "ZeroDivision" in answer["body"]) == (500, False)


# -- settings
# ---------------------------------------------------------------------------------------------------------------


def test_a_menu_leads_to_departments_of_the_account_alone(company: Company) -> None:
    options = [{"digit": "1", "label": "a", "department_id": company.sales}, {"digit": "2", "label": "b"}]
    for department_id in ("dp_otherabc_" + "1" * 27, "nonsense"):
        options[1]["department_id"] = department_id
        with pytest.raises(Invalid) as refused:
            company.services.channel_service.change(
                company.a, company.channel.id, {"settings": {"menu": {"options": options}}}
            )
        (error,) = refused.value.errors
        assert (error.pointer, error.code) == ("/settings/menu/options/1/department_id", "unknown_department")
