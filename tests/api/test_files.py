"""/v1/files through the function's handler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from recado.aws.file_objects import S3FileObjects
from recado.aws.session import reset_clients
from recado.domain.ids import make_id
from recado.storage.files import DynamoFiles
from tests.api.conftest import Api, Company, api_token

MB = 1_048_576
BUCKET = "recado-files"
LIMITS = {
    "flow": (15 * MB, "application/pdf"),
    "service": (15 * MB, "application/pdf"),
    "shortcut": (15 * MB, "application/pdf"),
    "email": (25 * MB, "application/pdf"),
    "trigger": (4 * MB, "image/png"),
    "import": (512 * MB, "text/csv"),
    "photo": (4 * MB, "image/png"),
}


@pytest.fixture(autouse=True)
def bucket(services: Any) -> Iterator[None]:
    reset_clients()
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    services.file_objects = S3FileObjects(BUCKET, "https://recado.example")
    yield
    reset_clients()


def body(
    feature: str = "service", content_type: str = "application/pdf", size: int = 10, **more: Any
) -> dict[str, Any]:
    return {"feature": feature, "name": "nota.pdf", "content_type": content_type, "size": size, **more}


@pytest.mark.parametrize("feature", LIMITS)
def test_limits_to_the_byte(api: Api, company: Company, feature: str) -> None:
    limit, content_type = LIMITS[feature]
    for size in (limit - 1, limit):
        assert api.post("/v1/files", body(feature, content_type, size), token=company.admin).status == 201
    refused = api.post("/v1/files", body(feature, content_type, limit + 1), token=company.admin)
    assert (refused.status, refused.json["code"], refused.json["limit"]) == (413, "file_too_large", limit)


def test_types(api: Api, company: Company) -> None:
    for feature, content_type in (("trigger", "application/pdf"), ("import", "text/plain"), ("service", "text/html")):
        refused = api.post("/v1/files", body(feature, content_type), token=company.admin)
        assert (refused.status, refused.json["code"]) == (415, "file_type_not_taken")
    run = api.post("/v1/files", {**body(), "name": "nota.exe"}, token=company.admin)
    assert run.status == 415


def test_wrong_fields(api: Api, company: Company) -> None:
    for given, pointer in (
        (body(size=0), "/size"),
        (body(feature="wall"), "/feature"),
        ({**body(), "name": "a\nb"}, "/name"),
        (body(channel_id="ch_none"), "/channel_id"),
        (body(channel_id=make_id("ch", company.a, company.account.created_at, "0" * 16)), "/channel_id"),
    ):
        refused = api.post("/v1/files", given, token=company.admin)
        assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, pointer)


def test_the_channels_limit(api: Api, company: Company, other_company: Company, services: Any) -> None:
    secrets = {"app_secret": "s", "verify_token": "v", "access_token": "a"}
    made = [
        services.channel_service.create(one.a, "whatsapp", "Zap", None, {"phone_number_id": "1234567"}, secrets)
        for one in (company, other_company)
    ]
    for size, status in ((5 * MB, 201), (5 * MB + 1, 413)):
        given = body("service", "image/jpeg", size, channel_id=made[0].id)
        assert api.post("/v1/files", given, token=company.admin).status == status
    assert api.post("/v1/files", body(channel_id=made[1].id), token=company.admin).status == 400


def test_who_may_upload_for_what(api: Api, company: Company) -> None:
    allowed = {
        "agent": {"service", "email", "shortcut", "photo"},
        "restricted": {"service", "email"},
        "api": set(LIMITS),
    }
    for role, features in allowed.items():
        for feature, (_, content_type) in LIMITS.items():
            status = api.post("/v1/files", body(feature, content_type), token=company.tokens[role]).status
            assert status == (201 if feature in features else 403), (role, feature)


def test_the_form_and_the_file(api: Api, company: Company, services: Any, clock: Any) -> None:
    made = api.post("/v1/files", body(), token=company.tokens["agent"]).json
    key = f"quarantine/{company.a}/{made['file_id']}"
    fields = made["upload"]["fields"]
    assert (fields["key"], fields["Content-Type"]) == (key, "application/pdf")
    path = f"/v1/files/{made['file_id']}"
    pending = api.get(path, token=company.tokens["agent"]).json
    assert pending == {
        "id": made["file_id"], "feature": "service", "name": "nota.pdf", "content_type": "application/pdf", "size": 10,
        "state": "pending", "reason": None, "url": None,
    }  # fmt: skip
    file = DynamoFiles().get(company.a, made["file_id"])
    assert file is not None and DynamoFiles().accept(company.a, file, "e" * 32, None, clock.now())
    accepted = api.get(path, token=company.tokens["agent"]).json
    assert accepted["state"] == "accepted"
    assert accepted["url"].startswith(f"https://recado.example/files/{company.a}/{file.id}/{'e' * 32}?X-Amz-")
    clock.move(48 * 3600)
    token = services.session_service.start(company.a, company.users["agent"]).token
    assert api.get(path, token=token).json["state"] == "accepted", "what was accepted stays"


def test_a_rejected_file_has_its_reason_and_no_link(api: Api, company: Company, clock: Any) -> None:
    made = api.post("/v1/files", body(), token=company.admin).json
    file = DynamoFiles().get(company.a, made["file_id"])
    assert file is not None and DynamoFiles().reject(company.a, file, "type_differs", clock.now())
    told = api.get(f"/v1/files/{file.id}", token=company.admin).json
    assert (told["state"], told["reason"], told["url"]) == ("rejected", "type_differs", None)


def test_what_never_came_is_gone_after_a_day(api: Api, company: Company, services: Any, clock: Any) -> None:
    token = company.tokens["api"]
    path = f"/v1/files/{api.post('/v1/files', body(), token=token).json['file_id']}"
    clock.move(24 * 3600 - 1)
    assert api.get(path, token=token).status == 200
    clock.move(1)
    assert api.get(path, token=token).status == 404


def test_who_sees_a_file(api: Api, company: Company, other_company: Company) -> None:
    made = {
        role: f"/v1/files/{api.post('/v1/files', body(), token=company.tokens[role]).json['file_id']}"
        for role in ("admin", "agent", "restricted", "api")
    }
    for role, own in made.items():
        for other, token in company.tokens.items():
            status = 200 if role == other or other in ("admin", "api") else 404
            if {role, other} <= {"admin", "api"}:
                status = 200
            assert api.get(own, token=token).status == status, (role, other)
        assert api.get(own, token=other_company.admin).status == 404


def test_scopes(api: Api, company: Company, services: Any) -> None:
    path = f"/v1/files/{api.post('/v1/files', body(), token=company.admin).json['file_id']}"
    reads, writes = (api_token(services, company, [scope]) for scope in ("files:read", "files:write"))
    assert api.get(path, token=reads).status == 200 and api.get(path, token=writes).status == 403
    assert api.post("/v1/files", body(), token=writes).status == 201
    assert api.post("/v1/files", body(), token=reads).status == 403
