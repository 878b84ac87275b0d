"""Folders and archives of functions for the tests, and a service that is closed after them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from penstock.services.lambda_ import Lambda, Registration

ROLE = "arn:aws:iam::123456789012:role/r"
PREFIX = "arn:aws:lambda:us-east-1:123456789012:function"


def archive(**modules: str) -> bytes:
    """A .zip with these modules."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        for name, text in modules.items():
            opened.writestr(f"{name}.py", text)
    return out.getvalue()


def create(service: Lambda, name: str, text: str, **more: Any) -> dict[str, Any]:
    """CreateFunction with one module `app` and the handler `app.handler`."""
    given = {"FunctionName": name, "Runtime": "python3.13", "Role": ROLE, "Handler": "app.handler"}
    return service.call("CreateFunction", {**given, "Code": {"ZipFile": archive(app=text)}, **more})


def invoke(service: Lambda, name: str, event: Any = None, **more: Any) -> dict[str, Any]:
    """Invoke; the answer's Payload as a value."""
    payload = b"" if event is None else json.dumps(event).encode()
    answer = service.call("Invoke", {"FunctionName": name, "Payload": payload, **more})
    return {**answer, "Payload": json.loads(answer["Payload"])} if answer.get("Payload") else answer


def folder_function(folder: Path, text: str, name: str = "f", **more: Any) -> Registration:
    """A function whose code is `app.py` in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "app.py").write_text(text, encoding="utf-8")
    return Registration(name=name, handler=more.pop("handler", "app.handler"), root=folder, **more)


@contextmanager
def service(*registrations: Registration, **options: Any) -> Iterator[Lambda]:
    options.setdefault("log", lambda name, text: None)
    opened = Lambda(**options)
    try:
        opened.register(registrations)
        yield opened
    finally:
        opened.close()
