"""Chains: a first state, and the open ends to which the next one is added. What can be reached from a state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from penstock.sfn.origin import here
from penstock.sfn.problems import problem, refuse
from penstock.sfn.states.base import Chainable, Following, Nextable, State, linked
from penstock.sfn.values import shown

if TYPE_CHECKING:
    from penstock.sfn.states.parallel import Parallel, ParallelOptions


class Chain:
    """States that follow one another. `Chain.start(a).next(b)` and `a >> b` are the same."""

    def __init__(self, start_state: State, end_states: Sequence[Nextable], last: object) -> None:
        self._start = start_state
        self._ends = list(end_states)
        self._last = last

    def __repr__(self) -> str:
        return f"<Chain from {self._start.name!r}>"

    @property
    def id(self) -> str:
        return self._start.id

    @property
    def start_state(self) -> State:
        return self._start

    @property
    def end_states(self) -> Sequence[Nextable]:
        return self._ends

    @classmethod
    def start(cls, state: Chainable) -> Chain:
        """A chain that begins with a state, a fragment or another chain."""
        first = _start_of(state, "Chain.start")
        return cls(first, ends_of(state), state)

    @classmethod
    def sequence(cls, start: Chainable, next: Chainable) -> Chain:  # noqa: A002
        return cls.start(start).next(next)

    @classmethod
    def custom(cls, start_state: State, end_states: Sequence[Nextable], last_added: Chainable) -> Chain:
        return cls(start_state, end_states, last_added)

    @classmethod
    def joined(cls, first: State, then: object) -> Chain:
        """The chain of a state and what was put after it; after a Choice nothing can be put but by `afterwards`."""
        made = cls(first, ends_of(first), first)
        if isinstance(first, Following):
            return cls(first, ends_of(then), then)
        return made.next(then)  # type: ignore[arg-type]  # told there

    def next(self, next: Chainable, /) -> Chain:  # noqa: A002
        """Adds to every open end; gives the longer chain."""
        where = here()
        if not self._ends:
            self._tell_closed(next, where)
        target = linked(self._start, next, "Chain.next", where)
        if target is None:
            return self
        for end in self._ends:
            if isinstance(end, Following):
                end.follow(target, where)
            else:
                end.next(next)
        return Chain(self._start, ends_of(next), next)

    def __rshift__(self, other: Chainable) -> Chain:
        return self.next(other)

    def _tell_closed(self, following: object, where: Any) -> None:
        last = self._last.start_state if isinstance(self._last, (Chain,)) else self._last
        name = getattr(last, "name", None) or self._start.name
        kind = type(last).__name__
        if kind == "Choice":
            help_ = (
                "after a Choice comes what its arms say; to let all of them go on together: choice.afterwards().next(…)"
            )
        else:
            help_ = f"a {kind} ends the execution; leave it out, or put it last"
        self._start.tell("PS711", f"nothing can follow {name!r}", where, help=help_)

    def to_single_state(self, id: str, **options: Unpack[ParallelOptions]) -> Parallel:  # noqa: A002
        """The chain as the one branch of a Parallel: errors of any of its states can be caught there."""
        from penstock.sfn.states.parallel import Parallel

        return Parallel(id, **options).branch(self)

    def prefix_states(self, prefix: str) -> Chain:
        """Puts `prefix` before the names of all its states."""
        for state in everything(self._start):
            state.add_prefix(prefix)
        return self

    def copy(self, prefix: str | None = None, *, rename: Callable[[str], str] | None = None) -> Chain:
        """The chain once more, with other names: for a second use. All its states are copied, those inside too."""
        return copied(self._start, prefix=prefix, rename=rename)


def _start_of(value: object, what: str) -> State:
    start = value if isinstance(value, State) else getattr(value, "start_state", None)
    if not isinstance(start, State):
        raise refuse(
            [
                problem(
                    "PS716",
                    here(),
                    f"{what} takes a state, a chain or a fragment, not {shown(value)}",
                    help="make it a state first: Pass, Task, Choice, …",
                )
            ]
        )
    return start


def ends_of(value: object) -> Sequence[Nextable]:
    found = getattr(value, "end_states", ())
    return found if isinstance(found, Sequence) else ()


# -- what can be reached -----------------------------------------------------------------------------------------------------


def reachable(start: State, *, include_error_handlers: bool = True) -> Iterator[State]:
    """The states of one `States` object from `start` on, each once: the main line first, then what errors lead to."""
    seen: set[int] = set()
    later: list[State] = []
    waiting = [start]
    while waiting or later:
        state = waiting.pop() if waiting else later.pop(0)
        if id(state) in seen:
            continue
        seen.add(id(state))
        yield state
        waiting.extend(reversed(list(state.ways())))
        if include_error_handlers:
            later.extend(state.handlers())


def everything(start: State) -> Iterator[State]:
    """The states from `start` on, with those inside branches and processors."""
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        for state in reachable(waiting.pop()):
            if id(state) not in seen:
                seen.add(id(state))
                yield state
                waiting.extend(each.start_state for each in state.inner())


def open_ends(start: State, *, include_error_handlers: bool = False) -> list[Nextable]:
    """The states at which something may still be added."""
    return [
        each
        for each in reachable(start, include_error_handlers=include_error_handlers)
        if isinstance(each, Following) and each.following is None
    ]


def copied(start: State, *, prefix: str | None = None, rename: Callable[[str], str] | None = None) -> Chain:
    """Copies of all states from `start` on, that lead to one another as the originals do."""
    if rename is None:
        rename = (lambda name: f"{name} (2)") if prefix is None else (lambda name: f"{prefix}{name}")
    copies: dict[int, State] = {}

    def follow(state: State) -> State:
        return copies[id(state)]

    originals = list(reachable(start))
    for each in originals:
        copies[id(each)] = each.twin(rename(each.name))
    for made in copies.values():
        made.bent(follow)
        made.copy_inner(rename)
    first = copies[id(start)]
    return Chain(first, open_ends(first), first)
