"""What only a deployment needs, under the construct library's names: taken and kept, so that its programs keep their lines."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class LogLevel(Enum):
    OFF = "OFF"
    ALL = "ALL"
    ERROR = "ERROR"
    FATAL = "FATAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """Where a deployed machine writes its log: `StateMachine("m", logs=LogOptions(destination=group))`."""

    destination: object = None
    include_execution_data: bool = False
    level: LogLevel = LogLevel.ERROR


class RemovalPolicy(Enum):
    DESTROY = "destroy"
    RETAIN = "retain"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True)
class Size:
    """An amount of storage: `Size.mebibytes(512)`."""

    bytes: int

    @classmethod
    def kibibytes(cls, amount: int) -> Size:
        return cls(amount * 1024)

    @classmethod
    def mebibytes(cls, amount: int) -> Size:
        return cls(amount * 1024**2)

    @classmethod
    def gibibytes(cls, amount: int) -> Size:
        return cls(amount * 1024**3)

    def to_mebibytes(self) -> float:
        return self.bytes / 1024**2

    def to_gibibytes(self) -> float:
        return self.bytes / 1024**3


class Runtime(Enum):
    """What a deployed function runs on. Here functions run in the Python that Penstock runs in."""

    PYTHON_3_9 = "python3.9"
    PYTHON_3_10 = "python3.10"
    PYTHON_3_11 = "python3.11"
    PYTHON_3_12 = "python3.12"
    PYTHON_3_13 = "python3.13"
    PYTHON_3_14 = "python3.14"
    NODEJS_18_X = "nodejs18.x"
    NODEJS_20_X = "nodejs20.x"
    NODEJS_22_X = "nodejs22.x"
    NODEJS_24_X = "nodejs24.x"


@dataclass(frozen=True, slots=True)
class Code:
    """Where a deployed function's code is. Here `[functions]` of penstock.toml says it."""

    path: str | None = None
    text: str | None = None

    @classmethod
    def from_asset(cls, path: str | Path, **_: object) -> Code:
        return cls(path=str(path))

    @classmethod
    def from_inline(cls, code: str) -> Code:
        return cls(text=code)
