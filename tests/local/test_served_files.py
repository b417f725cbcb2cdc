"""Accepted files at the front."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from aiohttp import web

from infra.local.front import Settings, build_app
from tests.local.conftest import Serve

LINK = "/files/accounta/fi_1/etag?X-Amz-Signature=abc&x=%2F"
NOBODY = "http://127.0.0.1:9"


class Bucket:
    """Takes note of what is asked of it, and answers as it is told."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ranges: list[str | None] = []
        self.status = 200

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/{path:.*}", self.answer)
        return app

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.raw_path)
        self.ranges.append(request.headers.get("Range"))
        headers = {"Content-Disposition": 'attachment; filename="a"', "Set-Cookie": "a=1", "x-amz-id-2": "x"}
        return web.Response(status=self.status, body=b"\x00\xff", content_type="image/png", headers=headers)


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def front(serve: Serve, bucket: Bucket, tmp_path: Path) -> str:
    files_url = serve(bucket.app()) + "/files-bucket"
    return serve(build_app(Settings(NOBODY, NOBODY, NOBODY, "tick", tmp_path, files_url)), auto_decompress=False)


def test_a_link_leads_to_the_bucket_as_it_is(front: str, bucket: Bucket, web_client: httpx.Client) -> None:
    got = web_client.get(front + LINK, headers={"Range": "bytes=0-1"})
    assert (got.status_code, got.content) == (200, b"\x00\xff")
    assert bucket.asked == ["/files-bucket" + LINK] and bucket.ranges == ["bytes=0-1"]
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-disposition"] == 'attachment; filename="a"'
    assert got.headers["content-type"] == "image/png"
    assert "set-cookie" not in got.headers and "x-amz-id-2" not in got.headers


@pytest.mark.parametrize("status", [302, 403, 404, 412])
def test_what_the_bucket_refuses_is_a_problem(
    front: str, bucket: Bucket, web_client: httpx.Client, status: int
) -> None:
    bucket.status = status
    got = web_client.get(front + LINK)
    assert (got.status_code, got.json()["code"]) == (status if status >= 400 else 502, "no_such_link")


def test_nothing_else_of_the_bucket_is_reached(front: str, bucket: Bucket, web_client: httpx.Client) -> None:
    assert web_client.get(f"{front}/files/accounta/fi_1/etag").status_code == 403
    for path in (
        "/quarantine/accounta/fi_1?X-Amz-Signature=a",
        "/files/..%2Fquarantine/a?X-Amz-Signature=a",
        "/files/",
    ):
        assert web_client.get(front + path).status_code in (403, 404), path
    assert web_client.post(front + LINK).status_code in (404, 405)
    assert bucket.asked == []
