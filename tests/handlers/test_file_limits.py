"""Files from the announcement over the bucket to the link, through the function's handler, on moto."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
from botocore.exceptions import ClientError

from recado.aws import session
from recado.aws.file_objects import S3FileObjects
from recado.domain.access import Caller
from recado.domain.errors import NotFound
from recado.domain.files import File, served_key
from recado.storage.files import DynamoFiles
from tests.file_samples import GOOD, HOSTILE, png
from tests.handlers.stack import BUCKETS, Stack
from tests.lost_answers import LostAnswers

A, MB = "accounta", 1_048_576
ADMIN = Caller(A, "admin", user_id="us_accounta_1")
BUCKET = BUCKETS["FILES_BUCKET"]
LIMITS = {"flow": 15, "service": 15, "shortcut": 15, "email": 25, "trigger": 4, "photo": 4}


class Door:
    """The door for files, as those who use it see it."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.s3 = stack, stack.s3
        self.service = stack.container.file_service

    def announce(self, content_type: str, size: int, feature: Any = "service") -> File:
        return self.service.announce(ADMIN, feature, None, "nota", content_type, size)[0]

    def put(self, file: File, content: bytes) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=self.quarantine(file), Body=content)

    def arrive(self, file: File) -> None:
        """What EventBridge tells the function."""
        self.stack.invoke("file_limits", event(self.quarantine(file)))

    def upload(self, content_type: str, content: bytes, size: int | None = None, feature: str = "service") -> File:
        file = self.announce(content_type, len(content) if size is None else size, feature)
        self.put(file, content)
        self.arrive(file)
        return self.file(file)

    def file(self, file: File) -> File:
        return self.service.get(ADMIN, file.id)

    def quarantine(self, file: File) -> str:
        return f"quarantine/{A}/{file.id}"

    def objects(self) -> list[str]:
        return [one["Key"] for one in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def served(self, file: File) -> dict[str, Any]:
        assert file.etag is not None
        return dict(self.s3.get_object(Bucket=BUCKET, Key=served_key(A, file.id, file.etag)))


@contextmanager
def called_again() -> Iterator[None]:
    """The handler fails, without a word of what failed, so that Lambda calls it again."""
    with pytest.raises(Exception) as raised:
        yield
    assert (type(raised.value).__name__, str(raised.value)) == ("CheckFailed", "")


def event(key: str) -> dict[str, Any]:
    detail = {"bucket": {"name": BUCKET}, "object": {"key": key}, "reason": "PostObject"}
    return {"id": "event-1", "source": "aws.s3", "detail-type": "Object Created", "detail": detail}


@pytest.fixture
def door(stack: Stack) -> Door:
    return Door(stack)


@pytest.mark.parametrize("content_type", GOOD)
def test_a_good_file_is_accepted_and_moved(door: Door, content_type: str) -> None:
    file = door.upload(content_type, GOOD[content_type])
    assert (file.state, file.reason) == ("accepted", None)
    assert door.objects() == [served_key(A, file.id, file.etag or "")]
    got = door.served(file)
    assert (got["Body"].read(), got["ContentType"]) == (GOOD[content_type], content_type)
    shown = content_type.startswith(("image/", "audio/", "video/")) or content_type == "application/pdf"
    shown &= content_type not in ("image/svg+xml", "image/heic")
    assert got["ContentDisposition"].startswith("inline" if shown else "attachment")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_rejected_and_deleted(door: Door, name: str) -> None:
    declared, content, reason = HOSTILE[name]
    file = door.upload(declared, content)
    assert (file.state, file.reason) == ("rejected", reason)
    assert door.objects() == []
    assert door.service.link(A, file) is None


@pytest.mark.parametrize("feature", LIMITS)
def test_real_sizes_at_the_limit(door: Door, feature: str) -> None:
    limit = LIMITS[feature] * MB
    for size in (limit - 1, limit):
        assert door.upload("image/png", png(size), feature=feature).state == "accepted"
    for size in (limit - 1, limit + 1):
        file = door.upload("image/png", png(size), limit, feature)
        assert (file.state, file.reason) == ("rejected", "size_differs")


def test_a_list_to_import_is_not_read_whole(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """512 MB would not fit the function: what is read is bounded, whatever the size."""
    read: list[int] = []
    real = S3FileObjects.read

    def counted(self: Any, key: str, found: Any, offset: int, length: int) -> bytes:
        read.append(length)
        return real(self, key, found, offset, length)

    monkeypatch.setattr(S3FileObjects, "read", counted)
    assert door.upload("text/csv", b"name;mobile\n" * 700_000, feature="import").state == "accepted"
    assert sum(read) <= 2 * 65_536


def test_an_empty_file(door: Door) -> None:
    assert door.upload("image/png", b"", 1).reason == "empty"


def test_an_arrival_told_twice_changes_nothing(door: Door) -> None:
    file = door.upload("image/png", png())
    door.arrive(file)
    assert door.file(file) == file
    assert len(door.objects()) == 1


def test_a_second_upload_by_the_same_form_is_dropped_unread(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    file = door.upload("image/png", png(200))
    door.put(file, png(200)[:-1] + b"x")
    with monkeypatch.context() as patched:
        patched.delattr(S3FileObjects, "read")
        door.arrive(file)
    assert door.file(file) == file
    assert door.served(file)["Body"].read() == png(200)
    assert len(door.objects()) == 1


def test_a_good_upload_after_a_rejected_one_stays_rejected(door: Door) -> None:
    file = door.upload("image/png", b"<html>")
    door.put(file, GOOD["image/png"])
    door.arrive(file)
    assert (door.file(file).state, door.objects()) == ("rejected", [])


@pytest.mark.parametrize("lost", ["keep", "remove"])
def test_a_crash_is_finished_by_the_next_try(door: Door, monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    """After the copy and before the item; after the item and before the quarantine is emptied."""
    file = door.announce("image/png", len(png()))
    door.put(file, png())
    real: Callable[..., None] = getattr(S3FileObjects, lost)

    def crash(self: Any, *given: Any) -> None:
        if lost == "keep":
            real(self, *given)
        raise RuntimeError("the function was stopped")

    with monkeypatch.context() as patched:
        patched.setattr(S3FileObjects, lost, crash)
        with called_again():
            door.arrive(file)
    assert door.file(file).state == ("pending" if lost == "keep" else "accepted")
    assert door.quarantine(file) in door.objects()
    door.arrive(file)
    settled = door.file(file)
    assert settled.state == "accepted"
    assert door.objects() == [served_key(A, file.id, settled.etag or "")]


@pytest.mark.parametrize("how", ["lose", "repeat", "drop"])
def test_the_answer_of_the_item_is_lost(door: Door, lost_answers: LostAnswers, how: str) -> None:
    """However far the write came, the file is accepted once, and its bytes stay."""
    file = door.announce("image/png", len(png()))
    door.put(file, png())
    getattr(lost_answers, how)("UpdateItem")
    with nullcontext() if how == "repeat" else called_again():
        door.arrive(file)
    door.arrive(file)
    settled = door.file(file)
    assert settled.state == "accepted"
    assert door.objects() == [served_key(A, file.id, settled.etag or "")]


def test_bytes_that_change_while_they_are_checked_are_not_accepted(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check saw a picture; what lies there when it is copied is a page of the same size."""
    good = png(100)
    file = door.announce("image/png", 100)
    door.put(file, good)
    keep = S3FileObjects.keep

    def replaced_before(self: Any, *given: Any) -> None:
        door.put(file, b"<html>".ljust(100))
        keep(self, *given)

    copy = session.s3().copy_object

    def as_s3_copies(**given: Any) -> Any:
        """moto passes over the condition."""
        source = given["CopySource"]
        if session.s3().head_object(**source)["ETag"].strip('"') != given["CopySourceIfMatch"]:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "CopyObject")
        return copy(**given)

    monkeypatch.setattr(session.s3(), "copy_object", as_s3_copies)

    with monkeypatch.context() as patched:
        patched.setattr(S3FileObjects, "keep", replaced_before)
        door.arrive(file)
    assert (door.file(file).state, door.objects()) == ("pending", [door.quarantine(file)])
    door.arrive(file)
    assert (door.file(file).reason, door.objects()) == ("type_differs", [])


def test_two_uploads_are_checked_at_once(door: Door, monkeypatch: pytest.MonkeyPatch, clock: Any) -> None:
    """The other's bytes were accepted between the copy of these and their item: the copy goes away again."""
    file = door.announce("image/png", len(png()))
    door.put(file, png())
    keep = S3FileObjects.keep

    def other_first(self: Any, *given: Any) -> None:
        keep(self, *given)
        assert DynamoFiles().accept(A, file, "other", None, clock.now())

    with monkeypatch.context() as patched:
        patched.setattr(S3FileObjects, "keep", other_first)
        door.arrive(file)
    assert (door.file(file).etag, door.objects()) == ("other", [])


def test_what_comes_too_late_or_was_never_announced_is_deleted_unread(
    door: Door, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(S3FileObjects, "read")
    late = door.announce("image/png", len(png()))
    clock.move(24 * 3600)
    door.put(late, png())
    door.arrive(late)
    with pytest.raises(NotFound):
        door.file(late)
    for key in (f"quarantine/{A}/fi_{A}_{'0' * 27}", "quarantine/somewhere/else"):
        door.s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
        door.stack.invoke("file_limits", event(key))
    assert door.objects() == []


def test_what_is_gone_is_passed_over(door: Door) -> None:
    file = door.announce("image/png", 10)
    door.arrive(file)
    assert door.file(file).state == "pending"


def test_a_link_is_of_the_products_own_address(door: Door) -> None:
    file = door.upload("image/png", png())
    link = door.service.link(A, file)
    assert link is not None
    base, _, query = link.partition("?")
    assert base == f"{door.stack.container.settings.public_base_url}/{served_key(A, file.id, file.etag or '')}"
    assert "X-Amz-Expires=300" in query and "X-Amz-Signature=" in query


def test_a_form_is_bound_to_key_type_and_size(door: Door, stack: Stack) -> None:
    form = stack.container.file_objects.upload_form("quarantine/x/y", "image/png", 12, 600)
    conditions = json.loads(base64.b64decode(form.fields["policy"]))["conditions"]
    assert {"Content-Type": "image/png"} in conditions
    assert {"key": "quarantine/x/y"} in conditions and {"bucket": BUCKET} in conditions
    assert ["content-length-range", 12, 12] in conditions
