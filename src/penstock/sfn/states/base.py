"""What all states have: a name, the user's line, options, and the ways in and out."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    ParamSpec,
    Protocol,
    Self,
    TypedDict,
    TypeVar,
    runtime_checkable,
)

from penstock.asl import model
from penstock.asl.model import UNSET
from penstock.diagnostics import Diagnostic
from penstock.diagnostics.words import did_you_mean
from penstock.sfn.durations import DurationLike, whole_seconds
from penstock.sfn.origin import Origin, here
from penstock.sfn.problems import Wrong, problem
from penstock.sfn.values import JSONATA, JSONPATH, nullable_path, render, shown
from penstock.sfn.words import Errors, JitterType, QueryLanguage

if TYPE_CHECKING:
    from penstock.sfn.build import Scope
    from penstock.sfn.chain import Chain

P = ParamSpec("P")
T = TypeVar("T")


@runtime_checkable
class Chainable(Protocol):
    """What stands in a workflow: a state, a chain, a fragment."""

    @property
    def start_state(self) -> State: ...
    @property
    def end_states(self) -> Sequence[Nextable]: ...


@runtime_checkable
class Nextable(Protocol):
    """An open end: something may follow."""

    def next(self, next: Chainable, /) -> Chain: ...  # noqa: A002 -- the construct library's name


class StateOptions(TypedDict, total=False):
    """`state_name`: the name in the definition, where it is not the id. `query_language`: the machine's unless given."""

    comment: str | None
    query_language: QueryLanguage | None
    state_name: str | None


def _without_scope(init: Callable[..., None]) -> Callable[..., None]:
    """Programs that come from the construct library may keep `self` as the first argument: there are no scopes here."""

    @wraps(init)
    def made(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *(args[1:] if args and not isinstance(args[0], str) else args), **kwargs)

    return made


def options_of(*kinds: type) -> frozenset[str]:
    """The names in TypedDicts of options."""
    return frozenset(name for kind in kinds for name in kind.__annotations__)


class State:
    """One state. Its class is the States Language's type; `id` its name, unless `state_name` gives another."""

    OPTIONS: ClassVar[frozenset[str]] = options_of(StateOptions)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.startswith("penstock.") and "__init__" in cls.__dict__:
            cls.__init__ = _without_scope(cls.__init__)  # type: ignore[method-assign]

    def __init__(self, id: str, options: Mapping[str, Any]) -> None:  # noqa: A002 -- the construct library's name
        self.id = id
        self.origin: Origin | None = here()
        self.prefix = ""
        self.problems: list[Diagnostic] = []
        self.options: dict[str, Any] = {}
        known = self.OPTIONS
        for name, value in options.items():
            if name not in known:
                self._tell_unknown(name)
            elif value is not None:
                self.options[name] = value
        if not isinstance(id, str):
            self.id = str(id)
            self.tell("PS720", f"the id of a state is a text, not {shown(id)}", help="give the state a name")
        made = _made.current
        if made is not None:
            made.append(self)

    # `cls` as a Callable gives both the parameters of the class's own constructor, in mypy and in pyright.

    @classmethod
    def jsonata(cls: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The state in JSONata; the arguments are the constructor's."""
        kwargs.setdefault("query_language", QueryLanguage.JSONATA)
        return cls(*args, **kwargs)

    @classmethod
    def json_path(cls: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The state in JSONPath; the arguments are the constructor's."""
        kwargs.setdefault("query_language", QueryLanguage.JSON_PATH)
        return cls(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    @property
    def name(self) -> str:
        """The key in `States`: prefixes, then `state_name` or the id."""
        return self.prefix + str(self.options.get("state_name") or self.id)

    state_id = name

    @property
    def start_state(self) -> State:
        return self

    @property
    def end_states(self) -> Sequence[Nextable]:
        return []

    def add_prefix(self, x: str) -> None:
        self.prefix = x + self.prefix

    # -- telling

    def tell(self, code: str, message: str, where: Origin | None = None, **rest: Any) -> None:
        """Notes a problem, at the state's own line unless another is given."""
        self.problems.append(problem(code, where or self.origin, message, **rest))

    def _tell_unknown(self, name: str) -> None:
        near = did_you_mean(name, self.OPTIONS)
        help_ = f"did you mean `{near}`?" if near else f"it has {', '.join(sorted(self.OPTIONS))}"
        self.tell("PS721", f"{type(self).__name__} has no argument `{name}`", help=help_)

    # -- the graph

    def ways(self) -> Iterator[State]:
        """The states that may follow, errors apart."""
        return iter(())

    def handlers(self) -> Iterator[State]:
        """The states that errors lead to."""
        return iter(())

    def inner(self) -> Iterator[Chainable]:
        """What stands inside: branches, a processor."""
        return iter(())

    def bent(self, follow: Callable[[State], State]) -> None:
        """Makes the ways out of a copy lead to copies."""

    def copy(self, id: str | None = None) -> Self:  # noqa: A002
        """The same state once more, under another name and with nothing after it: for a second use, in another branch
        or with another next. Retriers and catchers are kept; what stands inside is copied too."""
        made = self.twin(f"{self.name} (2)" if id is None else id)
        made.cut()
        made.copy_inner(lambda name: f"{name} ({made.name})")
        return made

    def twin(self, id: str) -> Self:  # noqa: A002
        """A shallow copy under another name."""
        made = copy.copy(self)
        made.options = {name: value for name, value in self.options.items() if name != "state_name"}
        made.problems, made.origin = [], here()
        made.prefix, made.id = "", id
        if _made.current is not None:
            _made.current.append(made)
        return made

    def copy_inner(self, rename: Callable[[str], str]) -> None:
        """Puts copies in the place of branches and processors."""

    def cut(self) -> None:
        """Forgets what follows, and makes lists of its own."""

    # -- building

    def to_state_json(self) -> dict[str, Any]:
        """The state as it stands in `States`. Raises InvalidDefinition with what is wrong with it."""
        from penstock.sfn.machine import to_state_json

        return to_state_json(self)

    def language(self, scope: Scope) -> str:
        own = self.options.get("query_language")
        if own is None:
            return scope.language
        return str(own.value if isinstance(own, QueryLanguage) else own)

    def build(self, scope: Scope) -> model.AnyState:
        """The state of the model."""
        raise NotImplementedError

    def common(self, scope: Scope) -> dict[str, Any]:
        """The model's fields that every state has, and those of its options that are told apart by their names alone."""
        language = self.language(scope)
        found: dict[str, Any] = {"name": self.name, "span": self.origin.span if self.origin else None}
        if language != scope.language:
            found["query_language"] = language
        for name, value in self.options.items():
            field = FIELDS.get(name)
            if field is None:
                continue
            if field.only is not None and field.only != language:
                self.tell(
                    "PS725",
                    f"`{name}` is {field.only}'s, and the state {self.name!r} is {language}",
                    help=field.instead,
                )
                continue
            found[field.to] = self.value(field.read, value, name, language)
        return found

    def value(self, read: Callable[[Any, str, str], Any], value: Any, name: str, language: str) -> Any:
        """`read(value, name, language)`; what is wrong with it is noted and the field left out."""
        try:
            return read(value, name, language)
        except Wrong as wrong:
            self.problems.append(wrong.at(self.origin))
            return UNSET


class _Made:
    """The states made while a program is loaded, to find those that no machine uses."""

    current: list[State] | None = None


_made = _Made()


class Field:
    """How one option becomes a field of the model: `only` is the language that has it, `instead` what the other one uses."""

    __slots__ = ("instead", "only", "read", "to")

    def __init__(
        self, to: str, read: Callable[[Any, str, str], Any], only: str | None = None, instead: str | None = None
    ) -> None:
        self.to, self.read, self.only, self.instead = to, read, only, instead


def _text(value: Any, name: str, language: str) -> str:
    if not isinstance(value, str):
        raise Wrong("PS720", f"`{name}` is a text, not {shown(value)}")
    return value


def _path(value: Any, name: str, language: str) -> str | None:
    return nullable_path(value, name)


def _payload(value: Any, name: str, language: str) -> Any:
    return render(value, language)


def _object(value: Any, name: str, language: str) -> Any:
    found = render(value, language)
    if not isinstance(found, dict) and not (language == JSONATA and isinstance(found, str)):
        raise Wrong("PS720", f"`{name}` is a dict, not {shown(value)}")
    return found


_FIELDS_IN_JSONATA = "in JSONata, `outputs` says what leaves the state: '{% $merge([$states.input, {…}]) %}'"

FIELDS: dict[str, Field] = {
    "comment": Field("comment", _text),
    "input_path": Field("input_path", _path, JSONPATH, "in JSONata, read $states.input in the arguments"),
    "output_path": Field("output_path", _path, JSONPATH, _FIELDS_IN_JSONATA),
    "result_path": Field("result_path", _path, JSONPATH, _FIELDS_IN_JSONATA),
    "result_selector": Field("result_selector", _object, JSONPATH, _FIELDS_IN_JSONATA),
    "parameters": Field("parameters", _payload, JSONPATH, "in JSONata they are called `arguments`"),
    "arguments": Field("arguments", _payload, JSONATA, "in JSONPath they are called `parameters`"),
    "outputs": Field("output", _payload, JSONATA, "in JSONPath, use result_selector, result_path and output_path"),
    "assign": Field("assign", _object),
}
"""Options that several states have. (`parameters` of a typed task are its own arguments.)"""


def linked(source: State, target: object, what: str, where: Origin | None) -> State | None:
    """The state that `target` begins with; None, with a problem noted, where it is nothing that stands in a workflow."""
    if isinstance(target, State):
        return target
    start = getattr(target, "start_state", None)
    start = start() if callable(start) else start
    if isinstance(start, State):
        return start
    source.tell(
        "PS716",
        f"{what} takes a state, a chain or a fragment, not {shown(target)}",
        where,
        help="make it a state first: Pass, Task, Choice, …",
    )
    return None


# -- states that something follows ---------------------------------------------------------------------------------------


class Following(State):
    """A state with a Next."""

    def __init__(self, id: str, options: Mapping[str, Any]) -> None:  # noqa: A002
        super().__init__(id, options)
        self.following: State | None = None
        self.followed_at: Origin | None = None

    @property
    def end_states(self) -> Sequence[Nextable]:
        return [self]

    def next(self, next: Chainable, /) -> Chain:  # noqa: A002
        """What comes after; gives the chain of both. Saying the same again changes nothing."""
        from penstock.sfn.chain import Chain

        where = here()
        target = linked(self, next, f"{type(self).__name__}.next", where)
        if target is not None:
            self.follow(target, where)
        return Chain.joined(self, next)

    def follow(self, target: State, where: Origin | None) -> None:
        if self.following is None or self.following is target:
            if self.following is None:
                self.following, self.followed_at = target, where
            return
        self.tell(
            "PS710",
            f"{self.name!r} already goes on to {self.following.name!r}, so it cannot go on to {target.name!r} as well",
            where,
            help=f"to use the state a second time, take {_variable_of(self)}.copy('another name'); to decide between the two, "
            "a Choice; to do both, a Parallel",
            notes=[(self.followed_at, f"here it goes on to {self.following.name!r}")],
        )

    def __rshift__(self, other: Chainable) -> Chain:
        return self.next(other)

    def ways(self) -> Iterator[State]:
        if self.following is not None:
            yield self.following

    def bent(self, follow: Callable[[State], State]) -> None:
        if self.following is not None:
            self.following = follow(self.following)

    def cut(self) -> None:
        super().cut()
        self.following = self.followed_at = None

    def common(self, scope: Scope) -> dict[str, Any]:
        found = super().common(scope)
        if self.following is not None:
            found["next"] = self.following.name
        else:
            found["end"] = True
        return found


def _variable_of(state: State) -> str:
    """`hello_task` for 'Hello task': a guess at what the program calls it, for a help line."""
    word = "".join(c if c.isalnum() else "_" for c in state.name.lower()).strip("_")
    return word if word.isidentifier() else "state"


class Retry:
    """One retrier, as `add_retry` was told."""

    __slots__ = ("errors", "origin", "rest")

    def __init__(self, errors: Sequence[str], rest: dict[str, Any], origin: Origin | None) -> None:
        self.errors, self.rest, self.origin = errors, rest, origin


class Catch:
    """One catcher, as `add_catch` was told."""

    __slots__ = ("errors", "handler", "origin", "rest")

    def __init__(self, errors: Sequence[str], handler: State, rest: dict[str, Any], origin: Origin | None) -> None:
        self.errors, self.handler, self.rest, self.origin = errors, handler, rest, origin


class Catching(Following):
    """A state whose errors can be retried and caught: Task, Parallel, Map."""

    def __init__(self, id: str, options: Mapping[str, Any]) -> None:  # noqa: A002
        super().__init__(id, options)
        self.retries: list[Retry] = []
        self.catches: list[Catch] = []

    def add_retry(
        self,
        *,
        errors: Sequence[str] | None = None,
        interval: DurationLike | None = None,
        max_attempts: int | None = None,
        backoff_rate: float | None = None,
        max_delay: DurationLike | None = None,
        jitter_strategy: JitterType | None = None,
        comment: str | None = None,
    ) -> Self:
        """Tries again after these errors (all of them by default); the first retrier that fits is used."""
        rest = {
            "interval": interval,
            "max_attempts": max_attempts,
            "backoff_rate": backoff_rate,
            "max_delay": max_delay,
            "jitter_strategy": jitter_strategy,
            "comment": comment,
        }
        where = here()
        self.retries.append(Retry(self._errors(errors, where), {k: v for k, v in rest.items() if v is not None}, where))
        return self

    def add_catch(
        self,
        handler: Chainable,
        *,
        errors: Sequence[str] | None = None,
        result_path: str | None = None,
        outputs: Any = None,
        assign: Mapping[str, Any] | None = None,
        comment: str | None = None,
    ) -> Self:
        """Goes on with `handler` after these errors (all of them by default). `result_path` puts the error beside the
        input instead of in its place."""
        where = here()
        target = linked(self, handler, "add_catch", where)
        rest = {"result_path": result_path, "outputs": outputs, "assign": assign, "comment": comment}
        if target is not None:
            kept = {k: v for k, v in rest.items() if v is not None}
            self.catches.append(Catch(self._errors(errors, where), target, kept, where))
        return self

    def _errors(self, errors: Sequence[str] | None, where: Origin | None) -> Sequence[str]:
        if errors is None:
            return [Errors.ALL]
        if isinstance(errors, str) or not all(isinstance(each, str) for each in errors):
            self.tell(
                "PS720", f"errors are a list of names, not {shown(errors)}", where, help='errors=["States.Timeout"]'
            )
            return [errors] if isinstance(errors, str) else [Errors.ALL]
        if not errors:
            self.tell(
                "PS720", "the list of errors is empty, so nothing would be caught", where, help="errors=[Errors.ALL]"
            )
        if Errors.ALL in errors and len(errors) > 1:
            self.tell(
                "PS726",
                "States.ALL stands alone: it is every error already",
                where,
                help="errors=[Errors.ALL], and one add_catch or add_retry before it for what is handled otherwise",
            )
        return list(errors)

    def handlers(self) -> Iterator[State]:
        for each in self.catches:
            yield each.handler

    def bent(self, follow: Callable[[State], State]) -> None:
        super().bent(follow)
        self.retries = list(self.retries)
        self.catches = [Catch(c.errors, follow(c.handler), c.rest, c.origin) for c in self.catches]

    def cut(self) -> None:
        super().cut()
        self.retries, self.catches = list(self.retries), list(self.catches)

    def common(self, scope: Scope) -> dict[str, Any]:
        found = super().common(scope)
        language = self.language(scope)
        if self.retries:
            # States.ALL comes last, in whatever order it was said: before others it would be refused.
            ordered = sorted(self.retries, key=lambda each: Errors.ALL in each.errors)
            found["retry"] = tuple(self._retrier(each) for each in ordered)
        if self.catches:
            catches = sorted(self.catches, key=lambda each: Errors.ALL in each.errors)
            found["catch"] = tuple(self._catcher(each, language) for each in catches)
        return found

    def _retrier(self, retry: Retry) -> model.Retrier:
        rest = retry.rest
        fields: dict[str, Any] = {"error_equals": tuple(retry.errors)}
        for name, to in (("interval", "interval_seconds"), ("max_delay", "max_delay_seconds")):
            if name in rest:
                fields[to] = self.value(lambda v, n, _: whole_seconds(v, n), rest[name], name, "")
        for name in ("max_attempts", "backoff_rate", "comment"):
            if name in rest:
                fields[name] = rest[name]
        if "jitter_strategy" in rest:
            jitter = rest["jitter_strategy"]
            fields["jitter_strategy"] = jitter.value if isinstance(jitter, JitterType) else jitter
        return model.Retrier(**fields)

    def _catcher(self, catch: Catch, language: str) -> model.Catcher:
        fields: dict[str, Any] = {"error_equals": tuple(catch.errors), "next": catch.handler.name}
        for name, value in catch.rest.items():
            field = FIELDS[name]
            if field.only is not None and field.only != language:
                self.tell(
                    "PS725", f"`{name}` of add_catch is {field.only}'s, and {self.name!r} is {language}", catch.origin
                )
                continue
            fields[field.to] = self.value(field.read, value, name, language)
        return model.Catcher(**fields)
