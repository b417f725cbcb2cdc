"""Merging contacts and undoing that, through the function's handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recado.bootstrap import Container
from recado.domain.chats import Chat
from tests.api.conftest import Answered, Api, Company
from tests.api.test_contacts import chat_of

Call = Callable[..., Answered]


@pytest.fixture
def add(api: Api, company: Company) -> Callable[..., dict[str, Any]]:
    def make(**fields: Any) -> dict[str, Any]:
        made: dict[str, Any] = api.post("/v1/contacts", fields, token=company.tokens["agent"]).json
        return made

    return make


@pytest.fixture
def book(api: Api, company: Company) -> Any:
    class Book:
        token = company.tokens["agent"]

        def get(self, contact_id: str) -> Any:
            return api.get(f"/v1/contacts/{contact_id}", token=self.token).json

        def merge(self, kept: str, other: str) -> Answered:
            return api.post(f"/v1/contacts/{kept}/merge", {"contact_id": other}, token=self.token)

        def undo(self, kept: str, merge_id: str) -> Answered:
            return api.delete(f"/v1/contacts/{kept}/merges/{merge_id}", token=self.token)

        def find(self, text: str) -> list[str]:
            found = api.get(f"/v1/contacts?q={text}", token=self.token).json["items"]
            return [one["id"] for one in found]

    return Book()


def without(contact: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in contact.items() if name not in ("updated_at", *names)}


def test_nothing_is_lost_and_all_comes_back(api: Api, company: Company, add: Any, book: Any) -> None:
    group = api.post("/v1/groups", {"name": "VIP"}, token=company.admin).json["id"]
    ana = add(name="Ana Souza", mobile="+5511987654321", email="ana@x.co", notes="A", city="Santos")
    other = add(
        name="Ana S.", mobile="+5511912345678", email="ana@y.co", phone="+551133334444", notes="B", state="SP",
        birthday="1990-01-31", group_ids=[group],
    )  # fmt: skip
    answered = book.merge(ana["id"], other["id"])
    assert (answered.status, set(answered.json)) == (200, {"merge_id"})
    kept = book.get(ana["id"])
    assert without(kept) == {
        **without(ana),
        "phone": "+551133334444",
        "notes": "A\n\nB",
        "state": "SP",
        "birthday": "1990-01-31",
        "group_ids": [group],
        "more_phones": ["+5511912345678"],
        "more_emails": ["ana@y.co"],
    }
    assert book.get(other["id"]) == {**kept, "merged_from": other["id"]}, "the old id leads to the kept one"
    for text in ("Ana", "912345678", "5678", "ana@y.co", "33334444"):
        assert book.find(text) == [ana["id"]], text
    assert [one["id"] for one in api.get("/v1/contacts", token=book.token).json["items"]] == [ana["id"]]
    again = api.post("/v1/contacts", {"name": "X", "mobile": "+5511912345678"}, token=book.token)
    assert (again.status, again.json["contact_ids"]) == (409, [ana["id"]]), "its number is the kept one's"
    assert book.merge(ana["id"], other["id"]).json == answered.json, "again"
    merges = api.get(f"/v1/contacts/{ana['id']}/merges", token=book.token).json["items"]
    assert [(one["id"], one["contact"]["name"], one["undone_at"]) for one in merges] == [
        (answered.json["merge_id"], "Ana S.", None)
    ]

    assert book.undo(ana["id"], answered.json["merge_id"]).status == 204
    assert without(book.get(ana["id"])) == without(ana)
    assert without(book.get(other["id"])) == without(other)
    assert set(book.find("Ana")) == {ana["id"], other["id"]}
    assert book.find("912345678") == [other["id"]]
    again = api.post("/v1/contacts", {"name": "X", "mobile": "+5511912345678"}, token=book.token)
    assert again.json["contact_ids"] == [other["id"]]
    assert book.undo(ana["id"], answered.json["merge_id"]).status == 404, "it is undone"
    page = api.get(f"/v1/contacts?group_id={group}", token=book.token).json["items"]
    assert [one["id"] for one in page] == [other["id"]]
    types = [one["type"] for one in api.get(f"/v1/contacts/{other['id']}/timeline", token=book.token).json["items"]]
    assert types == ["contact.unmerged", "contact.merged", "contact.created"]


def test_what_was_changed_since_stays(api: Api, company: Company, add: Any, book: Any) -> None:
    ana, other = add(name="Ana", city="Santos"), add(name="Ana S.", mobile="+5511912345678", state="SP", notes="B")
    merge_id = book.merge(ana["id"], other["id"]).json["merge_id"]
    changes = {"city": "Campinas", "state": "RJ", "email": "new@x.co"}
    assert api.patch(f"/v1/contacts/{other['id']}", changes, token=book.token).status == 200, "by the old id too"
    assert book.undo(ana["id"], merge_id).status == 204
    kept = book.get(ana["id"])
    assert {name: kept[name] for name in (*changes, "name", "mobile", "notes")} == {
        **changes, "name": "Ana", "mobile": None, "notes": None,
    }  # fmt: skip
    assert without(book.get(other["id"])) == without(other)


def test_chats_and_timelines_of_both_are_the_kept_ones(
    api: Api, company: Company, services: Container, add: Any, book: Any
) -> None:
    ana, other = add(name="Ana"), add(name="Ana S.")
    chats: list[Chat] = [chat_of(services, company, one["id"], "queued", "custom") for one in (ana, other)]
    book.merge(ana["id"], other["id"])
    ids = [one.id for one in reversed(chats)]
    for contact_id in (ana["id"], other["id"]):
        listed = api.get(f"/v1/contacts/{contact_id}/chats", token=company.admin).json["items"]
        assert [one["id"] for one in listed] == ids, "both open chats stay"
        filtered = api.get(f"/v1/chats?contact_id={contact_id}", token=company.admin).json["items"]
        assert [one["id"] for one in filtered] == ids
        events = api.get(f"/v1/contacts/{contact_id}/timeline", token=company.admin).json["items"]
        assert sorted(one["type"] for one in events) == sorted(
            ["contact.created"] * 2 + ["chat.started"] * 2 + ["contact.merged"] * 2
        )
        assert api.get(f"/v1/contacts/{contact_id}/messages", token=company.admin).status == 200
    assert [one["contact_id"] for one in listed] == [other["id"], ana["id"]], "each keeps the id it was opened under"
    assert api.delete(f"/v1/contacts/{ana['id']}", token=company.admin).json["code"] == "contact_has_open_chat"
    found = api.get("/v1/chats?q=Ana", token=company.admin).json["items"]
    assert [one["id"] for one in found] == ids


def test_merges_of_merges(api: Api, company: Company, add: Any, book: Any) -> None:
    first, second, third = (add(name=f"Maria {number}")["id"] for number in range(3))
    inner = book.merge(second, first).json["merge_id"]
    outer = book.merge(third, second).json["merge_id"]
    for one in (first, second):
        assert (book.get(one)["id"], book.get(one)["merged_from"]) == (third, one)
    assert book.undo(second, inner).json["code"] == "contact_merged"
    assert book.undo(third, outer).status == 204
    assert (book.get(first)["id"], book.get(second)["id"], book.get(third)["id"]) == (second, second, third)
    assert book.undo(second, inner).status == 204
    assert [book.get(one)["id"] for one in (first, second, third)] == [first, second, third]


def test_what_cannot_be_merged(api: Api, company: Company, other_company: Company, add: Any, book: Any) -> None:
    first, second, third, fourth = (add(name=f"Maria {number}")["id"] for number in range(4))
    foreign = api.post("/v1/contacts", {"name": "x"}, token=other_company.admin).json["id"]
    for nobody in (foreign, "ct_x", fourth[:-1] + ("0" if fourth[-1] != "0" else "1")):
        refused = book.merge(first, nobody)
        assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, "/contact_id")
    assert book.merge(first, first).json["code"] == "same_contact"
    api.put(f"/v1/contacts/{second}/principal", {"contact_id": third}, token=book.token)
    for one in (second, third):
        assert book.merge(first, one).json["code"] == "contact_has_links"
    merge_id = book.merge(third, second).json["merge_id"]
    assert book.get(third)["linked_ids"] == [], "those linked to each other may"
    book.undo(third, merge_id)
    assert (book.get(third)["linked_ids"], book.get(second)["principal_id"]) == ([second], third)
    groups = [api.post("/v1/groups", {"name": f"G{n}"}, token=company.admin).json["id"] for n in range(11)]
    full, more = add(name="A", group_ids=groups[:10])["id"], add(name="B", group_ids=groups[10:])["id"]
    assert book.merge(full, more).json["code"] == "too_large_to_merge"
    assert book.get(more)["id"] == more


def test_an_old_id_leads_to_the_kept_contact_wherever_a_contact_is_named(
    api: Api, company: Company, add: Any, book: Any
) -> None:
    kept, old, third = (add(name=name)["id"] for name in ("Ana", "Ana 2", "Bia"))
    book.merge(kept, old)
    assert book.find(old) == [kept]
    path = f"/v1/contacts/{third}/principal"
    assert api.put(path, {"contact_id": old}, token=book.token).json["principal_id"] == kept
    assert book.get(kept)["linked_ids"] == [third]
    before = book.get(third)["updated_at"]
    again = api.patch(f"/v1/contacts/{third}", {"principal_id": old}, token=book.token).json
    assert (again["principal_id"], again["updated_at"]) == (kept, before), "it is the same principal"
    itself = api.put(f"/v1/contacts/{kept}/principal", {"contact_id": old}, token=book.token)
    assert itself.json["code"] == "same_contact"


def test_a_deleted_contact_takes_the_old_ids_with_it(api: Api, add: Any, book: Any) -> None:
    first, second = add(name="A", mobile="+5511987654321")["id"], add(name="B", mobile="+5511912345678")["id"]
    book.merge(first, second)
    assert api.delete(f"/v1/contacts/{second}", token=book.token).status == 204
    assert [api.get(f"/v1/contacts/{one}", token=book.token).status for one in (first, second)] == [404, 404]
    assert add(name="C", mobile="+5511912345678")["name"] == "C", "its numbers are free"
