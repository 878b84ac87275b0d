"""Where words go: the result to stdout, everything else to stderr, files written whole or not at all."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from penstock.diagnostics import Diagnostic, render_text
from penstock.errors import InvalidDefinition, MissingRequirement, UsageError

_CONTROL = {code: "�" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def clean(text: str) -> str:
    """`text` without control characters: names and messages of others must not steer a terminal."""
    return text.translate(_CONTROL)


def result(text: str) -> None:
    """The result, to stdout, as UTF-8. Raises MissingRequirement where it cannot be written, BrokenPipeError where nobody
    reads it."""
    stream = sys.stdout
    with refused_writes():
        try:
            stream.write(text)
        except UnicodeEncodeError:  # a lone surrogate, or a terminal that is not UTF-8
            stream.flush()
            stream.buffer.write(text.encode("utf-8", "backslashreplace"))


@contextmanager
def refused_writes() -> Iterator[None]:
    """Has a full disk behind stdout, and its like, told as what the environment lacks."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise MissingRequirement(
            f"The output cannot be written: {reason}. Give stdout another place.", requirement="stdout"
        ) from None


def result_json(value: Any, *, indent: int | None = 2) -> None:
    """A JSON value to stdout, with a line end."""
    result(json_text(value, indent=indent) + "\n")


def json_text(value: Any, *, indent: int | None = 2, default: Callable[[Any], Any] | None = None) -> str:
    """JSON for people and programs; what is not valid Unicode is escaped. `default` is json.dumps's."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, indent=indent, ensure_ascii=False, separators=separators, default=default)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent, separators=separators, default=default)
    return text


def note(text: str) -> None:
    """A line of progress, to stderr."""
    _say(clean(text))


def one_line(text: str) -> str:
    """`text` as a cell of a table: no line ends, no tabs, no control characters."""
    return clean(text).replace("\n", " ").replace("\t", " ")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table to a terminal's stdout, its columns as wide as they need."""
    cells = [head, *([one_line(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for number, row in enumerate(cells):
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        result((click.style(line, bold=True) if number == 0 and colour(sys.stdout) else line) + "\n")


def problem(text: str) -> None:
    """`penstock: …`, to stderr."""
    label = click.style("penstock:", fg="red", bold=True) if colour(sys.stderr) else "penstock:"
    _say(f"{label} {clean(text)}")


def _say(text: str) -> None:
    with unheard_words():
        try:
            sys.stderr.write(text + "\n")
        except UnicodeEncodeError:
            sys.stderr.write(text.encode("ascii", "backslashreplace").decode("ascii") + "\n")
        sys.stderr.flush()


@contextmanager
def unheard_words() -> Iterator[None]:
    """What stderr does not take is lost, and no reason to fail: a full disk behind it changes no result."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError:
        # Else Python tries again to write what is left in the buffer when it ends, and ends with exit code 120.
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stderr.fileno())
        os.close(devnull)


def invalid(error: InvalidDefinition) -> None:
    """Every problem of a target that cannot be used, or the one sentence where none of them says why."""
    diagnostics(error.diagnostics)
    if not any(each.is_error for each in error.diagnostics):
        problem(str(error))
        return
    _say(summary(error.diagnostics))


def diagnostics(found: Iterable[Diagnostic]) -> None:
    """Problems, to stderr."""
    for each in found:
        _say(diagnostic_text(each, coloured=colour(sys.stderr)))


def diagnostic_text(diagnostic: Diagnostic, *, coloured: bool) -> str:
    """The diagnostic as people read it."""
    text = clean(render_text(diagnostic))
    if not coloured:
        return text
    label = f"{diagnostic.severity.lower()}[{clean(diagnostic.code)}]"
    hue = "red" if diagnostic.is_error else "yellow"
    first, *rest = text.split("\n")
    lines = [first.replace(label, click.style(label, fg=hue, bold=True), 1)]
    for line in rest:
        gutter, bar, body = line.partition(" | ")
        if bar and body.lstrip().startswith("^"):
            lines.append(gutter + bar + click.style(body, fg=hue, bold=True))
        elif line.startswith("   help:"):
            lines.append("   " + click.style("help:", fg="cyan", bold=True) + line[8:])
        else:
            lines.append(line)
    return "\n".join(lines)


def summary(found: Iterable[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    errors = warnings = 0
    for each in found:
        if each.is_error:
            errors += 1
        else:
            warnings += 1
    parts = [
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in ((errors, "error"), (warnings, "warning"))
        if count
    ]
    return ", ".join(parts) or "no problems"


def is_terminal(stream: IO[str]) -> bool:
    """Whether a person watches `stream`."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def colour(stream: IO[str]) -> bool:
    """Whether to colour what goes to `stream`: a terminal, and neither NO_COLOR nor TERM=dumb."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def write_file(path: str | Path, text: str) -> None:
    """Writes the whole file or leaves what was there: a temporary file beside it takes its place at the end.

    Raises UsageError, with one sentence, where it cannot be written.
    """
    target = Path(path)
    data = text.encode("utf-8", "backslashreplace")
    try:
        # A device or a pipe (/dev/stdout) is written to, not replaced; a link's file is replaced, not the link.
        if target.exists() and not target.is_file():
            if target.is_dir():
                raise UsageError(f"{path} is a folder; name a file to write.")
            target.write_bytes(data)
            return
        target = Path(os.path.realpath(target))
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                os.fchmod(stream.fileno(), mode)
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}.") from None


def check_writable(path: str | Path) -> None:
    """Raises UsageError where `write_file` could not write: found before a long run, not after it."""
    if not str(path):
        raise UsageError("'' is no name of a file; name one to write.")
    target = Path(path)
    folder = target.parent
    if target.is_dir():
        raise UsageError(f"{path} is a folder; name a file to write.")
    if not folder.is_dir():
        raise UsageError(f"{path} cannot be written: there is no folder {folder}.")
    if not os.access(folder, os.W_OK) and not (target.exists() and not target.is_file()):
        raise UsageError(f"{path} cannot be written: the folder {folder} may not be written by this user.")


def _umask() -> int:
    # There is no way to read it but to set it.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
