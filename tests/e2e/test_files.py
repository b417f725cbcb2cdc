"""Files through the running product: announced, posted to S3 by the form, checked, and fetched by the link."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from infra.local.deployment import client
from infra.local.stack import Stack
from tests.e2e.live import Live, eventually
from tests.file_samples import GOOD, HOSTILE, png

MB = 1_048_576


@pytest.fixture
def live(stack: Stack) -> Live:
    return Live(stack)


def announce(live: Live, content_type: str, size: int, feature: str = "service", name: str = "nota") -> dict[str, Any]:
    body = {"feature": feature, "name": name, "content_type": content_type, "size": size}
    announced: dict[str, Any] = live.admin.post("/v1/files", body, expect=201)
    return announced


def post(announced: dict[str, Any], content: bytes, **changed: str) -> httpx.Response:
    """As a browser on the console's page posts the form."""
    upload = announced["upload"]
    fields = {**upload["fields"], **{name.replace("_", "-"): value for name, value in changed.items()}}
    return httpx.post(upload["url"], data=fields, files={"file": ("nota", content)}, timeout=60)


def settled(live: Live, announced: dict[str, Any]) -> dict[str, Any]:
    path = f"/v1/files/{announced['file_id']}"
    return eventually(lambda: (file := live.admin.get(path))["state"] != "pending" and file)


def test_a_picture_from_the_form_to_the_link(live: Live) -> None:
    content = png(4 * MB)
    announced = announce(live, "image/png", len(content), "photo", "retrato é.png")
    assert live.admin.get(f"/v1/files/{announced['file_id']}")["url"] is None
    assert post(announced, content).status_code in (200, 204)
    file = settled(live, announced)
    assert (file["state"], file["reason"]) == ("accepted", None)
    assert file["url"].startswith(live.stack.base_url + "/files/")
    got = httpx.get(file["url"])
    assert (got.status_code, got.content) == (200, content)
    assert got.headers["content-type"] == "image/png"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-disposition"].startswith('inline; filename="retrato _.png"')
    part = httpx.get(file["url"], headers={"Range": "bytes=0-7"})
    assert (part.status_code, part.content) == (206, content[:8])
    assert httpx.get(file["url"].replace("X-Amz-Signature=", "X-Amz-Signature=0")).status_code == 403
    assert httpx.get(file["url"].split("?")[0]).status_code in (403, 404)


def test_what_is_not_shown_is_saved(live: Live) -> None:
    for content_type in ("image/svg+xml", "text/csv"):
        content = GOOD[content_type]
        announced = announce(live, content_type, len(content))
        post(announced, content)
        got = httpx.get(settled(live, announced)["url"])
        assert got.headers["content-disposition"].startswith("attachment;")
        assert (got.headers["content-type"], got.headers["x-content-type-options"]) == (content_type, "nosniff")


def test_s3_itself_refuses_another_size_type_or_key(live: Live) -> None:
    announced = announce(live, "image/png", 1_000)
    refused = post(announced, png(1_001))
    assert (refused.status_code, "EntityTooLarge" in refused.text) == (400, True)
    refused = post(announced, png(999))
    assert (refused.status_code, "EntityTooSmall" in refused.text) == (400, True)
    assert post(announced, png(1_000), Content_Type="text/html").status_code == 403
    assert post(announced, png(1_000), key=announced["upload"]["fields"]["key"] + "0").status_code == 403
    assert live.admin.get(f"/v1/files/{announced['file_id']}")["state"] == "pending"


def test_what_is_rejected_is_nowhere(live: Live) -> None:
    declared, content, reason = HOSTILE["an HTML named .png"]
    announced = announce(live, declared, len(content))
    assert post(announced, content).status_code in (200, 204)
    file = settled(live, announced)
    assert (file["state"], file["reason"], file["url"]) == ("rejected", reason, None)
    bucket = live.stack.function_environment()["FILES_BUCKET"]
    s3 = client("s3", live.stack.ministack_url)
    key = announced["upload"]["fields"]["key"]
    for prefix in (key, key.replace("quarantine/", "files/")):
        assert eventually(lambda prefix=prefix: "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix=prefix))
    assert httpx.get(f"{live.stack.base_url}/{key}").status_code == 404


def test_a_page_of_the_console_may_post(live: Live) -> None:
    url = announce(live, "image/png", 10)["upload"]["url"]
    asked = {"Access-Control-Request-Method": "POST", "Origin": live.stack.base_url}
    answer = httpx.options(url, headers=asked)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) in (
        (200, live.stack.base_url),
        (200, "*"),
    )
