"""Accepted files at the front: /files/* goes to the bucket with path and query as they are, for the link's signature is
over them, and comes back with the header that CloudFront adds in AWS."""

from __future__ import annotations

import aiohttp
from aiohttp import web
from yarl import URL

from infra.local.problem_answers import problem

PATH = "/files/"
HEADERS = ("Content-Type", "Content-Disposition", "Content-Length", "Content-Range", "Accept-Ranges", "Cache-Control")


async def serve_file(request: web.Request, session: aiohttp.ClientSession, bucket_url: str) -> web.StreamResponse:
    """GET or HEAD of a link that the API gave. What S3 refuses is told as a problem: its own words are XML."""
    # Decoded it may name another folder of the bucket; links that the API gives hold nothing to be decoded.
    if "%" in request.raw_path.partition("?")[0] or "/../" in request.raw_path:
        return problem(404, "not_found", "there is nothing at this path")
    # The local S3 lets everybody read what they do not sign for; AWS's does not.
    if "X-Amz-Signature" not in request.query:
        return problem(403, "no_such_link", "this link is not good, or no longer")
    url = URL(bucket_url + request.raw_path, encoded=True)
    wanted = {"Range": request.headers["Range"]} if "Range" in request.headers else {}
    async with session.request(request.method, url, headers=wanted, allow_redirects=False) as answer:
        if answer.status not in (200, 206):
            return problem(
                answer.status if answer.status >= 400 else 502, "no_such_link", "this link is not good, or no longer"
            )
        response = web.StreamResponse(status=answer.status)
        response.headers.update({name: answer.headers[name] for name in HEADERS if name in answer.headers})
        response.headers["X-Content-Type-Options"] = "nosniff"
        await response.prepare(request)
        async for chunk in answer.content.iter_chunked(65_536):
            await response.write(chunk)
        await response.write_eof()
        return response
