"""Objects in S3, through a boto3 client that somebody else has made: it decides which S3 that is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from penstock.engine.objects import ObjectError, ObjectInfo


class S3Objects:
    """An ObjectStore. `client` makes or finds the S3 client; it is asked when the first object is wanted."""

    def __init__(self, client: Callable[[], Any], *, remote: bool = True) -> None:
        self._client = client
        self.remote = remote

    def open(self, bucket: str, key: str, version: str | None = None) -> IO[bytes]:
        with _errors():
            more = {} if version is None else {"VersionId": version}
            body = self._client().get_object(Bucket=bucket, Key=key, **more)["Body"]
        return cast(IO[bytes], _Body(body))

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        with _errors():
            pages = self._client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            for page in pages:
                for entry in page.get("Contents", ()):
                    yield ObjectInfo(
                        entry["Key"],
                        entry["Size"],
                        entry["ETag"],
                        entry["LastModified"].timestamp(),
                        entry.get("StorageClass", "STANDARD"),
                    )

    def put(self, bucket: str, key: str, content: IO[bytes]) -> None:
        with _errors():
            # In parts where it is long: one PutObject takes 5 GB.
            self._client().upload_fileobj(_Lent(content), bucket, key)

    def check(self, bucket: str) -> None:
        with _errors():
            self._client().head_bucket(Bucket=bucket)


class _Lent:
    """A file that is still its owner's afterwards: boto3 closes what it has uploaded."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell

    def close(self) -> None:
        """Its owner does that."""


class _Body:
    """botocore's StreamingBody as a file: what `io` asks of one is not all there."""

    def __init__(self, body: Any) -> None:
        self._body = body
        self.closed = False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def writable(self) -> bool:
        return False

    def read(self, size: int = -1) -> bytes:
        with _errors():
            content: bytes = self._body.read(None if size is None or size < 0 else size)
        return content

    read1 = read

    def readinto(self, buffer: Any) -> int:
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def flush(self) -> None:
        """Nothing was written."""

    def close(self) -> None:
        self.closed = True
        self._body.close()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body.iter_lines(keepends=True))

    def __enter__(self) -> _Body:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def _errors() -> Iterator[None]:
    """botocore's errors as ours."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.exceptions import HTTPClientError as _Connection

    try:
        yield
    except ClientError as error:
        told = error.response.get("Error", {})
        code = str(told.get("Code", ""))
        message = str(told.get("Message", ""))
        if code in ("404", "NoSuchBucket"):  # HeadBucket has no body to say it in
            code, message = "NoSuchBucket", "The specified bucket does not exist"
        elif code == "403":
            code, message = "AccessDenied", "Access Denied"
        raise ObjectError(code, message) from None
    except (BotoCoreError, Boto3Error, _Connection) as error:
        raise ObjectError("SdkClientException", str(error)) from None
