"""The piece of a page that shows a button: HTML that needs nothing else. Pure."""

from __future__ import annotations

from html import escape

from recado.domain.buttons import CLICK_IDS, UTM, Button

_LOOKS = (
    "display:inline-flex;align-items:center;gap:8px;box-sizing:border-box;padding:12px 20px;border-radius:999px;"
    "background:#0b7a4b;color:#fff;font:600 16px/1.25 system-ui,sans-serif;text-decoration:none"
)
_FLOATS = (
    ";position:fixed;right:20px;bottom:20px;z-index:2147483000;max-width:calc(100vw - 40px);"
    "box-shadow:0 4px 16px rgba(0,0,0,.3)"
)
_ICON = (
    '<svg width="20" height="20" viewBox="0 0 24 24" fill="currentColor" aria-hidden="true">'
    '<path d="M12 3a9 9 0 0 0-7.8 13.5L3 21l4.6-1.2A9 9 0 1 0 12 3z"/></svg>'
)
# Where the visitor came from stands in the address of the page; the link passes it on.
_SCRIPT = (
    "(function(){var a=document.currentScript.previousElementSibling,p=new URLSearchParams(location.search),"
    "u=new URL(a.href);%s.forEach(function(n){var v=p.get(n);if(v)u.searchParams.set(n,v.slice(0,200))});"
    "a.href=u.href})()"
)


def snippet_of(button: Button, url: str) -> str:
    """A link and a script, to be pasted where the button shall stand; a floating one may stand anywhere."""
    names = "[" + ",".join(f'"{name}"' for name in (*UTM, *CLICK_IDS)) + "]"
    looks = _LOOKS + (_FLOATS if button.kind == "floating" else "")
    link = f'<a href="{escape(url)}" target="_blank" rel="noopener" style="{looks}">'
    return f"{link}{_ICON}<span>{escape(button.label)}</span></a><script>{_SCRIPT % names}</script>"
