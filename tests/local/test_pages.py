"""The product's own pages at the front."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest

from infra.local.front import Settings, build_app
from infra.local.pages import FILES
from tests.local.conftest import Serve

ROOT = Path(__file__).resolve().parents[2]
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def base(serve: Serve, tmp_path: Path) -> str:
    demo = {"channels": {"online_chat": {"id": "ch_1", "site_key": 'sk_1"><script>'}}}
    (tmp_path / "demo.json").write_text(json.dumps(demo))
    return serve(build_app(Settings(NOBODY, NOBODY, NOBODY, "tick", tmp_path)))


def test_the_demo_page_has_the_demo_accounts_site_key(base: str) -> None:
    page = httpx.get(base + "/demo/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert 'data-site-key="sk_1&quot;&gt;&lt;script&gt;"' in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert httpx.get(base + "/demo", follow_redirects=True).url.path == "/demo/"


def test_only_the_files_of_the_list_are_served(base: str) -> None:
    assert all(httpx.get(base + path).status_code == 200 for path in FILES)
    for path in ("/demo/index.html", "/demo/x", "/demo/..%2f..%2fREADME.md", "/web/demo/index.html"):
        assert httpx.get(base + path).status_code == 404


def test_the_demo_page_has_its_words_in_both_languages() -> None:
    script = re.sub(r'"[^"\n]*"', '""', (ROOT / "web" / "demo" / "chat.js").read_text())
    english, portuguese = (
        part.partition("\n  },\n")[0] for part in (script.split("  en: {")[1], script.split("  pt: {")[1])
    )
    assert re.findall(r"\w+", english) == re.findall(r"\w+", portuguese)


@pytest.mark.parametrize("name", ["chat.js", "triggers.js"])
def test_what_others_wrote_is_never_made_html(name: str) -> None:
    script = (ROOT / "web" / "demo" / name).read_text()
    assert not [
        word for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(") if word in script
    ]
