"""The conversation on a page of the online chat (web/demo/chat.js, docs/online-chat.md): what messages look like there,
and what is pressed under them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.browser import Page, Visitor

SHOP = "https://loja.example/"
HTML = "<img src=x onerror=alert(1)><b>x</b>&lt;"
BUTTONS = {"type": "buttons", "buttons": [{"id": "fx_1:0:0", "title": "Sim 👍"}, {"id": "fx_1:0:1", "title": "Não"}]}
ROWS = {
    "type": "list", "button": "Ver opções",
    "sections": [
        {"rows": [{"id": "a", "title": "Vendas"}]}, {"title": "Ajuda", "rows": [{"id": "b", "title": "Suporte"}]},
    ],
}  # fmt: skip


@pytest.fixture
def page() -> Page:
    return Visitor().opens(SHOP, [])


def open_options(page: Page) -> list[str]:
    return [one["title"] for bubble in page.bubbles for one in bubble["options"] if one["open"]]


def asked(page: Page, text: str = "Serve?", payload: Any = BUTTONS) -> None:
    page.is_told(kind="interactive", text=text, payload=payload)


def test_options_are_buttons(page: Page) -> None:
    asked(page)
    [bubble] = page.bubbles
    assert (bubble["said"], bubble["group"]) == ("Serve?", {"role": "group", "aria-label": "Serve?"})
    assert [(one["title"], one["open"], one["type"]) for one in bubble["options"]] == [
        ("Sim 👍", True, "button"), ("Não", True, "button"),
    ]  # fmt: skip


def test_rows_of_a_list_are_buttons_under_their_headings(page: Page) -> None:
    asked(page, payload=ROWS)
    [bubble] = page.bubbles
    assert ([one["title"] for one in bubble["options"]], bubble["headings"]) == (["Vendas", "Suporte"], ["Ajuda"])
    page.presses("Suporte")
    assert [one["option"] for one in page.said] == [{"seq": 1, "id": "b"}]


def test_what_is_pressed_answers_its_question_once(page: Page) -> None:
    asked(page)
    page.presses("Não")
    page.presses("Não")
    page.presses("Sim 👍")
    page.wait(5)
    [said] = page.said
    assert said.pop("client_id")
    assert said == {"option": {"seq": 1, "id": "fx_1:0:1"}}
    [bubble] = page.bubbles
    assert [(one["open"], one["chosen"]) for one in bubble["options"]] == [(False, False), (False, True)]
    assert page.read("Browser.focused === Browser.elements.log") is True, "the keyboard is not lost with the button"


def test_a_page_that_is_loaded_again_knows_what_was_answered(page: Page) -> None:
    page.told = [
        {"seq": 1, "direction": "outbound", "kind": "interactive", "text": "Serve?", "payload": BUTTONS},
        {"seq": 2, "direction": "inbound", "kind": "interactive", "text": "Não",
         "payload": {"type": "button_reply", "id": "fx_1:0:1"}},
    ]  # fmt: skip
    page.told = [{"file": None, "author": {"name": None}, **one} for one in page.told]
    page.wait(2)
    question, answer = page.bubbles
    assert [(one["open"], one["chosen"]) for one in question["options"]] == [(False, False), (False, True)]
    assert (answer["mine"], answer["said"], answer["options"]) == (True, "Não", [])


def test_only_the_last_question_is_open(page: Page) -> None:
    asked(page)
    asked(page, "Área?", ROWS)
    assert open_options(page) == ["Vendas", "Suporte"]
    page.is_told(text="Estamos aqui.")
    assert open_options(page) == ["Vendas", "Suporte"]
    page.writes("não sei")
    assert open_options(page) == []
    asked(page, "Área?", ROWS)
    assert open_options(page) == ["Vendas", "Suporte"], "it was put again"


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("pt-BR", "Não foi enviado: outra pergunta já foi feita"),
        ("en-US", "This was not sent: another question was asked since"),
    ],
)
def test_a_question_that_is_over_is_told(language: str, told: str) -> None:
    page = Visitor(language).opens(SHOP, [])
    asked(page)
    page.refusal = {"code": "question_over", "detail": "Another question was asked since."}
    page.presses("Não")
    assert page.note == told
    assert not any(bubble["waiting"] for bubble in page.bubbles)


@pytest.mark.parametrize("payload", [{}, {"type": "buttons"}, {"type": "list"}, {"type": "list", "sections": [{}]}])
def test_a_question_without_options_is_its_text(page: Page, payload: Any) -> None:
    asked(page, payload=payload)
    page.is_told(text="Depois")
    assert [(one["said"], one["options"]) for one in page.bubbles] == [("Serve?", []), ("Depois", [])]


def test_what_the_company_wrote_is_text(page: Page) -> None:
    asked(page, HTML, {"type": "list", "sections": [{"title": HTML, "rows": [{"id": HTML, "title": HTML}]}]})
    [bubble] = page.bubbles
    assert (bubble["said"], bubble["headings"], bubble["options"][0]["title"]) == (HTML, [HTML], HTML)
    assert bubble["elements"] == ["small", "span", "div", "small", "button"]


FILE = {"name": "conta.pdf", "url": "https://files.example/1"}
LINK = {"name": "conta.pdf", "href": "https://files.example/1", "rel": "noopener", "target": "_blank"}


@pytest.mark.parametrize(
    ("message", "said", "links"),
    [
        ({"kind": "image", "file": FILE}, "", [LINK]),
        ({"kind": "image", "text": "Veja", "file": FILE}, "Veja", [LINK]),
        ({"kind": "audio", "file": {**FILE, "name": None}}, "", [{**LINK, "name": "Áudio"}]),
        ({"kind": "document", "file": {**FILE, "url": None}}, "conta.pdf (não pode ser aberto agora)", []),
        ({"kind": "image"}, "Imagem", []),
        ({"kind": "location"}, "Localização", []),
        ({"kind": "contacts"}, "Contato", []),
        ({"kind": "template"}, "Mensagem", []),
        ({"kind": "reaction", "text": "👍"}, "👍", []),
        ({"kind": "reaction"}, "(reação retirada)", []),
        ({"kind": "unsupported"}, "(mensagem que não pode ser mostrada aqui)", []),
        ({"kind": "interactive", "payload": BUTTONS}, "Pergunta", []),
        ({"kind": "text", "text": "  "}, "(mensagem que não pode ser mostrada aqui)", []),
        ({"text": "x", "payload": {"revoked_at": "2026-03-02T00:00:00Z"}}, "(mensagem apagada)", []),
        ({"kind": "image", "file": FILE, "payload": {"revoked_at": "2026-03-02T00:00:00Z"}}, "(mensagem apagada)", []),
        (
            {"kind": "interactive", "text": "", "payload": {**BUTTONS, "revoked_at": "2026-03-02T00:00:00Z"}},
            "(mensagem apagada)",
            [],
        ),
    ],
)
def test_no_message_is_an_empty_bubble(page: Page, message: Any, said: str, links: Any) -> None:
    page.is_told(**message)
    [bubble] = page.bubbles
    assert (bubble["said"], bubble["links"]) == (said, links)
    if message.get("payload", {}).get("revoked_at"):
        assert bubble["options"] == []


def test_kinds_are_named_in_english_too() -> None:
    page = Visitor("en-US").opens(SHOP, [])
    page.is_told(kind="location")
    assert page.bubbles[0]["said"] == "Location"
