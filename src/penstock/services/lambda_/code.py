"""Where a function's code is: archives unpacked into folders of the service, folders of the user's."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import shutil
import threading
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from penstock.errors import ServiceError
from penstock.services.lambda_.records import Code
from penstock.services.lambda_.watching import fingerprint

ZIPPED_BYTES: Final = 52_428_800
UNZIPPED_BYTES: Final = 262_144_000
"""A deployment package (.zip) when uploaded directly, and unzipped ("Lambda quotas" in the Developer Guide, from memory)."""

INVALID: Final = "InvalidParameterValueException"


class CodeStore:
    """Folders that archives are unpacked into, one for equal archives: in `home`, where they stay, or without one in a
    temporary folder that goes when the store is closed."""

    def __init__(self, home: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._kept = home
        self._folder: TemporaryDirectory[str] | None = None

    def unpack(self, archive: bytes) -> Code:
        """Raises ServiceError InvalidParameterValueException for what is no archive, and for too large ones."""
        if len(archive) > ZIPPED_BYTES:
            raise ServiceError(f"Zipped size must be smaller than {ZIPPED_BYTES} bytes", code=INVALID)
        digest = hashlib.sha256(archive)
        folder = self._home() / digest.hexdigest()
        with self._lock:
            if not folder.exists():
                _unpack(archive, folder, durable=self._kept is not None)
        return Code(root=str(folder), sha256=base64.b64encode(digest.digest()).decode(), size=len(archive))

    def text(self, module: str, text: str) -> Code:
        """A function whose code is one module."""
        data = text.encode("utf-8", "backslashreplace")
        digest = hashlib.sha256(data)
        folder = self._home() / f"{module}-{digest.hexdigest()}"
        with self._lock:
            folder.mkdir(exist_ok=True)
            (folder / f"{module}.py").write_bytes(data)
        return Code(root=str(folder), sha256=base64.b64encode(digest.digest()).decode(), size=len(data))

    def discard(self, code: Code) -> None:
        """Removes what `unpack` made, once no function has it."""
        if self._owns(code):
            shutil.rmtree(code.root, ignore_errors=True)

    def keep_only(self, codes: Iterable[Code]) -> None:
        """Removes what no function has: left behind by a process that was killed."""
        if self._kept is None or not self._kept.is_dir():
            return
        roots = {code.root for code in codes}
        for each in self._kept.iterdir():
            if each.is_dir() and str(each) not in roots:
                shutil.rmtree(each, ignore_errors=True)

    def _owns(self, code: Code) -> bool:
        home = self._kept or (Path(self._folder.name) if self._folder is not None else None)
        return home is not None and Path(code.root).is_relative_to(home)

    def close(self) -> None:
        with self._lock:
            if self._folder is not None:
                self._folder.cleanup()
                self._folder = None

    def _home(self) -> Path:
        with self._lock:
            if self._kept is not None:
                self._kept.mkdir(mode=0o700, parents=True, exist_ok=True)
                return self._kept
            if self._folder is None:
                self._folder = TemporaryDirectory(prefix="penstock-lambda-", ignore_cleanup_errors=True)
            return Path(self._folder.name)


def folder(root: Path, *, search: tuple[Path, ...] = (), problem: str | None = None, hint: str | None = None) -> Code:
    """The code in a folder of the user's, which is not copied: what changes in it counts at the next call."""
    seen = fingerprint(root)
    return Code(
        root=str(root),
        search=tuple(str(each) for each in search),
        sha256=base64.b64encode(seen).decode(),
        size=0,
        watched=True,
        problem=problem,
        hint=hint,
    )


def _unpack(archive: bytes, folder: Path, *, durable: bool) -> None:
    whole = folder.with_suffix(".new")
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            entries = opened.infolist()
            if sum(entry.file_size for entry in entries) > UNZIPPED_BYTES:
                raise ServiceError(f"Unzipped size must be smaller than {UNZIPPED_BYTES} bytes", code=INVALID)
            for entry in entries:
                path = PurePosixPath(entry.filename.replace("\\", "/"))
                if path.is_absolute() or ".." in path.parts or "\0" in entry.filename:
                    raise _broken()
            opened.extractall(whole)  # no links: they come out as files that hold a path
        if durable:
            _sync(whole)
        whole.rename(folder)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError, RuntimeError) as error:
        raise _broken() from error
    except OSError as error:
        raise ServiceError(
            f"The archive cannot be unpacked here: {error.strerror or error}", code="ServiceException"
        ) from None
    finally:
        shutil.rmtree(whole, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Has the files of a folder on the disk before somebody is told that they are."""
    for path in (folder, *folder.rglob("*")):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _broken() -> ServiceError:
    return ServiceError(
        "Could not unzip uploaded file. Please check your file, then try to upload again.", code=INVALID
    )
