"""Origins on this machine that the local run lets in."""

from __future__ import annotations

from urllib.parse import urlsplit

ALLOWED_ORIGIN = "http://127.0.0.1:8099"
"""Requests of the product to it pass its guard against addresses of the own machine, and its pages may use the demo
site."""


def site_origins(base_url: str) -> list[str]:
    """Whose pages may use the demo account's online chat: the demo page's, by both of the machine's names, and those of
    the allowed origin."""
    port = urlsplit(base_url).port
    return [base_url, f"http://localhost:{port}" if port else "http://localhost", ALLOWED_ORIGIN]
