"""Groups, organizations, custom fields and principal contacts, through the function's handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recado.bootstrap import Container
from tests.api.conftest import Answered, Api, Company

Call = Callable[..., Answered]


@pytest.fixture
def add(api: Api, company: Company) -> Call:
    """Adds a contact as the agent."""
    return lambda **fields: api.post("/v1/contacts", fields, token=company.tokens["agent"])


@pytest.fixture
def field(api: Api, company: Company, services: Container) -> Call:
    """Adds a custom field of contacts as the admin."""

    def make(slug: str, field_type: str, **given: Any) -> Answered:
        body = {"slug": slug, "label": slug, "table": "contacts", "type": field_type, **given}
        answered = api.post("/v1/custom-fields", body, token=company.admin)
        forget(services)
        return answered

    return make


def forget(services: Container) -> None:
    """Fields are remembered for ten seconds."""
    services.remembered_fields._known.clear()


def refused(answered: Answered) -> tuple[int, str, list[tuple[str, str]]]:
    problem = answered.json
    return answered.status, problem["code"], [(one["pointer"], one["code"]) for one in problem["errors"]]


@pytest.mark.parametrize("kind", ["groups", "organizations"])
def test_from_first_to_last(api: Api, company: Company, kind: str) -> None:
    token = company.tokens["agent"]
    made = api.post(f"/v1/{kind}", {"name": "  Rotik   Ltda "}, token=token)
    assert (made.status, made.json["name"]) == (201, "Rotik Ltda")
    path = f"/v1/{kind}/{made.json['id']}"
    assert api.get(path, token=token).json == made.json
    again = api.post(f"/v1/{kind}", {"name": "RÓTIK ltda"}, token=token)
    assert refused(again) == (409, "name_taken", [])
    others = [api.post(f"/v1/{kind}", {"name": name}, token=token).json for name in ("Álamo", "Zeta", "rota")]
    names = [one["name"] for one in api.get(f"/v1/{kind}", token=token).json["items"]]
    assert names == ["Álamo", "rota", "Rotik Ltda", "Zeta"], "by name, whatever its case and accents"
    assert [one["name"] for one in api.get(f"/v1/{kind}?q=ROT", token=token).json["items"]] == ["rota", "Rotik Ltda"]
    assert api.get(f"/v1/{kind}?q=x", token=token).json == {"items": [], "next": None}
    found, after = [], ""
    while True:
        page = api.get(f"/v1/{kind}?limit=1{after}", token=token).json
        found += [one["name"] for one in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == names
    assert refused(api.patch(path, {"name": "zeta"}, token=token)) == (409, "name_taken", [])
    changed = api.patch(path, {"name": "Rotik S.A."}, token=token).json
    assert changed["name"] == "Rotik S.A." and changed["id"] == made.json["id"]
    assert api.patch(path, {}, token=token).json == changed
    assert api.post(f"/v1/{kind}", {"name": "Rotik Ltda"}, token=token).status == 201, "its old name is free"
    assert api.delete(path, token=token).status == 204
    assert (api.get(path, token=token).status, api.delete(path, token=token).status) == (404, 404)
    assert api.post(f"/v1/{kind}", {"name": "rotik s.a."}, token=token).status == 201
    assert api.get(f"/v1/{kind}/{others[0]['id']}", token=company.tokens["restricted"]).status == 403


def test_contacts_of_groups_and_of_an_organization(
    api: Api, company: Company, other_company: Company, add: Call, services: Container
) -> None:
    token = company.tokens["agent"]
    vip, new = (api.post("/v1/groups", {"name": name}, token=token).json["id"] for name in ("VIP", "Novos"))
    rotik = api.post("/v1/organizations", {"name": "Rotik"}, token=token).json["id"]
    contacts = [add(name=f"Contato {number}", group_ids=[vip]).json for number in range(3)]
    ana = add(name="Ana", group_ids=[new, vip, vip], organization_id=rotik).json
    assert (ana["group_ids"], ana["organization_id"]) == ([new, vip], rotik)
    ids = [ana["id"], *(one["id"] for one in reversed(contacts))]
    assert [one["id"] for one in api.get(f"/v1/contacts?group_id={vip}", token=token).json["items"]] == ids
    page = api.get(f"/v1/contacts?group_id={vip}&limit=3", token=token).json
    rest = api.get(f"/v1/contacts?group_id={vip}&after={page['next']}", token=token).json
    assert [one["id"] for one in (*page["items"], *rest["items"])] == ids
    assert api.get(f"/v1/contacts?organization_id={rotik}", token=token).json["items"] == [ana]
    assert refused(api.get(f"/v1/contacts?group_id={vip}&q=ana", token=token))[2] == [("?group_id", "one_of")]
    foreign = api.post("/v1/groups", {"name": "x"}, token=other_company.admin).json["id"]
    assert refused(add(name="B", group_ids=[vip, foreign], organization_id=vip))[2] == [
        ("/organization_id", "not_found"),
        ("/group_ids/1", "not_found"),
    ]
    assert api.get(f"/v1/contacts?group_id={foreign}", token=token).json["items"] == []
    # deleted, a group is left by its contacts; an organization too
    for path in (f"/v1/groups/{vip}", f"/v1/organizations/{rotik}"):
        assert api.delete(path, token=token).status == 204
    services.deleted_groups.empty_due(160)
    left = api.get(f"/v1/contacts/{ana['id']}", token=token).json
    assert (left["group_ids"], left["organization_id"]) == ([new], None)
    assert api.get(f"/v1/contacts?group_id={vip}", token=token).json["items"] == []
    newest = api.get(f"/v1/contacts/{ana['id']}/timeline", token=token).json["items"][0]
    assert (newest["type"], newest["actor"]) == ("contact.updated", {"type": "system", "id": None})


def test_a_custom_field_from_first_to_last(api: Api, company: Company, add: Call, field: Call, services: Any) -> None:
    token = company.admin
    cor = field("cor", "list", options=[" azul ", "verde"], required=True)
    assert (cor.status, cor.json["options"], cor.json["active"]) == (201, ["azul", "verde"], True)
    path = f"/v1/custom-fields/{cor.json['id']}"
    assert api.get(path, token=company.tokens["restricted"]).json == cor.json
    assert refused(field("cor", "text")) == (409, "slug_taken", [])
    assert refused(add(name="Ana"))[2] == [("/custom_fields/cor", "required")]
    assert refused(add(name="Ana", custom_fields={"cor": "roxo"}))[2] == [("/custom_fields/cor", "invalid")]
    ana = add(name="Ana", custom_fields={"cor": "azul"}).json
    for body, pointer in (
        ({"type": "text"}, "/type"),
        ({"slug": "x"}, "/slug"),
        ({"options": []}, "/options"),
        ({"options": ["a", "a"]}, "/options/1"),
        ({"options": ["Maçã", "pera", "MACA"]}, "/options/2"),
    ):
        assert refused(api.patch(path, body, token=token))[2][0][0] == pointer
    assert api.patch(path, {"active": False, "label": "Cor"}, token=token).json["label"] == "Cor"
    forget(services)
    contact = f"/v1/contacts/{ana['id']}"
    assert api.get(contact, token=token).json["custom_fields"] == {}
    assert refused(api.patch(contact, {"custom_fields": {"cor": "verde"}}, token=token))[0] == 400
    assert api.patch(contact, {"name": "Ana Lima"}, token=token).json["custom_fields"] == {}
    api.patch(path, {"active": True}, token=token)
    assert api.get(contact, token=token).json["custom_fields"] == {"cor": "azul"}, "it comes back"
    assert api.delete(path, token=token).status == 405
    assert [one["slug"] for one in api.get("/v1/custom-fields?table=contacts", token=token).json["items"]] == ["cor"]
    assert api.get("/v1/custom-fields?table=organizations", token=token).json["items"] == []


def test_wrong_fields_are_refused(api: Api, company: Company, field: Call) -> None:
    for slug, field_type, given, pointer in (
        ("Cor", "text", {}, "/slug"),
        ("1cor", "text", {}, "/slug"),
        ("cor", "colour", {}, "/type"),
        ("cor", "list", {}, "/options"),
        ("cor", "text", {"options": ["a"]}, "/options"),
        ("cor", "text", {"table": "chats"}, "/table"),
        ("cor", "text", {"label": " "}, "/label"),
    ):
        assert refused(field(slug, field_type, **given))[2][0][0] == pointer
    body = {"slug": "x", "label": "x", "table": "contacts", "type": "text"}
    assert api.post("/v1/custom-fields", body, token=company.tokens["agent"]).status == 403


def test_values_of_custom_fields(
    api: Api, company: Company, other_company: Company, add: Call, field: Call, services: Any
) -> None:
    token = company.tokens["agent"]
    for slug, field_type in (("cpf", "cpf"), ("gerente", "agent"), ("idade", "number")):
        field(slug, field_type)
    agent, foreign = company.users["agent"].id, other_company.users["agent"].id
    ana = add(name="Ana", custom_fields={"cpf": "529.982.247-25", "gerente": agent, "idade": 30})
    assert ana.json["custom_fields"] == {"cpf": "52998224725", "gerente": agent, "idade": 30}
    path = f"/v1/contacts/{ana.json['id']}"
    wrong = {"cpf": "529.982.247-26", "gerente": foreign, "idade": "30", "altura": 1}
    assert refused(api.patch(path, {"custom_fields": wrong}, token=token))[2] == [
        ("/custom_fields/cpf", "invalid"),
        ("/custom_fields/idade", "invalid"),
        ("/custom_fields/altura", "not_found"),
        ("/custom_fields/gerente", "not_found"),
    ]
    changed = api.patch(path, {"custom_fields": {"cpf": None, "idade": 31}}, token=token).json
    assert changed["custom_fields"] == {"gerente": agent, "idade": 31}
    fields = {"slug": "site", "label": "Site", "table": "organizations", "type": "url", "required": True}
    api.post("/v1/custom-fields", fields, token=company.admin)
    forget(services)
    rotik = {"name": "Rotik", "custom_fields": {"site": "https://rotik.example"}}
    assert refused(api.post("/v1/organizations", {"name": "Rotik"}, token=token))[2] == [
        ("/custom_fields/site", "required")
    ]
    made = api.post("/v1/organizations", rotik, token=token).json
    assert made["custom_fields"] == {"site": "https://rotik.example"}
    refusal = api.patch(f"/v1/organizations/{made['id']}", {"custom_fields": {"site": "x"}}, token=token)
    assert refused(refusal)[2] == [("/custom_fields/site", "invalid")]


def test_a_field_is_used_as_soon_as_it_is_made_or_changed(api: Api, company: Company, add: Call) -> None:
    """Fields are remembered, here and in other processes, but never so that what is right is refused or hidden."""
    token, agent = company.admin, company.tokens["agent"]
    for table, collection in (("contacts", "contacts"), ("organizations", "organizations")):
        make = {"name": f"Primeiro de {table}", "custom_fields": {"x": "1"}}
        assert refused(api.post(f"/v1/{collection}", make, token=agent))[2] == [("/custom_fields/x", "not_found")]
        body = {"slug": "cor", "label": "Cor", "table": table, "type": "list", "options": ["azul"], "required": True}
        cor = f"/v1/custom-fields/{api.post('/v1/custom-fields', body, token=token).json['id']}"
        made = api.post(f"/v1/{collection}", {"name": table, "custom_fields": {"cor": "azul"}}, token=agent)
        assert (made.status, made.json["custom_fields"]) == (201, {"cor": "azul"})
        path = f"/v1/{collection}/{made.json['id']}"
        assert api.patch(cor, {"options": ["azul", "verde"]}, token=token).status == 200
        green = api.patch(path, {"custom_fields": {"cor": "verde"}}, token=agent)
        assert (green.status, green.json["custom_fields"]) == (200, {"cor": "verde"})
        api.patch(cor, {"required": False}, token=token)
        assert api.post(f"/v1/{collection}", {"name": f"Sem cor de {table}"}, token=agent).status == 201
        api.patch(cor, {"active": False}, token=token)
        assert refused(api.patch(path, {"custom_fields": {"x": "azul"}}, token=agent))[0] == 400
        assert api.get(path, token=agent).json["custom_fields"] == {}
        api.patch(cor, {"active": True}, token=token)
        assert api.get(path, token=agent).json["custom_fields"] == {"cor": "verde"}, "hidden no longer"
        listed = api.get(f"/v1/{collection}", token=agent).json["items"]
        assert {"cor": "verde"} in [one["custom_fields"] for one in listed]


def test_a_photo_has_to_be_one(api: Api, company: Company, other_company: Company, add: Call) -> None:
    body = {"feature": "photo", "name": "a.png", "content_type": "image/png", "size": 10}
    pending = api.post("/v1/files", body, token=company.tokens["agent"]).json["file_id"]
    foreign = api.post("/v1/files", body, token=other_company.admin).json["file_id"]
    for file_id in (pending, foreign, "fi_x"):
        assert refused(add(name="Ana", photo_file_id=file_id))[2] == [("/photo_file_id", "not_found")]


class TestPrincipal:
    """One level, no cycles, nobody to themselves; opening either shows the linked ones."""

    @pytest.fixture
    def maria(self, add: Call) -> list[str]:
        return [add(name=f"Maria {number}").json["id"] for number in range(4)]

    def link(self, api: Api, company: Company, contact_id: str, to: str | None) -> Answered:
        return api.put(f"/v1/contacts/{contact_id}/principal", {"contact_id": to}, token=company.tokens["agent"])

    def links(self, api: Api, company: Company, contact_id: str) -> tuple[str | None, list[str]]:
        contact = api.get(f"/v1/contacts/{contact_id}", token=company.tokens["agent"]).json
        return contact["principal_id"], contact["linked_ids"]

    def test_contacts_are_linked_and_let_go(self, api: Api, company: Company, maria: list[str]) -> None:
        first, second, third, _ = maria
        assert self.link(api, company, second, first).json["principal_id"] == first
        assert self.link(api, company, third, first).status == 200
        assert self.link(api, company, third, first).status == 200, "again"
        assert self.links(api, company, first) == (None, [second, third])
        newest = api.get(f"/v1/contacts/{first}/timeline", token=company.admin).json["items"]
        assert [one["type"] for one in newest] == ["contact.linked", "contact.linked", "contact.created"]
        assert self.link(api, company, second, None).json["principal_id"] is None
        assert self.links(api, company, first) == (None, [third])
        newest = api.get(f"/v1/contacts/{second}/timeline", token=company.admin).json["items"]
        assert newest[0]["type"] == "contact.unlinked"

    def test_links_go_one_level_deep(
        self, api: Api, company: Company, other_company: Company, maria: list[str]
    ) -> None:
        first, second, third, fourth = maria
        self.link(api, company, second, first)
        assert refused(self.link(api, company, first, first))[:2] == (409, "same_contact")
        to_a_linked = self.link(api, company, third, second)
        assert refused(to_a_linked)[:2] == (409, "principal_is_linked")
        assert to_a_linked.json["contact_id"] == first
        cycle = self.link(api, company, first, second)
        assert cycle.status == 409, "a cycle"
        of_a_principal = self.link(api, company, first, third)
        assert refused(of_a_principal)[:2] == (409, "contact_has_linked")
        assert of_a_principal.json["contact_ids"] == [second]
        foreign = api.post("/v1/contacts", {"name": "x"}, token=other_company.admin).json["id"]
        for nobody in (foreign, "ct_x"):
            assert refused(self.link(api, company, third, nobody))[2] == [("/contact_id", "not_found")]
        assert [self.links(api, company, one) for one in (third, fourth)] == [(None, []), (None, [])]

    def test_a_link_goes_with_other_changes(self, api: Api, company: Company, add: Call, maria: list[str]) -> None:
        first, second, third, _ = maria
        path = f"/v1/contacts/{second}"
        api.patch(path, {"principal_id": first, "name": "Maria Dois"}, token=company.admin)
        changed = api.patch(path, {"principal_id": third}, token=company.admin).json
        assert (changed["principal_id"], changed["name"]) == (third, "Maria Dois")
        assert (self.links(api, company, first)[1], self.links(api, company, third)[1]) == ([], [second])
        made = add(name="Maria Nova", principal_id=third).json
        assert self.links(api, company, third)[1] == [second, made["id"]]
        assert refused(api.patch(path, {"principal_id": second}, token=company.admin))[:2] == (409, "same_contact")

    def test_who_is_deleted_leaves_no_link(self, api: Api, company: Company, maria: list[str]) -> None:
        first, second, third, fourth = maria
        for one in (second, third, fourth):
            self.link(api, company, one, first)
        assert api.delete(f"/v1/contacts/{fourth}", token=company.admin).status == 204
        assert self.links(api, company, first)[1] == [second, third]
        assert api.delete(f"/v1/contacts/{first}", token=company.admin).status == 204
        assert [self.links(api, company, one) for one in (second, third)] == [(None, []), (None, [])]
