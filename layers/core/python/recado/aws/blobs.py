"""Raw bodies and files in S3."""

from __future__ import annotations

from botocore.exceptions import ClientError

from recado.aws.session import s3


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
