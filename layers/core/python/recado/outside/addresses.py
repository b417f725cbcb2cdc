"""Where a URL that a customer gave may lead (SSRF guard): to public addresses only, by https, and to the very address
that was looked at.

Resolved once: the connection goes to the address that was checked, so a name that answers differently the next moment
gains nothing.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from urllib.parse import urlsplit

from recado.ports.core import AddressRefused, ConnectFailed

Route = Callable[[str], str]
"""A URL → the address to connect to. Raises AddressRefused, or ConnectFailed when the name leads nowhere."""
_NAT64 = 0x0064FF9B << 96


class PublicAddresses:
    """A Route. `allowed_origins` gives origins (`scheme://host:port`) that pass unseen: the local stack's door, empty
    in AWS."""

    def __init__(self, allowed_origins: Callable[[], frozenset[str]] = frozenset) -> None:
        self._allowed_origins = allowed_origins

    def __call__(self, url: str) -> str:
        """The address of a URL's host, if all it has are public."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if f"{parts.scheme}://{parts.netloc}" in self._allowed_origins():
            return host
        if parts.scheme != "https":
            raise AddressRefused("only https")
        addresses = _resolve(host, parts.port or 443)
        if not addresses:
            raise ConnectFailed("the name has no address")
        if not all(is_public(address) for address in addresses):
            raise AddressRefused("not a public address")
        return addresses[0]


def is_public(text: str) -> bool:
    """Whether an address is of the public internet, looked at through every form in which IPv6 carries an IPv4
    address."""
    address = ip_address(text.partition("%")[0])
    inner = _carried(address) if isinstance(address, IPv6Address) else None
    if inner is not None:
        return is_public(str(inner))
    return address.is_global and not address.is_multicast and not address.is_reserved


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address within a mapped, NAT64, 6to4 or Teredo address."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.teredo is not None:
        return address.teredo[1]
    if address.sixtofour is not None:
        return address.sixtofour
    return IPv4Address(int(address) & 0xFFFFFFFF) if int(address) >> 32 == _NAT64 >> 32 else None


def _resolve(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConnectFailed(type(error).__name__) from error
    return [str(entry[4][0]) for entry in found]


def origins_in(folder: str) -> Callable[[], frozenset[str]]:
    """The origins of ssrf.json in the local folder, read at every call; none without the file."""
    file = Path(folder) / "ssrf.json"

    def read() -> frozenset[str]:
        try:
            return frozenset(json.loads(file.read_text())["allowed_origins"])
        except FileNotFoundError:
            return frozenset()

    return read
