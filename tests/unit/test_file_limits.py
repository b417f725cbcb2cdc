"""Limits of features and channels, to the byte."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from recado.channels.registry import adapter_class
from recado.domain.errors import Forbidden, TooLarge, WrongType
from recado.domain.file_limits import FEATURES, Feature, MediaLimit, declared_type
from recado.domain.file_types import TYPES, is_run_by_name, type_of
from recado.domain.files import file_in_quarantine, quarantine_key
from recado.domain.ids import make_id
from recado.services.file_checks import disposition

MB = 1_048_576
LIMITS = {
    "flow": (15 * MB, "application/pdf"),
    "service": (15 * MB, "application/pdf"),
    "shortcut": (15 * MB, "video/mp4"),
    "email": (25 * MB, "application/zip"),
    "trigger": (4 * MB, "image/png"),
    "import": (512 * MB, "text/csv"),
    "photo": (4 * MB, "image/jpeg"),
}


def announced(
    feature: Any, content_type: str, size: int, channel: Any = None, name: str = "a", role: Any = "admin"
) -> str:
    return declared_type(feature, role, name, content_type, size, channel)


def test_a_browser_with_excel_calls_a_csv_file_excels() -> None:
    for content_type in ("application/vnd.ms-excel", "text/plain", "text/csv"):
        assert announced("import", content_type, 1, name="Contatos.CSV") == "text/csv"
    with pytest.raises(WrongType):
        announced("import", "application/vnd.ms-excel", 1, name="contatos.xls")


def test_every_feature_has_a_limit() -> None:
    assert set(LIMITS) == set(FEATURES) == set(get_args(Feature))


@pytest.mark.parametrize("feature", LIMITS)
def test_exactly_the_limit_passes_and_one_byte_more_does_not(feature: str) -> None:
    limit, content_type = LIMITS[feature]
    for size in (1, limit - 1, limit):
        assert announced(feature, content_type, size) == content_type
    with pytest.raises(TooLarge) as refused:
        announced(feature, content_type, limit + 1)
    assert (refused.value.status, refused.value.extra) == (413, {"limit": limit})


@pytest.mark.parametrize(
    ("feature", "content_type"),
    [
        ("trigger", "application/pdf"),
        ("trigger", "image/svg+xml"),
        ("photo", "application/pdf"),
        ("import", "application/pdf"),
        ("import", "text/plain"),
        ("service", "text/html"),
        ("service", "application/x-msdownload"),
        ("service", "application/octet-stream"),
        ("email", "application/javascript"),
        ("flow", ""),
    ],
)
def test_types_that_are_not_taken(feature: str, content_type: str) -> None:
    with pytest.raises(WrongType) as refused:
        announced(feature, content_type, 10)
    assert refused.value.status == 415


def test_types_are_known_by_their_other_names() -> None:
    assert announced("service", " Audio/OGG; codecs=opus", 10) == "audio/ogg"
    assert announced("import", "application/csv", 10) == "text/csv"
    assert all(type_of(name) == name for name in TYPES)


@pytest.mark.parametrize("name", ["a.exe", "a.JPG.Bat", "nota.html", "a.lnk", "x.svgz", "a.exe. ", "a.js"])
def test_names_that_are_run_are_refused(name: str) -> None:
    assert is_run_by_name(name)
    with pytest.raises(WrongType):
        announced("service", "text/plain", 10, name=name)


@pytest.mark.parametrize("name", ["a", "nota.pdf", "exe", "relatorio.2026", "a.com.pdf", "imagem.svg"])
def test_other_names_are_not(name: str) -> None:
    assert not is_run_by_name(name)


@pytest.mark.parametrize(
    ("content_type", "limit"),
    [
        ("image/jpeg", 5 * MB),
        ("image/png", 5 * MB),
        ("image/webp", 500 * 1024),
        ("audio/ogg", 15 * MB),
        ("video/mp4", 15 * MB),
        ("image/gif", 15 * MB),  # sent as a document
        ("application/pdf", 15 * MB),
    ],
)
def test_the_stricter_of_feature_and_channel_holds(content_type: str, limit: int) -> None:
    channel = adapter_class("whatsapp").media_limits
    assert announced("service", content_type, limit, channel)
    with pytest.raises(TooLarge):
        announced("service", content_type, limit + 1, channel)


def test_the_channel_is_stricter_than_a_feature_of_25_mb() -> None:
    channel = adapter_class("whatsapp").media_limits
    assert announced("email", "video/mp4", 16 * MB, channel)
    with pytest.raises(TooLarge):
        announced("email", "video/mp4", 16 * MB + 1, channel)


def test_a_channel_without_files_takes_none() -> None:
    for limits in ({}, {"image": MediaLimit(MB, frozenset({"image/png"}))}):
        with pytest.raises(WrongType):
            announced("service", "application/pdf", 10, limits)


@pytest.mark.parametrize(
    ("role", "features"),
    [
        ("admin", set(LIMITS)),
        ("agent", {"service", "email", "shortcut", "photo"}),
        ("restricted", {"service", "email"}),
    ],
)
def test_who_may_upload_for_what(role: str, features: set[str]) -> None:
    allowed = set()
    for feature, (_, content_type) in LIMITS.items():
        try:
            announced(feature, content_type, 1, role=role)
        except Forbidden:
            continue
        allowed.add(feature)
    assert allowed == features


def test_keys_of_the_quarantine(clock: Any) -> None:
    file_id = make_id("fi", "accounta", clock.now(), "0" * 16)
    assert file_in_quarantine(quarantine_key("accounta", file_id)) == ("accounta", file_id)
    for key in (
        f"files/accounta/{file_id}",
        f"quarantine/accountb/{file_id}",
        f"quarantine/accounta/{file_id}/x",
        "quarantine/",
        "x",
    ):
        assert file_in_quarantine(key) is None


def test_a_name_cannot_leave_its_header(clock: Any) -> None:
    from recado.domain.files import File

    file = File("fi_1", "service", 'nota"; x=\\ é\r\n.pdf', "application/pdf", 1, "us_1", clock.now())
    told = disposition(file)
    assert told == ("inline; filename=\"nota_; x=_ ___.pdf\"; filename*=UTF-8''nota%22%3B%20x%3D%5C%20%C3%A9%0D%0A.pdf")
    assert disposition(File("fi_1", "service", "a.svg", "image/svg+xml", 1, "us_1", clock.now())).startswith(
        "attachment;"
    )
