"""Buttons, clicks and their tags; the piece of page that shows a button."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from recado.channels.registry import adapter, types
from recado.domain.button_snippets import snippet_of
from recado.domain.buttons import (
    Button,
    Click,
    Visit,
    details_of,
    holds,
    is_click,
    is_code,
    new_code,
    new_tag,
    tagged,
    tags_in,
    touch_of,
)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BUTTON = Button("bt_1", "floating", "ch_1", "Olá", "Fale conosco", "0123456789", NOW)
CLICK = Click("A1B2C3D4", "bt_1", "ch_1", NOW, {"utm_source": "news"})
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"


def visit(method: str = "GET", query: dict[str, str] | None = None, **headers: str) -> Visit:
    return Visit(method, query or {}, {name.replace("_", "-"): value for name, value in headers.items()})


def test_codes_and_tags_come_from_randomness_alone_and_are_found_again() -> None:
    codes, tags = ({make(f"secret {n}") for n in range(500)} for make in (new_code, new_tag))
    assert (len(codes), len(tags)) == (500, 500)
    assert all(is_code(code) for code in codes)
    assert all(tags_in(tagged("Olá", tag)) == [tag] for tag in tags)
    assert new_code("one") == new_code("one")
    assert not any(map(is_code, ("", "x" * 10 + "\n", "0123456789a", "../../etc", "ILOU000000", "ilou000000")))


def test_a_text_without_a_tag_stays_as_it_is() -> None:
    assert (tagged("Olá", None), tagged("", "A1B2C3D4")) == ("Olá", "[#A1B2C3D4]")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Olá [#A1B2C3D4]", ["A1B2C3D4"]),
        ("[#A1B2C3D4] e mais [#00000000] [#A1B2C3D4]", ["A1B2C3D4", "00000000"]),
        ("[#A1B2C3D4", []),
        ("#A1B2C3D4", []),
        ("[#a1b2c3d4]", []),
        ("[#A1B2C3D]", []),
        ("[#A1B2C3D45]", []),
        ("[#ILOUILOU]", []),
        ("".join(f"[#0000000{n}]" for n in range(9)), ["00000000", "00000001", "00000002"]),
    ],
)
def test_tags_in_a_text(text: str, found: list[str]) -> None:
    assert tags_in(text) == found


@pytest.mark.parametrize(
    ("one", "clicked"),
    [
        (visit(user_agent=BROWSER), True),
        (visit(), True),
        (visit("HEAD", user_agent=BROWSER), False),
        (visit(user_agent=BROWSER, sec_purpose="prefetch;prerender"), False),
        (visit(user_agent=BROWSER, purpose="prefetch"), False),
        (visit(user_agent=BROWSER, x_moz="prefetch"), False),
        (visit(user_agent="Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"), False),
        (visit(user_agent="facebookexternalhit/1.1"), False),
        (visit(user_agent="Mozilla/5.0 (compatible; SomeCrawler/1.0)"), False),
        (visit(user_agent="WhatsApp/2.23.20.0"), False),
        (visit(user_agent="Mozilla/5.0 (Linux; Android 14; CUBOT P80) Chrome/130.0 Mobile"), True),
    ],
)
def test_who_clicks(one: Visit, clicked: bool) -> None:
    assert is_click(one, adapter("whatsapp").link_previews) == clicked


def test_what_is_kept_of_a_click_is_bounded_and_clean() -> None:
    query = {"utm_source": "x" * 9_999, "utm_campaign": "a\x00b\nc", "gclid": "G1", "utm_term": " ", "other": "no"}
    kept = details_of(visit(query=query, referer="https://shop.example/p?token=secret#part", x_forwarded_for="1.2.3.4"))
    assert kept == {
        "utm_source": "x" * 200, "utm_campaign": "abc", "gclid": "G1", "referrer": "https://shop.example/p",
    }  # fmt: skip
    assert details_of(visit(referer="javascript:alert(1)")) == {}
    assert len(details_of(visit(referer="https://x/" + "a" * 9_999))["referrer"]) == 500


@pytest.mark.parametrize(
    ("after", "held"),
    [
        (timedelta(0), True),
        (timedelta(days=30) - timedelta(seconds=1), True),
        (timedelta(days=30), False),
        (timedelta(days=30, seconds=1), False),
    ],
)
def test_a_click_holds_for_30_days(after: timedelta, held: bool) -> None:
    assert holds(CLICK, "ch_1", NOW + after) == held


def test_a_click_is_of_one_channel_and_for_one_message() -> None:
    assert not holds(CLICK, "ch_2", NOW)
    assert not holds(replace(CLICK, used_by="ms_1"), "ch_1", NOW)


def test_what_a_click_tells_of_who_sent_its_tag() -> None:
    assert touch_of(CLICK) == {
        "source_type": "button", "button_id": "bt_1", "tag": "A1B2C3D4", "clicked_at": "2026-03-02T12:00:00.000Z",
        "utm_source": "news",
    }  # fmt: skip


class Parsed(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


HOSTILE = (
    '"><img src=x onerror=alert(1)>',
    "</span></a><script>alert(1)</script>",
    "' onmouseover='alert(1)",
    "{{constructor}} ${alert(1)} `",
    "<!--", "]]>", "&lt;script&gt;",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["floating", "cta"])
@pytest.mark.parametrize("label", HOSTILE)
def test_a_hostile_label_is_a_text(kind: Any, label: str) -> None:
    url = "https://recado.example/t/0123456789"
    parsed = Parsed(snippet_of(replace(BUTTON, kind=kind, label=label, text=label), url))
    assert [tag for tag, _ in parsed.tags] == ["a", "svg", "path", "span", "script"]
    link = parsed.tags[0][1]
    assert set(link) == {"href", "target", "rel", "style"}
    assert (link["href"], link["rel"]) == (url, "noopener")
    assert label in parsed.words
    assert ("position:fixed" in (link["style"] or "")) == (kind == "floating")


def test_links_into_the_channel() -> None:
    assert [name for name in types() if adapter(name).click_links] == ["whatsapp"]
    channel = adapter("whatsapp")
    settings = {"display_phone_number": "+55 11 4000-0000"}
    assert (
        channel.click_link(settings, "Olá & [#A1] ?")
        == "https://wa.me/551140000000?text=Ol%C3%A1%20%26%20%5B%23A1%5D%20%3F"
    )
    assert channel.click_link(settings, "") == "https://wa.me/551140000000"
    assert [channel.click_link(one, "x") for one in ({}, {"display_phone_number": ""})] == [None, None]
    assert adapter("custom").click_link(settings, "x") is None
