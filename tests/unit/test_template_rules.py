"""What a template may be made of: each limit at, below and above it, each rule with the pointer of its error."""

from __future__ import annotations

from typing import Any

import pytest

from recado.channels.whatsapp.templates import LIMITS
from recado.domain.template_rules import check_components, check_names, example_file, naming


def body(text: str = "Olá", **more: Any) -> dict[str, Any]:
    return {"type": "BODY", "text": text, **more}


def header(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "HEADER", "format": "TEXT", "text": text, **more}


def file(form: str, **example: Any) -> dict[str, Any]:
    return {"type": "HEADER", "format": form, "example": example}


def buttons(*several: dict[str, Any]) -> dict[str, Any]:
    return {"type": "BUTTONS", "buttons": list(several)}


def reply(text: str) -> dict[str, Any]:
    return {"type": "QUICK_REPLY", "text": text}


def url(text: str = "Ver", url: str = "https://loja.example/", **more: Any) -> dict[str, Any]:
    return {"type": "URL", "text": text, "url": url, **more}


PHONE = {"type": "PHONE_NUMBER", "text": "Ligar", "phone_number": "+551140000000"}
CODE = {"type": "COPY_CODE", "example": "250FF"}
FLOW = {"type": "FLOW", "text": "Abrir", "flow_id": "1"}
TEN = [reply(f"r{number}") for number in range(10)]
ONE = {"body_text": [["Ana"]]}


def errors(*components: Any, category: str = "MARKETING") -> list[tuple[str, str]]:
    return [(one.pointer, one.code) for one in check_components(category, components, LIMITS)]


@pytest.mark.parametrize(
    "components",
    [
        [body("x" * 1024)],
        [header("x" * 60), body()],
        [header("Oi {{1}}!", example={"header_text": ["Ana"]}), body("Oi {{1}}, tudo?", example=ONE)],
        [
            body(
                "Oi {{nome}}, vence {{dia}}.",
                example={
                    "body_text_named_params": [
                        {"param_name": "nome", "example": "Ana"},
                        {"param_name": "dia", "example": "2"},
                    ]
                },
            )
        ],
        [body("Oi {{2}} e {{1}}.", example={"body_text": [["Ana", "Bia"]]})],
        [body(), {"type": "FOOTER", "text": "x" * 60}],
        [file("IMAGE", header_handle=["4::aW"]), body()],
        [body(), file("DOCUMENT", file_id="fi_1")],
        [{"type": "HEADER", "format": "LOCATION"}, body()],
        [body(), buttons(*TEN)],
        [
            body(),
            buttons(
                reply("x" * 25),
                url(),
                url("Ver mais", "https://loja.example/{{1}}", example=["https://loja.example/9"]),
                PHONE,
                CODE,
                FLOW,
            ),
        ],
        [body(), buttons(url(), reply("a"), reply("b"))],
        [body(), buttons(url(url="https://a.example/" + "x" * 1982))],
    ],
)
def test_what_is_within_the_limits(components: list[Any]) -> None:
    assert errors(*components) == []


@pytest.mark.parametrize(
    ("components", "wrong"),
    [
        ([], ("/components", "body_required")),
        ([body(), body()], ("/components/1", "duplicate")),
        (["x", body()], ("/components/0/type", "invalid")),
        ([{"type": "CAROUSEL"}, body()], ("/components/0/type", "invalid")),
        ([body("x" * 1025)], ("/components/0/text", "text_too_long")),
        ([body(" ")], ("/components/0/text", "required")),
        ([body("a\x00b")], ("/components/0/text", "invalid")),
        ([body(weight=1)], ("/components/0/weight", "unknown_field")),
        ([body("{{1}} oi", example=ONE)], ("/components/0/text", "variable_at_edge")),
        ([body("oi {{1}} ", example=ONE)], ("/components/0/text", "variable_at_edge")),
        ([body("a {{1}} {{2}} b", example={"body_text": [["1", "2"]]})], ("/components/0/text", "adjacent_variables")),
        ([body("a {{1}} e {{3}} b")], ("/components/0/text", "variables_with_gaps")),
        ([body("a {{2}} b", example=ONE)], ("/components/0/text", "variables_with_gaps")),
        ([body("a {{1}} e {{nome}} b")], ("/components/0/text", "mixed_variables")),
        ([body("a {{Nome}} b")], ("/components/0/text", "malformed_variable")),
        ([body("a {{1} b")], ("/components/0/text", "malformed_variable")),
        ([body("a {{ 1 }} b", example=ONE)], ("/components/0/text", "malformed_variable")),
        ([body("a {{1}} b")], ("/components/0/example/body_text", "examples_required")),
        (
            [body("a {{1}} b", example={"body_text": [["x", "y"]]})],
            ("/components/0/example/body_text", "examples_required"),
        ),
        ([body("a {{1}} b", example={"body_text": ["x"]})], ("/components/0/example/body_text", "examples_required")),
        ([body("a {{n}} b", example=ONE)], ("/components/0/example/body_text_named_params", "examples_required")),
        ([body("a", example=ONE)], ("/components/0/example", "not_needed")),
        ([header("x" * 61), body()], ("/components/0/text", "text_too_long")),
        ([header("a\nb"), body()], ("/components/0/text", "line_break")),
        (
            [header("{{1}} e {{2}}", example={"header_text": ["a", "b"]}), body()],
            ("/components/0/text", "too_many_variables"),
        ),
        ([header("a {{1}}"), body()], ("/components/0/example/header_text", "examples_required")),
        ([{"type": "HEADER", "format": "GIF"}, body()], ("/components/0/format", "invalid")),
        ([{"type": "HEADER", "format": "VIDEO"}, body()], ("/components/0/example", "examples_required")),
        (
            [file("VIDEO", file_id="fi_1", header_handle=["4::aW"]), body()],
            ("/components/0/example", "examples_required"),
        ),
        (
            [{"type": "HEADER", "format": "LOCATION", "example": {"x": 1}}, body()],
            ("/components/0/example", "unknown_field"),
        ),
        ([{"type": "HEADER", "format": "LOCATION", "text": "x"}, body()], ("/components/0/text", "unknown_field")),
        ([{**file("VIDEO", file_id="fi_1"), "text": "x"}, body()], ("/components/0/text", "unknown_field")),
        ([file("VIDEO", file_id=7), body()], ("/components/0/example/file_id", "wrong_type")),
        ([file("VIDEO", file_id="fi_1", x=1), body()], ("/components/0/example/x", "unknown_field")),
        ([file("VIDEO", header_handle=[]), body()], ("/components/0/example/header_handle", "examples_required")),
        ([file("VIDEO", header_handle="4::aW"), body()], ("/components/0/example/header_handle", "examples_required")),
        ([file("VIDEO", header_handle=[""]), body()], ("/components/0/example/header_handle", "examples_required")),
        ([body(), {"type": "FOOTER", "text": "x" * 61}], ("/components/1/text", "text_too_long")),
        ([body(), {"type": "FOOTER", "text": "a {{1}}"}], ("/components/1/text", "too_many_variables")),
        ([body(), buttons()], ("/components/1/buttons", "invalid")),
        ([body(), buttons(*TEN, reply("x"))], ("/components/1/buttons", "invalid")),
        ([body(), buttons(reply("x" * 26))], ("/components/1/buttons/0/text", "text_too_long")),
        ([body(), buttons(reply("a {{1}}"))], ("/components/1/buttons/0/text", "invalid")),
        ([body(), buttons(reply("a"), reply("a"))], ("/components/1/buttons/1/text", "duplicate")),
        ([body(), buttons(url("a"), url("b"), url("c"))], ("/components/1/buttons/2", "too_many_buttons")),
        ([body(), buttons(PHONE, {**PHONE, "text": "b"})], ("/components/1/buttons/1", "too_many_buttons")),
        ([body(), buttons(reply("a"), url(), reply("b"))], ("/components/1/buttons", "buttons_not_grouped")),
        ([body(), buttons(url(url="ftp://a"))], ("/components/1/buttons/0/url", "invalid")),
        (
            [body(), buttons(url(url="https://a.example/{{1}}/b", example=["x"]))],
            ("/components/1/buttons/0/url", "invalid"),
        ),
        ([body(), buttons(url(url="https://a.example/" + "x" * 1983))], ("/components/1/buttons/0/url", "invalid")),
        (
            [body(), buttons(url(url="https://a.example/{{1}}"))],
            ("/components/1/buttons/0/example", "examples_required"),
        ),
        ([body(), buttons(url(example=["x"]))], ("/components/1/buttons/0/example", "not_needed")),
        ([body(), buttons({**PHONE, "phone_number": "ligue"})], ("/components/1/buttons/0/phone_number", "invalid")),
        ([body(), buttons({**CODE, "example": "x" * 16})], ("/components/1/buttons/0/example", "examples_required")),
        ([body(), buttons({"type": "FLOW", "text": "a"})], ("/components/1/buttons/0/flow_id", "required")),
        ([body(), buttons({"type": "OTP"})], ("/components/1/buttons/0/type", "invalid")),
        (
            [
                header("{{nome}} oi", example={"header_text_named_params": [{"param_name": "nome", "example": "A"}]}),
                body("a {{1}} b", example=ONE),
            ],
            ("/components", "mixed_variables"),
        ),
    ],
)
def test_what_is_not(components: list[Any], wrong: tuple[str, str]) -> None:
    assert errors(*components) == [wrong]


def test_one_time_codes_have_the_providers_own_text() -> None:
    otp = {"type": "OTP", "otp_type": "COPY_CODE"}
    whole = [{"type": "BODY", "add_security_recommendation": True}, {"type": "FOOTER", "code_expiration_minutes": 90}]
    assert errors(*whole, buttons(otp), category="AUTHENTICATION") == []
    for components, wrong in (
        ([body(), buttons(otp)], ("/components/0/text", "unknown_field")),
        ([*whole[:1]], ("/components", "buttons_required")),
        ([header("a"), *whole[:1], buttons(otp)], ("/components/0", "not_allowed")),
        (
            [whole[0], {"type": "FOOTER", "code_expiration_minutes": 91}, buttons(otp)],
            ("/components/1/code_expiration_minutes", "invalid"),
        ),
        ([whole[0], buttons(reply("a"))], ("/components/1/buttons/0/type", "invalid")),
    ):
        assert errors(*components, category="AUTHENTICATION") == [wrong]


@pytest.mark.parametrize(
    ("name", "language", "category", "wrong"),
    [
        ("a" * 512, "pt_BR", "UTILITY", []),
        ("a" * 513, "pt_BR", "UTILITY", ["/name"]),
        ("", "pt_BR", "UTILITY", ["/name"]),
        ("Olá", "pt_BR", "UTILITY", ["/name"]),
        ("a\n", "pt_BR", "UTILITY", ["/name"]),
        ("a", "pt-BR", "UTILITY", ["/language"]),
        ("a", "en", "utility", ["/category"]),
    ],
)
def test_names(name: str, language: str, category: str, wrong: list[str]) -> None:
    assert [one.pointer for one in check_names(name, language, category, LIMITS)] == wrong


def test_languages_are_the_providers_own_codes() -> None:
    """From the first of its list to the last; where it has a language by its country alone, and where by both."""
    assert len(LIMITS.languages) == 111
    for known in (
        "af", "ar", "ar_QA", "be_BY", "bn_IN", "prs_AF", "nl_BE", "en", "en_QA", "fil", "fr_CI", "de_CH", "hi", "hu",
        "id", "rw_RW", "ky_KG", "nb", "ps_AF", "fa", "pt_BR", "pt_PT", "sr", "si_LK", "es", "es_HN", "es_ES", "es_UY",
        "sw", "uz", "vi", "zh_HK", "zu",
    ):  # fmt: skip
        assert check_names("a", known, "UTILITY", LIMITS) == [], known
    for other in (
        "", "pt", "pt_pt", "pt-BR", "zh", "zh_SG", "no", "nn", "iw", "in", "tl", "fa_AF", "ps", "si", "rw", "ky", "be",
        "es_VE", "es_419", "fr_FR", "de_DE", "en_us", "en_UK", "hi_IN", "zu ", "ZU",
    ):  # fmt: skip
        (wrong,) = check_names("a", other, "UTILITY", LIMITS)
        assert (wrong.pointer, wrong.code) == ("/language", "unknown_language"), other


def test_how_variables_are_called() -> None:
    assert naming([body("a {{1}} b")]) == naming([body()]) == "POSITIONAL"
    assert naming([header("a"), body("a {{nome}} b")]) == "NAMED"


def test_the_file_of_a_header_is_found() -> None:
    assert example_file([body(), file("IMAGE", file_id="fi_1")]) == ("/components/1/example/file_id", "IMAGE", "fi_1")
    assert example_file([file("IMAGE", header_handle=["4::aW"]), body(example={"file_id": "x"})]) is None
