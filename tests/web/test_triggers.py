"""Triggers on a page of the site (web/demo/triggers.js, docs/triggers.md): when they show, how, what a click does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from recado.domain.errors import Invalid
from recado.domain.triggers import Action, Appearance, Conditions, PageRule, Trigger, check
from tests.web.browser import Page, Visitor

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SHOP = "https://loja.example/produtos/7?cor=azul#fotos"


def trigger(title: str = "Frete", **fields: Any) -> Trigger:
    given: dict[str, Any] = {"type": "popup", "appearance": Appearance(title), "conditions": Conditions(), **fields}
    given.setdefault("action", Action("open_chat", "Oi"))
    made = Trigger(f"tg_{title}", title, "ch_1", created_at=NOW, updated_at=NOW, **given)
    check(made)
    return made


def when(**conditions: Any) -> Trigger:
    return trigger(conditions=Conditions(**conditions))


def opened(*triggers: Trigger, **more: Any) -> Page:
    return Visitor().opens(SHOP, triggers, **more)


# -- when ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "shows"),
    [
        ([], True),
        ([("is", "/produtos/7?cor=azul")], True),
        ([("is", "/produtos/7")], False),
        ([("starts_with", "/produtos")], True),
        ([("starts_with", "/prod7")], False),
        ([("contains", "cor=azul")], True),
        ([("contains", "fotos")], False),
        ([("is", "https://loja.example/produtos/7?cor=azul")], True),
        ([("starts_with", "https://loja.example/")], True),
        ([("starts_with", "https://outra.example/")], False),
        ([("is", "/"), ("contains", "produtos")], True),
        ([("is", "/"), ("is", "/conta")], False),
    ],
)
def test_pages(rules: Any, shows: bool) -> None:
    page = opened(when(pages=tuple(PageRule(*one) for one in rules)))
    assert bool(page.shown) is shows


def test_time_on_the_page() -> None:
    page = opened(when(after_s=20))
    page.wait(19)
    assert page.shown == []
    page.wait(1.5)
    assert page.titles == ["Frete"]


def test_how_far_down_the_page_was_seen() -> None:
    page = opened(when(scroll_percent=50), height=4_000)
    page.scroll(1_900)
    assert page.shown == []
    page.scroll(2_000)
    assert page.titles == ["Frete"]


def test_who_scrolled_back_was_there() -> None:
    page = opened(when(scroll_percent=50, after_s=10), height=4_000)
    page.scroll(3_000)
    page.scroll(800)
    page.wait(11)
    assert page.titles == ["Frete"]


def test_a_page_that_fits_the_window_was_seen_whole() -> None:
    assert opened(when(scroll_percent=100), height=800).titles == ["Frete"]


def test_visits_are_counted_and_end_after_half_an_hour_away() -> None:
    visitor = Visitor()
    wanted = [trigger("segunda", conditions=Conditions(min_visits=2, max_visits=2))]

    def visits(minutes_away: float) -> list[str]:
        page = visitor.opens(SHOP, wanted)
        titles = page.titles
        page.wait(40 * 60)
        page.leave()
        visitor.now_s += minutes_away * 60
        return titles

    assert [visits(29), visits(31), visits(31), visits(1)] == [[], [], ["segunda"], []]


def test_all_conditions_hold() -> None:
    page = opened(when(pages=(PageRule("contains", "7"),), after_s=5, scroll_percent=50), height=4_000)
    page.wait(6)
    assert page.shown == []
    page.scroll(2_000)
    assert page.titles == ["Frete"]


def test_each_shows_once_in_a_visit_and_one_at_a_time() -> None:
    visitor = Visitor()
    both = [trigger("um"), trigger("dois")]
    page = visitor.opens(SHOP, both)
    assert page.titles == ["um"]
    page.wait(60)
    assert page.titles == ["um"]
    page.click("close")
    page.wait(1)
    assert page.titles == ["dois"]
    page.press("a")
    assert page.titles == ["dois"]
    page.press("Escape")
    page.wait(60)
    assert page.shown == []
    page.leave()
    visitor.now_s += 60
    again = visitor.opens(SHOP, both)
    again.wait(60)
    assert again.shown == [], "it is the same visit"
    again.leave()
    visitor.now_s += 31 * 60
    assert visitor.opens(SHOP, both).titles == ["um"], "a visit later they show again"


def test_one_that_was_left_alone_does_not_come_again_with_the_next_page() -> None:
    visitor = Visitor()
    assert visitor.opens(SHOP, [trigger()]).leave() is None
    assert visitor.opens(SHOP, [trigger()]).shown == []


def test_two_pages_at_once_are_one_visit() -> None:
    """Two tabs: what the one showed the other does not, though it was open before."""
    visitor = Visitor()
    late = when(after_s=10)
    one, two = visitor.opens(SHOP, [late]), visitor.opens(SHOP, [late, trigger("outra")])
    assert two.titles == ["outra"]
    one.wait(11)
    two.click("close")
    two.wait(11)
    assert (one.titles, two.titles) == (["Frete"], [])
    third = visitor.opens(SHOP, [late, trigger("outra")])
    third.wait(11)
    assert third.titles == []


def test_who_reads_a_page_for_an_hour_is_not_away() -> None:
    visitor = Visitor()
    second = [trigger("segunda", conditions=Conditions(min_visits=2))]
    one = visitor.opens(SHOP, second)
    one.wait(60 * 60)
    assert visitor.opens(SHOP, second).shown == [], "it is the first visit still"
    one.looks_elsewhere()
    one.wait(60 * 60)
    assert visitor.opens(SHOP, second).titles == ["segunda"], "nobody looked at the other page"
    one.leave()
    assert visitor.opens(SHOP, [when(min_visits=3)]).shown == [], "a page of the first visit does not count it again"
    assert visitor.opens(SHOP, [when(min_visits=2)]).titles == ["Frete"], "nor back"


def test_what_a_browser_kept_wrongly_stands_in_nobodys_way() -> None:
    for kept in ("{", "null", "7", "[]", '{"count": "x", "at": null, "seen": 3}'):
        visitor = Visitor()
        visitor.storage = {"recado-visits": kept}
        assert visitor.opens(SHOP, [trigger()]).titles == ["Frete"], kept


# -- how ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "position", "classes"),
    [
        ("popup", None, "trigger popup bottom_right"),
        ("popup", "bottom_left", "trigger popup bottom_left"),
        ("bubble", None, "trigger bubble bottom_right"),
        ("banner", None, "trigger banner bottom"),
        ("banner", "top", "trigger banner top"),
    ],
)
def test_where_it_stands(kind: Any, position: Any, classes: str) -> None:
    [box] = opened(trigger(type=kind, appearance=Appearance("Frete", position=position))).shown
    assert box["classes"] == classes


def test_what_it_looks_like() -> None:
    appearance = Appearance("Precisa de ajuda?", "Fale com a gente", "Conversar já", None, "#0b5c3f", "#ffffff")
    shown = trigger(appearance=appearance, file_id="fi_1")
    [box] = opened(shown, images={shown.id: "https://files.example/1.png"}).shown
    assert (box["title"], box["text"], box["button"]) == ("Precisa de ajuda?", "Fale com a gente", "Conversar já")
    assert box["style"] == {"background": "#0b5c3f", "color": "#ffffff"}
    assert box["image"] == {"src": "https://files.example/1.png", "alt": ""}
    assert (box["attributes"]["aria-label"], box["status"]) == ("Precisa de ajuda?", "status")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("pt-BR", {"open_chat": "Conversar", "open_link": "Saiba mais", "start_flow": "Conversar", "close": "Fechar"}),
        ("en-US", {"open_chat": "Chat", "open_link": "See more", "start_flow": "Chat", "close": "Close"}),
    ],
)
def test_its_own_words_are_in_the_visitors_language(language: str, words: dict[str, str]) -> None:
    actions = [Action("open_chat"), Action("open_link", url="/x"), Action("start_flow", "Oi", flow_id="fl_1")]
    for action in actions:
        [box] = Visitor(language).opens(SHOP, [trigger(action=action)]).shown
        assert (box["button"], box["close"]) == (words[action.type], words["close"])


def test_an_image_alone_and_one_that_does_not_come() -> None:
    alone = trigger("imagem", appearance=Appearance(), file_id="fi_1")
    page = opened(alone, images={alone.id: "https://files.example/1.png"})
    [box] = page.shown
    assert (box["title"], box["attributes"]["aria-label"]) == (None, "Aviso da empresa")
    page.fails_to_load_the_image()
    assert page.shown[0]["image"] is None


def test_a_link_that_has_run_out_is_asked_for_anew() -> None:
    late = trigger(conditions=Conditions(after_s=600), file_id="fi_1")
    page = opened(late, images={late.id: "https://files.example/old"})
    page.images = {late.id: "https://files.example/new"}
    page.wait(601)
    assert page.shown[0]["image"]["src"] == "https://files.example/new"


def test_one_that_is_gone_meanwhile_does_not_show_and_stops_no_other() -> None:
    late = trigger(conditions=Conditions(after_s=600), file_id="fi_1")
    later = trigger("outra", conditions=Conditions(after_s=650))
    page = opened(late, later, images={late.id: "https://files.example/old"})
    page.triggers = [later]
    page.wait(640)
    assert page.shown == []
    page.wait(20)
    assert page.titles == ["outra"]


HTML = "<img src=x onerror=alert(1)><b>x</b>&lt;"


def test_what_the_company_wrote_is_text() -> None:
    page = opened(trigger(appearance=Appearance(HTML, HTML, HTML[:40])))
    [box] = page.shown
    assert (box["title"], box["text"], box["button"]) == (HTML, HTML, HTML[:40])
    assert box["elements"] == ["div", "strong", "p", "button", "button"]
    assert box["attributes"] == {"aria-label": HTML}


# -- what a click does ----------------------------------------------------------------------------------------------


def clicked(action: Action) -> Page:
    page = opened(trigger(action=action))
    page.click()
    assert page.shown == []
    return page


def test_open_chat_writes_and_does_not_send() -> None:
    page = clicked(Action("open_chat", "Quero saber do frete"))
    page.wait(5)
    assert (page.composer, page.said) == ("Quero saber do frete", [])
    assert page.read("Browser.focused === Browser.elements.text") is True


def test_open_chat_leaves_what_the_visitor_wrote() -> None:
    page = opened(trigger())
    page.types("Estou escrevendo")
    page.click()
    assert page.composer == "Estou escrevendo"


def test_start_flow_says_what_the_visitor_says_once() -> None:
    page = clicked(Action("start_flow", "Quero ver meus pontos", flow_id="fl_1"))
    page.wait(30)
    [said] = page.said
    assert said.pop("client_id")
    assert said == {"kind": "text", "text": "Quero ver meus pontos", "trigger_id": "tg_Frete"}


@pytest.mark.parametrize(
    ("url", "went"),
    [
        ("/ofertas?x=1", [["assign", "https://loja.example/ofertas?x=1"]]),
        ("https://loja.example/ofertas", [["assign", "https://loja.example/ofertas"]]),
        ("https://parceiro.example/a", [["open", "https://parceiro.example/a", "_blank", "noopener"]]),
        ("http://loja.example/", [["open", "http://loja.example/", "_blank", "noopener"]]),
    ],
)
def test_open_link(url: str, went: Any) -> None:
    assert clicked(Action("open_link", url=url)).went == went


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "\tjavascript:x",
        "data:text/html,<script>alert(1)</script>", "vbscript:x", "blob:https://loja.example/1", "file:///etc/passwd",
        "//outra.example", "/\\outra.example", "\\\\outra.example", "https:outra.example", "https://", "outra", "",
        "https://loja.example@outra.example/", "https://a\\b", "https://[", "https://a:x", "https://%", "https://a<b",
        "/a\nb", None,
    ],
)  # fmt: skip
def test_a_link_that_nobody_can_write_leads_nowhere(url: str | None) -> None:
    """The product refuses them, and the page holds links to their forms by itself."""
    wrong = replace(trigger(), action=Action("open_link", url=url))
    with pytest.raises(Invalid):
        check(wrong)
    page = opened(wrong)
    page.click()
    assert page.went == []


@pytest.mark.parametrize("colour", ["red", "url(https://outra.example/)", "#fff", "#0b5c3f;x", "", None])
def test_a_colour_that_nobody_can_write_is_none(colour: str | None) -> None:
    shown = replace(trigger(), appearance=Appearance("Frete", background=colour, color=colour))
    assert opened(shown).shown[0]["style"] == {}
