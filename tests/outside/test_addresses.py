"""Where customers' URLs may lead."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from recado.outside.addresses import PublicAddresses, is_public, origins_in
from recado.outside.http import OutsideHttp
from recado.ports.core import AddressRefused, ConnectFailed
from tests.outside.servers import answering, serving

INNER = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "192.0.2.1",
    "2001:db8::1",
    "240.0.0.1",
]


@pytest.mark.parametrize("address", INNER)
def test_inner_addresses_are_refused_in_every_form(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101", "::ffff:8.8.8.8"])
def test_public_addresses_pass(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::ffff:7f00:1]", "localhost", "0"])
def test_disguises_of_the_loopback_are_never_connected_to(host: str) -> None:
    with serving(answering(b"HTTP/1.1 200 OK\r\n\r\n")) as (port, requests):
        with pytest.raises(ConnectFailed):
            OutsideHttp(PublicAddresses()).request("GET", f"https://{host}:{port}/", {}, None, 2)
        assert not requests


def test_only_https() -> None:
    with pytest.raises(AddressRefused):
        PublicAddresses()("http://1.1.1.1/")


def test_one_inner_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    _answer_names(monkeypatch, ["1.1.1.1", "10.0.0.1"])
    with pytest.raises(AddressRefused):
        PublicAddresses()("https://both.example/")


def test_a_name_is_asked_for_once_and_the_address_seen_is_the_one_called(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _answer_names(monkeypatch, ["1.1.1.1"])
    assert PublicAddresses()("https://rebinding.example/x") == "1.1.1.1"
    assert asked == ["rebinding.example"]


def test_the_local_door_opens_for_its_exact_origin_alone(tmp_path: Path) -> None:
    origins = origins_in(str(tmp_path))
    assert origins() == frozenset()
    (tmp_path / "ssrf.json").write_text(json.dumps({"allowed_origins": ["http://127.0.0.1:8099"]}))
    route = PublicAddresses(origins)
    assert route("http://127.0.0.1:8099/hook") == "127.0.0.1"
    for url in (
        "http://127.0.0.1:8098/",
        "https://127.0.0.1:8099/",
        "http://127.0.0.1:80990/",
        "http://127.0.0.1:8099@evil.example/",
    ):
        with pytest.raises(AddressRefused):
            route(url)


def _answer_names(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> list[str]:
    asked: list[str] = []

    def answer(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]

    monkeypatch.setattr("recado.outside.addresses.socket.getaddrinfo", answer)
    return asked
