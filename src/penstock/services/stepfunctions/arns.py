"""ARNs of Step Functions: arn:aws:states:REGION:ACCOUNT:TYPE:NAME[:REST]."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from penstock.errors import ServiceError

_TYPES = frozenset({"stateMachine", "execution", "express", "activity", "mapRun"})


@dataclass(frozen=True, slots=True)
class Arn:
    """`rest` is what follows the name: a version, an alias, an execution."""

    text: str
    prefix: str
    type: str
    name: str
    rest: str

    @property
    def base(self) -> str:
        """The ARN without the rest."""
        return f"{self.prefix}:{self.type}:{self.name}"


def parse(text: str, *types: str) -> Arn:
    """Raises ServiceError InvalidArn for what is no ARN of one of these types (sentences: recorded)."""
    arn = _machine(text) if ":stateMachine:" in text else _split(text)
    if arn.type not in types:
        raise invalid(f"Resource type not valid in this context: {arn.type}")
    return arn


def _split(text: str) -> Arn:
    if not text.startswith("arn:"):
        raise invalid(f"Invalid ARN prefix: {text}")
    parts = text.split(":", 7)
    if len(parts) < 7 or parts[2] != "states" or parts[5] not in _TYPES or not parts[6]:
        raise invalid(f"Invalid ARN: {text}")
    return Arn(text, ":".join(parts[:5]), parts[5], parts[6], parts[7] if len(parts) > 7 else "")


_machine = lru_cache(maxsize=1024)(_split)
"""There are few machines, and nearly everything asks for one."""


def invalid(why: str) -> ServiceError:
    return ServiceError(f"Invalid Arn: '{why}'", code="InvalidArn")
