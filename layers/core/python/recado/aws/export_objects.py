"""Files of the files bucket that are written in parts, by S3's multipart uploads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from recado.aws.session import multipart_s3
from recado.domain.contact_exports import Part
from recado.ports.contact_exports import UploadGone

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

TAGS = "kind=export"
"""By it the bucket's rule knows what it forgets after a week (infra/data.yaml)."""
_NO_UPLOAD = "NoSuchUpload"


class S3ExportObjects:
    """The port `recado.ports.contact_exports.ExportObjects`."""

    def __init__(self, bucket: str) -> None:
        if not bucket:
            raise ValueError("a store of exports without a bucket")
        self._bucket = bucket

    def begin(self, key: str, content_type: str, disposition: str) -> str:
        """The object gets these headers and the tag when it is complete."""
        answer = multipart_s3().create_multipart_upload(
            Bucket=self._bucket,
            Key=key,
            ContentType=content_type,
            ContentDisposition=disposition,
            CacheControl="private, max-age=300",
            Tagging=TAGS,
        )
        return answer["UploadId"]

    def put_part(self, key: str, upload_id: str, number: int, body: bytes) -> str:
        """One request. Raises UploadGone."""
        try:
            answer = multipart_s3().upload_part(
                Bucket=self._bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=body,
            )  # fmt: skip
        except ClientError as error:
            raise _gone(error) from error
        return answer["ETag"]

    def complete(self, key: str, upload_id: str, parts: Sequence[Part]) -> None:
        """What was uploaded and is not named goes. Raises UploadGone."""
        named: list[CompletedPartTypeDef] = [{"PartNumber": part.number, "ETag": part.etag} for part in parts]
        try:
            multipart_s3().complete_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": named}
            )  # fmt: skip
        except ClientError as error:
            raise _gone(error) from error

    def exists(self, key: str) -> bool:
        """Whether the object is there."""
        try:
            multipart_s3().head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
                return False
            raise
        return True

    def give_up(self, key: str, upload_id: str) -> None:
        """An upload that is not there is given up already."""
        try:
            multipart_s3().abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload_id)
        except ClientError as error:
            if error.response["Error"]["Code"] != _NO_UPLOAD:
                raise

    def remove(self, key: str) -> None:
        """An object that is not there is deleted already."""
        multipart_s3().delete_object(Bucket=self._bucket, Key=key)


def _gone(error: ClientError) -> Exception:
    return UploadGone() if error.response["Error"]["Code"] == _NO_UPLOAD else error
