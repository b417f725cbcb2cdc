"""demo.json of a running stack."""

from __future__ import annotations

import json

from infra.local.stack import Stack


def test_demo_tells_where_everything_is(stack: Stack) -> None:
    told = json.loads(stack.demo_file.read_text())
    assert told["allowed_origin"] == "http://127.0.0.1:8099"
    assert (told["base_url"], told["ministack_url"], told["providers_url"]) == (
        stack.base_url,
        stack.ministack_url,
        stack.providers_url,
    )
    assert [agent["name"] for agent in told["agents"]] == ["Ana", "Bruno", "Carla"]
    of_whatsapp = {"id", "webhook_url", "app_secret", "verify_token", "phone_number_id"}
    assert set(told["channels"]["whatsapp"]) == of_whatsapp | {"waba_id"}
    assert set(told["channels"]["custom"]) == {"id", "webhook_url", "secret"}
    assert stack.demo_file.stat().st_mode & 0o077 == 0
