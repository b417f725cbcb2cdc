"""The objects of the files bucket: uploads in quarantine, and what was accepted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from recado.aws.session import presigning_s3, s3
from recado.domain.files import Ending
from recado.ports.files import Found, Replaced, UploadForm

_CACHED = "private, max-age=300"
_KIND = "kind"
"""The tag by which the bucket's rules know what they forget (infra/data.yaml)."""
_GONE = frozenset({"404", "NoSuchKey"})
_REPLACED = _GONE | {"412", "PreconditionFailed"}


class S3FileObjects:
    """The port `recado.ports.files.FileObjects`."""

    def __init__(self, bucket: str, public_base_url: str) -> None:
        if not bucket:
            raise ValueError("a store of files without a bucket")
        self._bucket = bucket
        self._public_base_url = public_base_url

    def upload_form(self, key: str, content_type: str, size: int, seconds: int) -> UploadForm:
        """A presigned POST. The browser sends it to S3 itself, so the bucket's CORS rules name the console's origin."""
        form = presigning_s3().generate_presigned_post(
            self._bucket,
            key,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", size, size]],
            ExpiresIn=seconds,
        )
        return UploadForm(form["url"], form["fields"])

    def link(self, key: str, seconds: int) -> str:
        """A presigned GET on the product's own address: what stands before the bucket there passes path and query on
        and adds `X-Content-Type-Options: nosniff`, which S3 cannot. The signature is of S3's host, not of ours."""
        signed = presigning_s3().generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=seconds
        )
        return f"{self._public_base_url}/{key}?{urlsplit(signed).query}"

    def look(self, key: str) -> Found | None:
        """Etag and size; None when there is no such object."""
        try:
            head = s3().head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if _code(error) in _GONE:
                return None
            raise
        return Found(head["ETag"].strip('"'), head["ContentLength"])

    def read(self, key: str, found: Found, offset: int, length: int) -> bytes:
        """A range of the object as it was found. Raises Replaced."""
        length = min(length, found.size - offset)
        if length <= 0 or offset < 0:
            return b""
        try:
            got = s3().get_object(
                Bucket=self._bucket, Key=key, IfMatch=found.etag, Range=f"bytes={offset}-{offset + length - 1}"
            )
        except ClientError as error:
            raise _replaced(error) from error
        return got["Body"].read()

    def keep(
        self, source: str, found: Found, target: str, content_type: str, disposition: str, ending: Ending | None = None
    ) -> None:
        """Copy within the bucket, with the headers that it is served with and the tag of its end. Raises Replaced."""
        tagged: dict[str, Any] = {"TaggingDirective": "REPLACE", "Tagging": f"{_KIND}={ending}"} if ending else {}
        try:
            s3().copy_object(
                Bucket=self._bucket,
                Key=target,
                CopySource={"Bucket": self._bucket, "Key": source},
                CopySourceIfMatch=found.etag,
                MetadataDirective="REPLACE",
                ContentType=content_type,
                ContentDisposition=disposition,
                CacheControl=_CACHED,
                **tagged,
            )
        except ClientError as error:
            raise _replaced(error) from error

    def mark(self, key: str, ending: Ending) -> None:
        """One request; the object's age goes on. Raises Replaced."""
        try:
            s3().put_object_tagging(Bucket=self._bucket, Key=key, Tagging={"TagSet": [{"Key": _KIND, "Value": ending}]})
        except ClientError as error:
            raise _replaced(error) from error

    def put(self, key: str, body: IO[bytes], content_type: str, disposition: str) -> None:
        """One request that reads the body as it sends it."""
        s3().put_object(
            Bucket=self._bucket,
            Key=key,
            Body=body,
            ContentType=content_type,
            ContentDisposition=disposition,
            CacheControl=_CACHED,
        )

    def remove(self, key: str) -> None:
        """Delete; an object that is not there is deleted already."""
        s3().delete_object(Bucket=self._bucket, Key=key)

    def chunks(self, key: str, size: int) -> Iterator[bytes]:
        """One request, read on as it is asked for."""
        try:
            body = s3().get_object(Bucket=self._bucket, Key=key)["Body"]
        except ClientError as error:
            if _code(error) in _GONE:
                return
            raise
        yield from body.iter_chunks(size)

    def remove_under(self, prefix: str) -> None:
        """1 list and 1 delete for each 1,000 objects."""
        while found := s3().list_objects_v2(Bucket=self._bucket, Prefix=prefix).get("Contents"):
            s3().delete_objects(
                Bucket=self._bucket, Delete={"Objects": [{"Key": one["Key"]} for one in found], "Quiet": True}
            )


def _replaced(error: ClientError) -> Exception:
    return Replaced() if _code(error) in _REPLACED else error


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
