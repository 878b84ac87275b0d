"""Objects in buckets: what a distributed Map reads its items from and writes its results to.

`ObjectStore` is what the engine asks for. The stores here are local: a mapping in memory, and a folder whose subfolders are
the buckets. The one that speaks to S3 is `engine.tasks.s3`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final, Protocol, TypeAlias

from penstock.errors import InvalidInput


class ObjectError(Exception):
    """An object or a bucket is not there, or may not be used. `code` is S3's (NoSuchKey), `message` S3's sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a listing says of an object. `modified` is seconds since the epoch; `etag` has its quotation marks."""

    key: str
    size: int
    etag: str
    modified: float
    storage_class: str = "STANDARD"


class ObjectStore(Protocol):
    """All methods raise ObjectError. A store that is `remote` may take its time and is asked from other threads."""

    @property
    def remote(self) -> bool: ...

    def open(self, bucket: str, key: str, version: str | None = None) -> IO[bytes]:
        """The object's content, for reading from its start; the caller closes it."""

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        """The objects whose keys begin with `prefix`, in the order of their keys."""

    def put(self, bucket: str, key: str, content: IO[bytes]) -> None:
        """Writes an object, replacing what is there; `content` is read from where it stands."""

    def check(self, bucket: str) -> None:
        """Raises where the bucket cannot be written to."""


Given: TypeAlias = "ObjectStore | Mapping[str, Mapping[str, bytes | str]] | str | os.PathLike[str]"
"""What a caller may give: a store, buckets in a mapping, or a folder of buckets."""


def object_store(given: Given) -> ObjectStore:
    """The store for what a caller gave. Raises InvalidInput."""
    if isinstance(given, str | os.PathLike):
        return FolderObjects(Path(given))
    if isinstance(given, Mapping):
        for bucket, objects in given.items():
            if not isinstance(bucket, str) or not isinstance(objects, Mapping):
                raise InvalidInput("objects maps names of buckets to mappings of keys to contents.")
            for key, content in objects.items():
                if not isinstance(key, str) or not isinstance(content, bytes | str):
                    raise InvalidInput(f"objects[{bucket!r}] maps keys to bytes or texts; look at {key!r}.")
        return MemoryObjects(given)
    return given


def no_bucket() -> ObjectError:
    return ObjectError("NoSuchBucket", "The specified bucket does not exist")


def no_key() -> ObjectError:
    return ObjectError("NoSuchKey", "The specified key does not exist.")


class MemoryObjects:
    """Buckets in a mapping of mappings. What is put goes into it, where the bucket's mapping can be changed."""

    remote: Final = False

    def __init__(self, buckets: Mapping[str, Mapping[str, bytes | str]], *, modified: float = 0.0) -> None:
        """`modified` is the time that all objects were last changed at."""
        self._buckets = buckets
        self._modified = modified

    def open(self, bucket: str, key: str, version: str | None = None) -> IO[bytes]:
        objects = self._bucket(bucket)
        if key not in objects:
            raise no_key()
        return BytesIO(_bytes(objects[key]))

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        objects = self._bucket(bucket)
        for key in sorted(key for key in objects if key.startswith(prefix)):
            content = _bytes(objects[key])
            etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
            yield ObjectInfo(key, len(content), f'"{etag}"', self._modified)

    def put(self, bucket: str, key: str, content: IO[bytes]) -> None:
        self.check(bucket)
        objects: Any = self._bucket(bucket)
        objects[key] = content.read()

    def check(self, bucket: str) -> None:
        if not isinstance(self._bucket(bucket), MutableMapping):
            raise ObjectError("AccessDenied", "Access Denied")

    def _bucket(self, bucket: str) -> Mapping[str, bytes | str]:
        try:
            return self._buckets[bucket]
        except KeyError:
            raise no_bucket() from None


class FolderObjects:
    """Buckets that are the subfolders of a folder, keys that are paths below them."""

    remote: Final = False

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InvalidInput(f"There is no folder {folder} to take objects from; it holds a folder for each bucket.")
        self._folder = folder.resolve()

    def open(self, bucket: str, key: str, version: str | None = None) -> IO[bytes]:
        file = self._file(bucket, key)
        try:
            return file.open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise no_key() from None
        except OSError as error:
            raise ObjectError("AccessDenied", f"Access Denied ({error.strerror})") from None

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        root = self._bucket(bucket)
        # Only the folder that the prefix names is walked; keys come in S3's order, by their bytes.
        base = root / prefix.rpartition("/")[0] if _is_plain(prefix) else root
        found: list[tuple[str, Path]] = []
        for folder, _, names in os.walk(base):
            for name in names:
                file = Path(folder, name)
                key = file.relative_to(root).as_posix()
                if key.startswith(prefix):
                    found.append((key, file))
        for key, file in sorted(found, key=lambda each: each[0].encode("utf-8", "surrogateescape")):
            status = file.stat()
            etag = hashlib.md5(f"{status.st_size}:{status.st_mtime_ns}".encode(), usedforsecurity=False).hexdigest()
            yield ObjectInfo(key, status.st_size, f'"{etag}"', float(int(status.st_mtime)))

    def put(self, bucket: str, key: str, content: IO[bytes]) -> None:
        file = self._file(bucket, key)
        part = file.with_name(f".{file.name}.part")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as stream:
                shutil.copyfileobj(content, stream, 1 << 20)
            part.replace(file)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise ObjectError("AccessDenied", f"Access Denied ({error.strerror})") from None

    def check(self, bucket: str) -> None:
        if not os.access(self._bucket(bucket), os.W_OK):
            raise ObjectError("AccessDenied", "Access Denied")

    def _bucket(self, bucket: str) -> Path:
        # Names come from the machine's data: none of them may lead out of the folder.
        if not _is_plain(bucket) or "/" in bucket or not (self._folder / bucket).is_dir():
            raise no_bucket()
        return self._folder / bucket

    def _file(self, bucket: str, key: str) -> Path:
        root = self._bucket(bucket)
        if not _is_plain(key):
            raise no_key()
        file = root / key
        if not file.resolve().is_relative_to(root.resolve()):
            raise no_key()
        return file


def _is_plain(name: str) -> bool:
    """Whether a name read as a path stays below the folder it is read in."""
    return (
        bool(name) and "\0" not in name and "\\" not in name and not {"", ".", ".."} & set(name.rstrip("/").split("/"))
    )


def _bytes(content: bytes | str) -> bytes:
    # As every JSON text of ours: a lone surrogate has no UTF-8, and is no reason to fail before anybody reads it.
    return content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
