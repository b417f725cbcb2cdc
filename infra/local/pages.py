"""The pages that come with the product, as the front serves them: a closed list of files, with what keeps a page from
running anything else. The demo page gets the site key of the demo account."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

WEB = Path(__file__).resolve().parents[2] / "web"
FILES = {
    "/demo/": ("demo/index.html", "text/html"),
    "/demo/chat.js": ("demo/chat.js", "text/javascript"),
    "/demo/triggers.js": ("demo/triggers.js", "text/javascript"),
}
HEADERS = {
    # Files go to S3 and come from there, which is another origin.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src *; "
    "img-src *; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
NO_KEY = b'data-site-key=""'


def add_pages(app: web.Application, demo: Callable[[web.Request], Mapping[str, Any]]) -> None:
    """Serve the files; `demo` gives what demo.json says."""

    async def page(request: web.Request) -> web.Response:
        name, content_type = FILES[request.path]
        key = html.escape(str(demo(request).get("channels", {}).get("online_chat", {}).get("site_key", "")))
        body = (WEB / name).read_bytes().replace(NO_KEY, f'data-site-key="{key}"'.encode())
        return web.Response(body=body, content_type=content_type, charset="utf-8", headers=HEADERS)

    async def to_demo(request: web.Request) -> web.Response:
        return web.Response(status=308, headers={"Location": "/demo/"})

    for path in FILES:
        app.router.add_get(path, page)
    app.router.add_get("/demo", to_demo)
