"""Commands in sentences, to be pasted into a shell."""

from __future__ import annotations

from shlex import join


def naming(*names: str) -> list[str]:
    """The end of a command that names executions: a name may begin as an option does."""
    return ["--", *names] if any(name.startswith("-") for name in names) else [*names]


def pasted(name: str) -> str:
    """The same as text: AWS's names may hold what a shell takes for its own, such as `it's(1)`."""
    return join(naming(name))
