"""The words of a script, for editors and type checkers: `from penstock.script import Task, retry, parallel, map, wait`.

The compiler knows these words without the import and never runs them. Here they have types and documentation, and say so
when somebody calls them outside of a compiled machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, Literal, NoReturn, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _compiled(what: str) -> NoReturn:
    raise NotImplementedError(f"{what} is a word of the script language: run the file with `penstock run project.py`.")


class Task:
    """A step. Subclass it, write `async def run(event, context)`, and call the class in a machine function.

    Calling it runs the step on `input` (all of `data` when left out) and gives its result.
    """

    service: ClassVar[str] = "lambda"
    timeout: ClassVar[int] = 300
    cpu: ClassVar[int] = 1024
    memory: ClassVar[int] = 2048
    concurrency: ClassVar[int] = 1
    heartbeat_interval: ClassVar[int | None] = None
    autoscaling_min: ClassVar[int] = 1
    autoscaling_max: ClassVar[int] = 1
    spec: ClassVar[str] = ""
    build_spec: ClassVar[Any] = None

    def __new__(
        cls,
        input: Any = None,  # noqa: A002
        *,
        key: str = "",
        timeout: Any = None,
        env: dict[str, Any] | None = None,
        build_arg_vars: dict[str, Any] | None = None,
    ) -> Any:
        _compiled(cls.__name__)


class EventProcessor:
    """Adds tags to a machine's events: methods `async def get_custom_tags_<event>(message, input_data, state_data_client)`."""


class _Errors:
    """`States.Timeout`, `States.TaskFailed`, …: the errors of the States Language, for `except` and `on_exceptions`."""

    def __getattr__(self, name: str) -> type[Exception]:
        return type(f"States.{name}", (Exception,), {})


States: Final[Any] = _Errors()


class _Word:
    """A name that stands for anything below it: `context.execution.name`."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Word(f"{self._path}.{name}")

    def __getitem__(self, key: object) -> Any:
        return _Word(f"{self._path}[{key!r}]")


context: Final[Any] = _Word("context")
"""The context object: `context.execution.name`, `context.state.entered_time`, `context.map.item.index`."""


class _Manager:
    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        _compiled(self._what)

    def __exit__(self, *error: object) -> None:
        return None


def retry(
    *,
    on_exceptions: Sequence[type[BaseException]] | None = None,
    interval: int = 1,
    max_attempts: int = 3,
    backoff_rate: float = 2.0,
    max_delay: int | None = None,
    jitter: bool = False,
) -> _Manager:
    """`with retry(...):` tries the task, or the whole block, again when it fails. `interval` and `max_delay` are seconds;
    `max_attempts` counts the further attempts; without `on_exceptions` every error counts."""
    return _Manager("retry")


def timeout(seconds: Any) -> _Manager:
    """`with timeout(seconds=60):` limits the time of one task."""
    return _Manager("timeout")


def map(  # noqa: A001
    items: Any,
    function: Callable[..., Any],
    *,
    max_concurrency: Any = 0,
    key: str = "",
) -> Any:
    """Runs `function` for each item, side by side; gives the list of their results. 0 for no limit of concurrency."""
    _compiled("map")


def parallel(*branches: Callable[..., Any], key: str = "") -> Any:
    """Runs functions or tasks side by side on the same input; gives the list of their results."""
    _compiled("parallel")


def wait(*, seconds: Any = None, timestamp: Any = None, until: Any = None, key: str = "") -> None:
    """Pauses: for `seconds`, or until an RFC 3339 `timestamp` (`until` is the same)."""
    _compiled("wait")


def uuid() -> str:
    """A random UUID, version 4."""
    _compiled("uuid")


def schedule(*, expression: str, input_data: Any = None) -> Callable[[_Function], _Function]:
    """Starts the machine on a schedule: `rate(1 hour)`, `cron(0 12 * * ? *)`."""
    return _same


def subscribe(
    *,
    project: str | None = None,
    topic_arn_import_value: str | None = None,
    state_machine: str = "main",
    status: Literal["success", "failure"] = "success",
) -> Callable[[_Function], _Function]:
    """Starts the machine when another one ends, or on an SNS topic."""
    return _same


def export(*, enabled: bool = True) -> Callable[[_Function], _Function]:
    """Deploys the machine on its own, so that it can be started directly."""
    return _same


def process_events(*, processor: type[EventProcessor] | None = None) -> Callable[[_Function], _Function]:
    """Has the machine's events processed."""
    return _same


def timestamp(value: Any) -> Any:
    """Says that a text is an instant (RFC 3339), so that it is compared as one."""
    return value


def _same(function: _Function) -> _Function:
    return function
