"""Raw bodies and files in S3."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from botocore.exceptions import ClientError

from recado.aws.session import s3
from recado.domain.raw_keys import raw_prefix


class S3Blobs:
    """One bucket. Encryption, lifecycle and public access are the bucket's own settings (infra/data.yaml)."""

    def __init__(self, bucket: str) -> None:
        if not bucket:
            raise ValueError("a store of blobs without a bucket")
        self._bucket = bucket

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Store bytes under a key that begins with the account."""
        s3().put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type)

    def get(self, key: str) -> bytes:
        """The bytes; KeyError when there are none."""
        try:
            return s3().get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                raise KeyError(key) from None
            raise

    def page(self, a: str, after: str | None, limit: int) -> list[tuple[str, float]]:
        """1 list; ages by the clock of S3 alone."""
        found = s3().list_objects_v2(Bucket=self._bucket, Prefix=raw_prefix(a), MaxKeys=limit, StartAfter=after or "")
        now = parsedate_to_datetime(found["ResponseMetadata"]["HTTPHeaders"]["date"])
        return [(one["Key"], (now - one["LastModified"]).total_seconds()) for one in found.get("Contents", [])]

    def remove(self, key: str) -> None:
        """Delete; an object that is not there is deleted already."""
        s3().delete_object(Bucket=self._bucket, Key=key)
