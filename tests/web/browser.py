"""Visitors of the demo page: its own scripts in a JavaScript engine (quickjs-ng), in a document that is no more than
they ask for (browser.js). What a real browser adds, how it looks above all, this does not see."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import quickjs

from recado.domain.triggers import Trigger
from recado.services.widget_triggers import _view

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "web" / "demo"
VIEWPORT = 800
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]*):")


class Visitor:
    """A browser: what it keeps from page to page, and its clock, in seconds."""

    def __init__(self, language: str = "pt-BR") -> None:
        self.language = language
        self.storage: dict[str, str] = {}
        self.now_s = 1_700_000_000.0

    def opens(self, address: str, triggers: Sequence[Trigger], **more: Any) -> Page:
        """A page of the site, which gets these triggers."""
        return Page(self, address, triggers, **more)


class Page:
    """An open page. `height`: of all that is on it, in a window of 800. `images`: links by trigger, as they are made
    whenever somebody asks."""

    def __init__(
        self,
        visitor: Visitor,
        address: str,
        triggers: Sequence[Trigger],
        height: int = 4_000,
        images: Mapping[str, str] | None = None,
    ) -> None:
        self.visitor, self.triggers, self.images = visitor, triggers, images or {}
        self.said: list[Any] = []
        self.told: list[Mapping[str, Any]] = []
        self.refusal: Mapping[str, Any] | None = None
        self.asked: list[str] = []
        self.began_s = visitor.now_s
        self._js = quickjs.Context()
        self._js.add_callable("resolve", _resolved)
        self._js.add_callable("answer", self._answer)
        self._run((Path(__file__).parent / "browser.js").read_text())
        place = urlsplit(address)
        self._js.add_callable("kept", lambda name: visitor.storage.get(name))
        self._js.add_callable("keep", visitor.storage.__setitem__)
        self._js.set("given", json.dumps({
            "now": self.visitor.now_s * 1000, "language": visitor.language,
            "ids": re.findall(r'id="(\w+)"', (DEMO / "index.html").read_text()), "window": VIEWPORT, "height": height,
            "location": {
                "href": address, "origin": f"{place.scheme}://{place.netloc}", "pathname": place.path or "/",
                "search": f"?{place.query}" if place.query else "",
            },
        }))  # fmt: skip
        self._run(_ARRIVE)
        for script in ("triggers.js", "chat.js"):
            self._run((DEMO / script).read_text())

    # -- what the visitor does ------------------------------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        """Let time pass on the page."""
        until = self.visitor.now_s + seconds
        while number := self._js.eval(f"Browser.due({until * 1000})"):
            self._run(f"Browser.ring({number})")
        self._run(f"Browser.now = {until * 1000}")
        self.visitor.now_s = until

    def scroll(self, seen_px: int) -> None:
        """Until so much of the page was seen."""
        self._run(f"scrollY = {seen_px - VIEWPORT}; Browser.fire('scroll')")

    def click(self, name: str = "act") -> None:
        """A button of what is shown: `act` or `close`."""
        self._run(f"Browser.box().querySelector('.{name}').onclick()")

    def press(self, key: str) -> None:
        """A key within what is shown."""
        self._run(f"Browser.box().onkeydown({{key: {json.dumps(key)}}})")

    def types(self, text: str) -> None:
        """Into the composer, without sending it."""
        self._run(f"Browser.elements.text.value = {json.dumps(text)}")

    def is_told(self, **message: Any) -> None:
        """A message as `GET /widget/messages` has it; the page has looked since."""
        given = {"seq": len(self.told) + 1, "direction": "outbound", "kind": "text", "text": "", "file": None}
        self.told.append({**given, "author": {"name": None}, "payload": {}, **message})
        self.wait(2)

    def presses(self, title: str) -> None:
        """The last option of this title; one that cannot be pressed does nothing, as in a browser."""
        self._run(f"Browser.option({json.dumps(title)}).press()")

    def writes(self, text: str) -> None:
        """Into the composer, and sends it."""
        self.types(text)
        self._run("Browser.elements.form.listeners.submit.forEach((call) => call({ preventDefault() {} }))")

    def fails_to_load_the_image(self) -> None:
        """As when its link has run out."""
        self._run("Browser.box().all().find((one) => one.name === 'img').onerror()")

    def looks_elsewhere(self) -> None:
        """At another page, while this one stays open."""
        self._run("document.visibilityState = 'hidden'")

    def leave(self) -> None:
        """Go elsewhere."""
        self._run("Browser.fire('pagehide')")

    # -- what is to be seen ---------------------------------------------------------------------------------------

    @property
    def shown(self) -> list[Any]:
        """The triggers on the page."""
        found: list[Any] = self.read("Browser.shown()")
        return found

    @property
    def titles(self) -> list[str]:
        """Of the triggers on the page."""
        return [one["title"] for one in self.shown]

    @property
    def bubbles(self) -> list[Any]:
        """What is in the conversation: `said`, the `links`, and the `options` with whether each can be pressed."""
        found: list[Any] = self.read("Browser.bubbles()")
        return found

    @property
    def note(self) -> str:
        """What the page says below the conversation."""
        return str(self.read("Browser.elements.note.textContent"))

    @property
    def composer(self) -> str:
        """What is written and not sent."""
        return str(self.read("Browser.elements.text.value"))

    @property
    def went(self) -> list[Any]:
        """Where it led: ["assign", address], and ["open", address, target, features] of other pages."""
        found: list[Any] = self.read("Browser.went")
        return found

    def read(self, expression: str) -> Any:
        """The value of an expression."""
        return json.loads(self._js.eval(f"JSON.stringify({expression})"))

    def _run(self, script: str) -> None:
        self._js.eval(script)
        while self._js.execute_pending_job():
            pass

    def _answer(self, method: str, path: str, body: str) -> str:
        """The doors of the online chat."""
        self.asked.append(f"{method} {path.partition('?')[0]}")
        told: Any = {"items": [], "next": None, "cursor": ""}
        if path == "/widget/sessions":
            told = {"visitor_id": "visitor", "token": "token", "socket_url": None}
        elif path == "/widget/triggers":
            told = {"items": [_view(one, self.images.get(one.id)) for one in self.triggers]}
        elif method == "POST":
            self.said.append(json.loads(body))
            if self.refusal is not None:
                return json.dumps({"status": 409, "told": self.refusal})
            told = {}
        else:
            after = int(dict(parse_qsl(urlsplit(path).query)).get("after") or 0)
            items = [one for one in self.told if one["seq"] > after]
            told = {"items": items, "next": None, "cursor": str(items[-1]["seq"] if items else after)}
        return json.dumps({"status": 200, "told": told})


_ARRIVE = """
given = JSON.parse(given);
Browser.now = given.now;
navigator.language = given.language;
globalThis.location = { ...given.location, assign: (url) => Browser.went.push(["assign", String(url)]) };
Object.assign(document.documentElement, { clientHeight: given.window, scrollHeight: given.height });
document.documentElement.dataset.siteKey = "sk";
for (const id of given.ids) Browser.elements[id] = new Element(id);
"""


def _resolved(address: str, base: str) -> str:
    """As browsers read an address: blanks around it and line ends in it are nothing."""
    plain = re.sub(r"[\t\r\n]", "", address.strip("".join(map(chr, range(0x21)))))
    scheme = _SCHEME.match(plain)
    if scheme and scheme[1].lower() not in ("http", "https"):
        return json.dumps({"href": plain, "protocol": f"{scheme[1].lower()}:", "origin": "null"})
    href = urljoin(base, plain)
    place = urlsplit(href)
    if not place.netloc:
        return "null"
    return json.dumps({"href": href, "protocol": f"{place.scheme}:", "origin": f"{place.scheme}://{place.netloc}"})
