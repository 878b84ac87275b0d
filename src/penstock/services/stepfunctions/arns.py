"""ARNs of Step Functions: arn:aws:states:REGION:ACCOUNT:TYPE:NAME[:REST]."""

from __future__ import annotations

from dataclasses import dataclass

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
    if not text.startswith("arn:"):
        raise invalid(f"Invalid ARN prefix: {text}")
    parts = text.split(":", 7)
    if len(parts) < 7 or parts[2] != "states" or parts[5] not in _TYPES or not parts[6]:
        raise invalid(f"Invalid ARN: {text}")
    if parts[5] not in types:
        raise invalid(f"Resource type not valid in this context: {parts[5]}")
    return Arn(text, ":".join(parts[:5]), parts[5], parts[6], parts[7] if len(parts) > 7 else "")


def invalid(why: str) -> ServiceError:
    return ServiceError(f"Invalid Arn: '{why}'", code="InvalidArn")
