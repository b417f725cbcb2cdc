"""Addresses that people write into the product: what browsers read, and what they do not."""

from __future__ import annotations

import pytest

from recado.domain.web_addresses import is_web_address


@pytest.mark.parametrize(
    "text",
    [
        "https://loja.example", "http://loja.example/", "HTTPS://Loja.Example/a?b=1#c", "https://loja.example?x",
        "https://açaí.com.br/promoção", "https://a_b.example:8443/x", "https://localhost:3000", "https://10.0.0.1/",
        "https://loja.example.", "https://loja.example/[a]/%20", "https://3com.com", "https://x.0x1g",
        "https://loja.example:65535", "https://loja.example/a@b",
    ],
)  # fmt: skip
def test_what_browsers_read(text: str) -> None:
    assert is_web_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://[", "https://]", "https://[::1]", "https://", "https:///x", "https://:80", "https://a:x",
        "https://a:65536", "https://a:123456", "https://%", "https://a%20b", "https://a<b", "https://a|b",
        "https://a^b", "https://a b", "https://a..b", "https://.", "https://1.2.3.999", "https://1.2.3", "https://a.0x1",
        "https://x@y", "https://a\\b", "ftp://a", "//a", "a.example", "https:/a", "https://a/b c", "https://a\u00a0b",
        "https://a/\x7f", "https://" + "a" * 64 + ".example",
    ],
)  # fmt: skip
def test_what_browsers_do_not_read_as_it_is_written(text: str) -> None:
    assert not is_web_address(text)
