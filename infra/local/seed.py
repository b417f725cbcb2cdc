"""The demo account and demo.json: made at the first start, found again at the next ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from infra.local.origins import ALLOWED_ORIGIN, site_origins
from infra.local.processes import StartFailed

if TYPE_CHECKING:
    from infra.local.stack import Stack

ANSWER_TIMEOUT_S = 60
MOST_ORIGINS = 50
_OPENER = build_opener(ProxyHandler({}))


def open_local_doors(stack: Stack) -> None:
    """Which origins on this machine the product may call: the tests' own and the simulated providers."""
    origins = {"allowed_origins": [ALLOWED_ORIGIN, stack.providers_url]}
    _write(stack.state_dir / "ssrf.json", origins)


def ensure_demo(stack: Stack) -> dict[str, Any]:
    """demo.json's content. The account of the last run is kept if the product still lets its token in. StartFailed."""
    demo = _read(stack.demo_file)
    if not demo or not _lets_in(stack.base_url, demo["api_token"]):
        demo = _made(stack)
    demo = {**demo, "channels": _at(stack.base_url, demo["channels"])}
    demo |= {
        "base_url": stack.base_url,
        "ministack_url": stack.ministack_url,
        "providers_url": stack.providers_url,
        "allowed_origin": ALLOWED_ORIGIN,
    }
    _write(stack.demo_file, demo)
    let_pages_in(stack.base_url, demo["api_token"], demo["channels"]["online_chat"]["id"])
    return demo


def let_pages_in(base_url: str, token: str, channel_id: str) -> None:
    """The demo site takes pages of this start's origins, whose port may be another than at the last one, beside those
    that somebody allowed since. A site that somebody removed is left alone. StartFailed."""
    path = f"{base_url}/v1/channels/{channel_id}"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        with _OPENER.open(Request(path, headers=headers), timeout=ANSWER_TIMEOUT_S) as answer:
            channel = json.loads(answer.read())
        known = channel["settings"].get("allowed_origins", [])
        missing = [one for one in site_origins(base_url) if one not in known]
        if channel["state"] == "removed" or not missing:
            return
        body = json.dumps({"settings": {"allowed_origins": [*missing, *known][:MOST_ORIGINS]}}).encode()
        _OPENER.open(Request(path, body, headers, method="PATCH"), timeout=ANSWER_TIMEOUT_S).close()
    except HTTPError as error:
        if error.code == 404:
            return
        detail = error.read().decode(errors="replace")[:500]
        raise StartFailed(f"the demo site cannot be used by the demo page: {error.code}: {detail}") from error


def call_apis(stack: Stack) -> None:
    """Let both APIs answer once, so that whoever comes first does not wait for them. StartFailed when one does not."""
    for path, expected in (("/v1/openapi.json", 200), ("/webhooks/ch_of_nobody", 404)):
        try:
            with _OPENER.open(f"{stack.base_url}{path}", timeout=ANSWER_TIMEOUT_S) as answer:
                status, text = answer.status, ""
        except HTTPError as error:
            status, text = error.code, error.read().decode(errors="replace")[:500]
        if status != expected:
            raise StartFailed(f"{path} answers {status} instead of {expected}: {text}")


def _made(stack: Stack) -> dict[str, Any]:
    command = [sys.executable, "-m", "infra.local.demo_account"]
    command += ["--base-url", stack.base_url, "--providers-url", stack.providers_url]
    paths = (str(stack.root / "layers" / "core" / "python"), str(stack.root))
    environment = {**stack.child_environment(), **stack.function_environment(), "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(command, cwd=stack.root, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise StartFailed(f"the demo account could not be made:\n{done.stderr.strip()[-2000:]}")
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def _lets_in(base_url: str, token: str) -> bool:
    """Whether the token is of an account that exists; StartFailed when the product does not answer properly at all."""
    request = Request(f"{base_url}/v1/channels", headers={"Authorization": f"Bearer {token}"})
    try:
        with _OPENER.open(request, timeout=ANSWER_TIMEOUT_S):
            return True
    except HTTPError as error:
        if error.code == 401:
            return False
        detail = error.read().decode(errors="replace")[:500]
        raise StartFailed(f"the product answers {error.code} to the demo account: {detail}") from error


def _at(base_url: str, channels: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """The channels with the webhook URLs of this start, whose port may be another."""
    return {
        name: {**one, "webhook_url": base_url + urlsplit(one["webhook_url"]).path} if "webhook_url" in one else one
        for name, one in channels.items()
    }


def _read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text()) if file.is_file() else {}


def _write(file: Path, value: dict[str, Any]) -> None:
    """Whole or not at all, and for this person alone: it holds passwords and tokens, of a demo though."""
    unfinished = file.with_suffix(".part")
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(value, indent=2) + "\n")
    unfinished.replace(file)
