"""Files beside a template: where its paths lead, and that they lead nowhere else than into its project."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from penstock.cloudformation.codes import FILE, OUTSIDE, SHAPE, UNKNOWN
from penstock.cloudformation.resolve import Keys, Unresolved

MARKS: Final = (".git", "penstock.toml", "pyproject.toml", "samconfig.toml", "samconfig.yaml", "cdk.json")
"""What the folder of a project has."""
FILE_BYTES: Final = 4 * 1024 * 1024
"""Ours: of a definition's file. A definition has 1 MiB."""


class Files:
    """The files that a template in `folder` may name; `name` is the template's own."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self._name = name

    @cached_property
    def root(self) -> Path:
        """The project: the nearest folder above that is marked as one, or else the template's own."""
        here = self.folder.resolve()
        return next((each for each in (here, *here.parents) if any((each / mark).exists() for mark in MARKS)), here)

    def path(self, text: str, keys: Keys, what: str) -> Path:
        """The file or folder of a path in the template. Raises Unresolved for one that is not there, or not in the project."""
        if urlsplit(text).scheme not in ("", "file") or text.startswith("s3:"):
            raise elsewhere(f"The {what} is at {text}", keys)
        text = unquote(urlsplit(text).path) if text.startswith("file:") else text
        if "\0" in text or not text:
            raise Unresolved(SHAPE, f"The {what} is a path, and this is none.", keys)
        path = self.folder / text
        try:
            real = path.resolve()
        except (OSError, RuntimeError):  # links that go round in circles
            real = path
        if not real.is_relative_to(self.root):
            raise Unresolved(OUTSIDE, f"The {what} {text} is outside of the project {self.root}.", keys)
        if not real.exists():
            raise Unresolved(FILE, f"There is no {what} {path}.", keys)
        return path

    def text(self, path: Path, keys: Keys, what: str) -> bytes:
        """What a file holds. Raises Unresolved."""
        try:
            with path.open("rb") as file:
                data = file.read(FILE_BYTES + 1)
        except OSError as error:
            raise Unresolved(FILE, f"The {what} {path} cannot be read: {error.strerror or error}.", keys) from None
        if len(data) > FILE_BYTES:
            raise Unresolved(FILE, f"The {what} {path} is longer than {FILE_BYTES // 1024 // 1024} MiB.", keys)
        return data

    def asset(self, key: str, keys: Keys, what: str) -> Path | None:
        """What CDK uploads under an object's key: a folder or a file beside the template. None for a key that is no asset's.

        Raises Unresolved for an asset that is not there.
        """
        found = self._assets.get(key)
        return None if found is None else self.path(found, keys, what)

    @cached_property
    def _assets(self) -> dict[str, str]:
        """Object key → path, of the manifests beside the template (`STACK.assets.json`)."""
        found: dict[str, str] = {}
        stem = self._name.removesuffix(".template.json")
        names = [f"{stem}.assets.json"] if stem != self._name else []
        names += [each.name for each in sorted(self.folder.glob("*.assets.json")) if each.name not in names]
        for name in reversed(names):  # that of this very stack counts most
            manifest = _json(self.folder / name)
            for asset in _objects(manifest.get("files")):
                source = asset.get("source")
                path = source.get("path") if isinstance(source, dict) else None
                for destination in _objects(asset.get("destinations")):
                    key = destination.get("objectKey")
                    if isinstance(path, str) and isinstance(key, str):
                        found[key] = path
        return found


def elsewhere(where: str, keys: Keys) -> Unresolved:
    """What to raise for a file that only AWS has."""
    step = "download it into the project, and have the template name its path"
    return Unresolved(UNKNOWN, f"{where}, which is not on this machine.", keys, step)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value.values() if isinstance(each, dict)] if isinstance(value, dict) else []


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > FILE_BYTES:
            return {}
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
