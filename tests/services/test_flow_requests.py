"""What customers say stays a part of the address that a step asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pytest

from recado.domain.flow_definitions import definition
from recado.ports.flow_http import FlowRequestFailed, FlowResponse
from recado.services.flow_requests import FlowRequesting


class Requests:
    """The way out, which keeps the addresses that were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def request(self, method: str, url: str, headers: Mapping[str, str], body: str | None) -> FlowResponse:
        self.asked.append(url)
        return FlowResponse(200)


class NoSecrets:
    """Of an account that has none."""

    def values(self, a: str, names: Collection[str]) -> Mapping[str, str]:
        return {}


def ask(url: str, said: Any) -> list[str]:
    requests = Requests()
    step = definition("a", {"a": {"type": "http", "method": "GET", "url": url}}).steps["a"]
    FlowRequesting(requests, NoSecrets()).ask("accounta", step, {"said": said}, {})  # type: ignore[arg-type]
    return requests.asked


@pytest.mark.parametrize(
    "said",
    [
        *("..", ".", "", None, " ", " .. ", "../orders", "1/../../orders", "..\\orders", "1/", "/admin", "1//2"),
        *("%2e%2e", "%2E.", "%252e%252e", "%25252e.", "%2e%2e%2forders", "..%5corders", "..;a=b", ";a", "..\x00"),
    ],
)
def test_no_answer_walks_through_a_companys_addresses(said: Any) -> None:
    with pytest.raises(FlowRequestFailed, match="wrong_address"):
        ask("https://erp.example/v1/customers/{{said}}/orders", said)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://erp.example/v1/.{{said}}/orders", "."),
        ("https://erp.example/v1/%2e{{said}}/orders", "."),
        ("https://erp.example/v1/{{said}}{{said}}/orders", "."),
        ("https://erp.example/v1/{{said}}", ""),
        ("https://erp.example/{{said}}?q={{said}}", ".."),
    ],
)
def test_nor_with_what_a_step_says_beside_it(url: str, said: str) -> None:
    with pytest.raises(FlowRequestFailed, match="wrong_address"):
        ask(url, said)


@pytest.mark.parametrize(
    ("url", "said", "asked"),
    [
        ("https://erp.example/c/{{said}}/orders", "529.982.247-25", "https://erp.example/c/529.982.247-25/orders"),
        ("https://erp.example/c/{{said}}", "...", "https://erp.example/c/..."),
        ("https://erp.example/c/{{said}}", "12/2026", "https://erp.example/c/12%2F2026"),
        ("https://erp.example/c/{{said}}", "100% ..", "https://erp.example/c/100%25%20.."),
        ("https://erp.example/c/{{said}}", 0, "https://erp.example/c/0"),
        ("https://erp.example/c/x{{said}}", "", "https://erp.example/c/x"),
        ("https://erp.example/c/{{ said }}/{{a/b?c}}", "1", "https://erp.example/c/1/{{a/b?c}}"),
        ("https://erp.example/a/../{{said}}//b/", "1", "https://erp.example/a/../1//b/"),
        ("https://erp.example/?q={{said}}", "../", "https://erp.example/?q=..%2F"),
        ("https://erp.example?q={{said}}/../", "", "https://erp.example?q=/../"),
    ],
)
def test_whatever_else_they_say_is_sent(url: str, said: Any, asked: str) -> None:
    assert ask(url, said) == [asked]
