"""What the documents say of the repository is there: their links, the files they name, and no sentence twice with two
meanings, as a merge that keeps both sides leaves it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from recado.channels import registry
from tests.architecture.sources import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)[^)]*\)")
NAMED = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|md|yaml|json|toml))(?:::\w+)?`")
MADE_BY_RUNNING = {".local/demo.json"}
BEGINNING = 60
"""Characters: two lines of one page that begin alike for so long are two versions of one."""

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


@pytest.fixture(scope="module")
def files() -> set[str]:
    """Every end of a path that is in the repository: `docs/files.md` may be called `files.md`."""
    tops = [top for top in ROOT.iterdir() if not top.name.startswith(".") or top.name == ".ci"]
    found = [path for top in tops for path in (top, *top.rglob("*"))]
    paths = [path.relative_to(ROOT).parts for path in found]
    return {"/".join(parts[n:]) for parts in paths for n in range(len(parts))}


@by_page
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()] == []


@by_page
def test_every_file_that_is_named_is_there(page: Path, files: set[str]) -> None:
    assert set(NAMED.findall(page.read_text())) - files - MADE_BY_RUNNING == set()


@by_page
def test_nothing_is_said_in_two_versions(page: Path) -> None:
    lines = (line.strip() for line in page.read_text().splitlines())
    begun = Counter(line[:BEGINNING] for line in lines if len(line) >= BEGINNING and not line.startswith("| type |"))
    assert [beginning for beginning, times in begun.items() if times > 1] == []


def test_every_page_is_found_from_the_readme() -> None:
    linked = {(ROOT / link).resolve() for link in LINK.findall((ROOT / "README.md").read_text())}
    assert [page.name for page in (ROOT / "docs").glob("*.md") if page not in linked] == []


def test_every_field_of_a_channel_is_told_to_who_connects_one() -> None:
    page = (ROOT / "docs" / "connecting-channels.md").read_text()
    told = dict(re.findall(r"^\| `(\w+)` (\|.*\|)$", page, re.MULTILINE))
    assert set(told) == set(registry.types())
    marks = {"always": "**{}**", "to_send": "*{}*", "never": "{}"}
    for channel_type, row in told.items():
        fields = registry.adapter_class(channel_type).fields
        kinds = [[field for field in fields if field.place == place] for place in ("settings", "secrets")]
        wanted = [{marks[field.need].format(field.name) for field in own} for own in kinds]
        cells = [set(re.findall(r"[*\w]+", cell)) for cell in row.strip("|").split("|")]
        assert cells == wanted, channel_type


def test_every_group_of_tests_is_named_in_the_readme() -> None:
    (named,) = re.findall(r"^\| `tests/` \| (.+) \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/__init__.py")}
    assert folders == set(re.findall(r"[a-z0-9]+", named.partition(" on the local stack")[0].replace("`", " ")))
