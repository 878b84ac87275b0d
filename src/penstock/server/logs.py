"""The server's own log, to stderr: a line a record, as text or as JSON. Nothing of it has a payload, a token or a credential.

A record's further fields (`extra=`) are written but for those whose names tell that they hold data or secrets; a fault is
written with its type and its lines of code, and with its message, which may repeat data, only at the level DEBUG.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Final

REDACTED: Final = "[redacted]"
_SECRET_KEY: Final = re.compile(
    r"input|output|payload|body|cause|definition|variables|token|secret|password|passwd|authori[sz]ation|credential"
    r"|cookie|signature|(?:api|access|private)[_-]?key",
    re.IGNORECASE,
)
_SECRET_TEXT: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"  # access keys of AWS
    r"|(?<=Credential=)[^/,\s]+|(?<=Signature=)[0-9a-f]+"
    r"|(?<=[Bb]earer )\S+",
)
_OURS: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}


def start_logging(level: str, form: str) -> None:
    """Sends what this process logs to stderr: from `level` up (debug, info, warning, error), as `form` says (text, json)."""
    handler = logging.StreamHandler(sys.stderr)
    detailed = level == "debug"
    handler.setFormatter(JsonFormatter(detailed=detailed) if form == "json" else TextFormatter(detailed=detailed))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Libraries tell in DEBUG what they send: payloads among it.
    for name in ("botocore", "boto3", "urllib3", "asyncio", "opentelemetry"):
        logging.getLogger(name).setLevel(max(logging.INFO, root.level))


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """The further fields of a record, secrets left out by their names, at any depth."""
    return {key: redact(value, key) for key, value in vars(record).items() if key not in _OURS}


def redact(value: Any, key: str = "") -> Any:
    """A value that may be written: hidden where its key tells a secret, and without what looks like one."""
    if key and _SECRET_KEY.search(key):
        return REDACTED
    if isinstance(value, dict):
        return {str(name): redact(each, str(name)) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [redact(each) for each in value]
    if isinstance(value, str):
        return _SECRET_TEXT.sub(REDACTED, value)
    return value if value is None or isinstance(value, bool | int | float) else redact(str(value))


class _Formatter(logging.Formatter):
    def __init__(self, *, detailed: bool) -> None:
        super().__init__()
        self._detailed = detailed

    def _time(self, record: logging.LogRecord) -> str:
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _message(self, record: logging.LogRecord) -> str:
        return str(redact(record.getMessage()))

    def _fault(self, record: logging.LogRecord) -> str | None:
        if not record.exc_info or record.exc_info[1] is None:
            return None
        error = record.exc_info[1]
        if self._detailed:
            return str(redact("".join(traceback.format_exception(error)).rstrip()))
        lines = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
        return "\n".join([*lines, type(error).__name__])


class JsonFormatter(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": self._time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._message(record),
            **fields_of(record),
        }
        fault = self._fault(record)
        if fault is not None:
            line["fault"] = fault
        return json.dumps(line)


class TextFormatter(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{key}={value}" for key, value in fields_of(record).items() if value != "")
        line = f"{self._time(record)} {record.levelname:<7} {record.name}: {self._message(record)}"
        line = _one_line(f"{line} {fields}".rstrip())
        fault = self._fault(record)
        return (
            line if fault is None else f"{line}\n" + "\n".join(f"    {_one_line(each)}" for each in fault.split("\n"))
        )


def _one_line(text: str) -> str:
    """What others wrote must neither make lines of a log nor steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
