"""Templates in the one send path, and the window at both of its ends: when a message is written and when it leaves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recado.domain.errors import Conflict, DomainError, FieldError, Forbidden, Invalid, NotFound, WrongType
from recado.domain.messages import Template
from tests.sending_world import ADMIN, ANA, DEPARTMENT, A, World, agent, refuses

BUTTONS = {
    "type": "BUTTONS",
    "buttons": [
        {"type": "QUICK_REPLY", "text": "Ok"},
        {"type": "URL", "text": "Ver", "url": "https://a.example/{{1}}"},
    ],
}
HEADER = {"type": "HEADER", "format": "TEXT", "text": "Pedido {{1}}"}


@pytest.fixture
def world(dynamodb: Any, clock: Any, ids: Any) -> World:
    return World(clock, ids)


def refused(world: World, error: type[DomainError], template: Template) -> DomainError:
    before = world.thread
    with pytest.raises(error) as caught:
        world.write(text=None, template=template)
    assert world.thread == before
    return caught.value


@pytest.mark.parametrize("caller", [agent(ANA), ADMIN])
def test_its_values_go_where_they_belong_and_agents_see_what_was_sent(world: World, caller: Any) -> None:
    world.template("pedido", "pt_BR", "Oi {{1}}, são {{2}}.", HEADER, BUTTONS)
    world.customer_was_silent(30)
    sent = world.write(caller, text=None, template=Template("pedido", "pt_BR", ("7", "Ana", "R$ 2", "abc")))
    assert sent.text == "Pedido 7\nOi Ana, são R$ 2."
    assert world.thread.last_text == sent.text
    world.work()
    assert world.message(sent.id).status == "sent"
    body = json.loads(world.provider.sent[0])
    assert body["template"] == {
        "name": "pedido",
        "language": {"code": "pt_BR"},
        "components": [
            {"type": "header", "parameters": [{"type": "text", "text": "7"}]},
            {"type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "R$ 2"}]},
            {"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "abc"}]},
        ],
    }


def test_values_by_name(world: World) -> None:
    world.template("ola", "pt_BR", "Oi {{nome}}, tudo bem?")
    world.write(text=None, template=Template("ola", "pt_BR", {"nome": "Ana"}))
    world.work()
    (component,) = json.loads(world.provider.sent[0])["template"]["components"]
    assert component["parameters"] == [{"type": "text", "parameter_name": "nome", "text": "Ana"}]


@pytest.mark.parametrize("status", ["PENDING", "REJECTED", "PAUSED", "DISABLED", "DELETED"])
def test_only_an_approved_one_is_sent(world: World, status: str) -> None:
    world.template("ola", "pt_BR", "Oi", status=status)
    error = refused(world, Conflict, Template("ola", "pt_BR"))
    assert (error.code, error.extra) == ("template_not_approved", {"template_status": status})


def test_only_one_of_the_channel_by_a_department_that_may(world: World) -> None:
    assert refused(world, NotFound, Template("ola", "pt_BR")).errors[0].pointer == "/template/name"
    world.template("ola", "pt_BR", "Oi", department_ids=("dp_other",))
    assert refused(world, Forbidden, Template("ola", "pt_BR")).code == "template_not_allowed"
    world.template("de_outro", "pt_BR", "Oi", channel_id=world.ids.new("ch", A))
    assert refused(world, NotFound, Template("de_outro", "pt_BR")).errors[0].pointer == "/template/name"
    assert refused(world, NotFound, Template("ola", "en")).errors[0].pointer == "/template/name"
    world.template("nossa", "pt_BR", "Oi", department_ids=(DEPARTMENT,))
    assert world.write(text=None, template=Template("nossa", "pt_BR")).text == "Oi"


def test_missing_values_are_named_and_other_headers_are_not_sent(world: World) -> None:
    world.template("ola", "pt_BR", "Oi {{1}}, são {{2}}.")
    error = refused(world, Invalid, Template("ola", "pt_BR", ("Ana",)))
    assert (error.errors[0].pointer, error.errors[0].code) == ("/template/variables", "missing_variables")
    assert "body {{2}}" in error.detail
    world.template("anel", "pt_BR", "Oi", {"type": "HEADER", "format": "GIF"})
    assert refused(world, Invalid, Template("anel", "pt_BR")).errors[0].code == "header_not_supported"


def test_a_place_in_the_header(world: World) -> None:
    """It is stored with the send, and goes out as it was given."""
    world.template("lugar", "pt_BR", "Oi {{1}}, tudo bem?", {"type": "HEADER", "format": "LOCATION"})
    place = {"latitude": "-23.5613", "longitude": "-46.65", "name": "Loja", "address": "Av. Paulista 1"}
    assert refused(world, Invalid, Template("lugar", "pt_BR", ("Ana",))).errors[0].code == "missing_variables"
    with pytest.raises(Invalid) as caught:
        world.write(text=None, template=Template("lugar", "pt_BR", (*place.values(), "Ana")), file_id=world.has_file())
    assert caught.value.errors[0].pointer == "/file_id"
    wanted = Template("lugar", "pt_BR", {"header": place, "body": ("Ana",)})
    sent = world.write(text=None, template=wanted)
    assert (sent.kind, sent.text) == ("text", "Loja\nAv. Paulista 1\nOi Ana, tudo bem?")
    world.work()
    assert world.message(sent.id).status == "sent"
    assert json.loads(world.provider.sent[0])["template"]["components"] == [
        {"type": "header", "parameters": [{"type": "location", "location": place}]},
        {"type": "body", "parameters": [{"type": "text", "text": "Ana"}]},
    ]


@pytest.mark.parametrize(
    ("form", "content_type", "shown"),
    [
        ("IMAGE", "image/png", {}),
        ("VIDEO", "video/mp4", {}),
        ("DOCUMENT", "application/pdf", {"filename": "nota"}),
    ],
)
def test_a_file_in_the_header(world: World, form: str, content_type: str, shown: dict[str, str]) -> None:
    """An accepted file, by a link that holds when it is sent; its values are beside it."""
    kind = form.lower()
    world.template("nota", "pt_BR", "Oi {{1}}, tudo bem?", {"type": "HEADER", "format": form})
    wanted = Template("nota", "pt_BR", ("Ana",))
    world.customer_was_silent(30)
    assert refused(world, Invalid, wanted).errors[0] == FieldError(
        "/file_id", "required", f"The template's header is a file: give one to be sent as {kind}."
    )
    sent = world.write(text=None, template=wanted, file_id=world.has_file(content_type))
    assert (sent.kind, sent.text, (sent.file or {})["content_type"]) == (kind, "Oi Ana, tudo bem?", content_type)
    world.work()
    assert world.message(sent.id).status == "sent"
    body = json.loads(world.provider.sent[0])
    header, of_body = body["template"]["components"]
    link = header["parameters"][0][kind].pop("link")
    assert link.startswith(("https://", "http://"))
    assert header == {"type": "header", "parameters": [{"type": kind, kind: shown}]}
    assert of_body["type"] == "body" and body["type"] == "template"


def test_a_header_takes_no_other_file_and_a_template_without_one_none(world: World) -> None:
    world.template("foto", "pt_BR", "Oi", {"type": "HEADER", "format": "IMAGE"})
    world.template("ola", "pt_BR", "Oi")
    for name, content_type, error, code in (
        ("foto", "application/pdf", WrongType, "file_type_not_taken"),
        ("ola", "image/png", Invalid, "conflict"),
    ):
        with pytest.raises(error) as caught:
            world.write(text=None, template=Template(name, "pt_BR"), file_id=world.has_file(content_type))
        assert (caught.value.errors[0].pointer, caught.value.errors[0].code) == ("/file_id", code)


def test_a_channel_without_templates_says_so(dynamodb: Any, clock: Any, ids: Any) -> None:
    world = World(clock, ids, "custom")
    assert refused(world, Invalid, Template("ola", "pt_BR")).errors[0].code == "kind_not_supported"


def test_outside_the_window_it_is_told_what_may_be_sent(world: World) -> None:
    mine = world.template("ola", "pt_BR", "Oi {{1}}, tudo bem?", department_ids=(DEPARTMENT,))
    world.template("pausada", "pt_BR", "Oi", status="PAUSED")
    world.template("de_outros", "pt_BR", "Oi", department_ids=("dp_other",))
    world.customer_was_silent(24)
    with pytest.raises(Conflict) as caught:
        world.write()
    assert caught.value.extra["templates"] == [
        {
            "id": mine.id, "name": "ola", "language": "pt_BR", "category": "UTILITY",
            "variables": [{"component": "body", "name": "1"}],
        }
    ]  # fmt: skip


def test_a_template_opens_no_window_and_nothing_of_the_company_renews_one(world: World) -> None:
    world.template("ola", "pt_BR", "Oi")
    world.customer_was_silent(23)
    world.write()
    world.clock.move(3_599)
    assert world.write().status == "queued"
    world.clock.move(1)
    for _ in range(2):
        with pytest.raises(Conflict):
            world.write()
        assert world.write(text=None, template=Template("ola", "pt_BR")).status == "queued"


def test_what_was_written_in_the_last_second_and_leaves_too_late_fails_for_a_template(world: World) -> None:
    """The provider decides when it arrives: where it can still be refused it is, and later told."""
    world.customer_was_silent(24 - 1 / 3600)
    late = world.write()
    world.clock.move(2)
    world.provider.script = [refuses(131047)]
    world.work()
    told = world.message(late.id)
    assert told.status == "failed" and told.error is not None
    assert told.error.code == "131047"
    assert world.out(late.id).due is None
