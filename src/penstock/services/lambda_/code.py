"""Where a function's code is: archives unpacked into folders of the service, folders of the user's."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import threading
import zipfile
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from penstock.errors import ServiceError
from penstock.services.lambda_.records import Code
from penstock.services.lambda_.watching import fingerprint

ZIPPED_BYTES: Final = 52_428_800
UNZIPPED_BYTES: Final = 262_144_000
"""Lambda quotas: deployment package (.zip) when uploaded directly, and unzipped."""

INVALID: Final = "InvalidParameterValueException"


class CodeStore:
    """Folders that archives are unpacked into; gone when the store is closed. One folder for equal archives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: TemporaryDirectory[str] | None = None

    def unpack(self, archive: bytes) -> Code:
        """Raises ServiceError InvalidParameterValueException for what is no archive, and for too large ones."""
        if len(archive) > ZIPPED_BYTES:
            raise ServiceError(f"Zipped size must be smaller than {ZIPPED_BYTES} bytes", code=INVALID)
        digest = hashlib.sha256(archive)
        folder = self._home() / digest.hexdigest()
        with self._lock:
            if not folder.exists():
                _unpack(archive, folder)
        return Code(root=folder, sha256=base64.b64encode(digest.digest()).decode(), size=len(archive))

    def text(self, module: str, text: str) -> Code:
        """A function whose code is one module."""
        data = text.encode("utf-8", "backslashreplace")
        digest = hashlib.sha256(data)
        folder = self._home() / f"{module}-{digest.hexdigest()}"
        with self._lock:
            folder.mkdir(exist_ok=True)
            (folder / f"{module}.py").write_bytes(data)
        return Code(root=folder, sha256=base64.b64encode(digest.digest()).decode(), size=len(data))

    def discard(self, code: Code) -> None:
        """Removes what `unpack` made, once no function has it."""
        if self._folder is not None and code.root.is_relative_to(self._folder.name):
            shutil.rmtree(code.root, ignore_errors=True)

    def close(self) -> None:
        with self._lock:
            if self._folder is not None:
                self._folder.cleanup()
                self._folder = None

    def _home(self) -> Path:
        with self._lock:
            if self._folder is None:
                self._folder = TemporaryDirectory(prefix="penstock-lambda-", ignore_cleanup_errors=True)
            return Path(self._folder.name)


def folder(root: Path, *, search: tuple[Path, ...] = (), problem: str | None = None, hint: str | None = None) -> Code:
    """The code in a folder of the user's, which is not copied: what changes in it counts at the next call."""
    seen = fingerprint(root)
    return Code(
        root=root,
        search=search,
        sha256=base64.b64encode(seen).decode(),
        size=0,
        watched=True,
        problem=problem,
        hint=hint,
    )


def _unpack(archive: bytes, folder: Path) -> None:
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
        whole.rename(folder)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError, RuntimeError) as error:
        raise _broken() from error
    except OSError as error:
        raise ServiceError(
            f"The archive cannot be unpacked here: {error.strerror or error}", code="ServiceException"
        ) from None
    finally:
        shutil.rmtree(whole, ignore_errors=True)


def _broken() -> ServiceError:
    return ServiceError(
        "Could not unzip uploaded file. Please check your file, then try to upload again.", code=INVALID
    )
