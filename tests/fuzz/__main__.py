"""`python -m tests.fuzz --seconds 600`: mutated machines, inputs and expressions. Exit code 1: something came out that must not, an
exception or words on stderr.

Each finding is shown once, with the seed that makes it again (`--case SEED`), and written to build/fuzz/.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from tests.fuzz.cases import Broken, TimeLimit, case_of, perform

OUT = Path("build/fuzz")


def signature(error: BaseException) -> str:
    """What the same fault has in common wherever it shows: its type and the innermost line of ours."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/penstock/" in frame.filename] or list(frames)
    if isinstance(error, TimeLimit | RecursionError):
        # Where it was when the time or the stack ran out is chance; the way there is less so.
        return f"{type(error).__name__} below " + " < ".join(dict.fromkeys(Path(f.filename).name for f in ours))
    return f"{type(error).__name__} at {Path(ours[-1].filename).name}:{ours[-1].lineno}: {error}"[:200]


def fuzz(seconds: float, start: str) -> tuple[Counter[str], dict[str, tuple[str, str]]]:
    """How the cases went, and for each kind of finding the first seed and its traceback."""
    went: Counter[str] = Counter()
    found: dict[str, tuple[str, str]] = {}
    until = time.monotonic() + seconds
    number = 0
    with stderr_read() as said:
        while time.monotonic() < until:
            seed = f"{start}-{number}"
            number += 1
            case = case_of(seed)
            try:
                how = perform(case)
                if text := said():
                    raise Broken(f"says on stderr: {text}")
                went[how] += 1
            except KeyboardInterrupt:
                break
            except BaseException as error:  # whatever it is, it is what we look for
                went["found"] += 1
                found.setdefault(signature(error), (seed, "".join(traceback.format_exception(error))[-4000:]))
                said()
    return went, found


@contextmanager
def stderr_read() -> Iterator[Callable[[], str]]:
    """What the process writes to stderr, libraries in other languages included, since the last call."""
    kept = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)

        def said() -> str:
            if not os.fstat(file.fileno()).st_size:
                return ""
            file.seek(0)
            text = file.read().decode(errors="replace")
            file.seek(0)
            file.truncate()
            return text

        try:
            yield said
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="how long (600)")
    parser.add_argument("--seed", default=None, help="where the cases begin; by chance otherwise")
    parser.add_argument("--case", metavar="SEED", help="one case again, with its traceback")
    options = parser.parse_args(arguments)
    if options.case:
        case = case_of(options.case)
        print(case)
        print(perform(case))
        return 0
    start = options.seed or token_hex(4)
    went, found = fuzz(options.seconds, start)
    print(
        f"seed {start}: {went.total():,} cases; " + ", ".join(f"{count:,} {how}" for how, count in went.most_common())
    )
    for number, (what, (seed, trace)) in enumerate(found.items(), 1):
        print(f"\n{number}. {what}\n   make it again: python -m tests.fuzz --case {seed}")
        OUT.mkdir(parents=True, exist_ok=True)
        (OUT / f"{seed}.txt").write_text(f"{case_of(seed)!r}\n\n{trace}", encoding="utf-8", errors="backslashreplace")
    if found:
        print(f"\ntracebacks are in {OUT}/", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
