"""StateMachineFragment: a part of a workflow as a class of the user's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self, Unpack

from penstock.sfn.chain import Chain, copied, reachable
from penstock.sfn.origin import here
from penstock.sfn.states.base import Chainable, Following, Nextable, State
from penstock.sfn.states.parallel import Parallel, ParallelOptions


class StateMachineFragment:
    """A part that can be used several times. A subclass makes its states and says with `start_state` and `end_states`
    where it begins and where it goes on."""

    def __init__(self, *names: object) -> None:
        # `super().__init__(scope, id)` and `super().__init__(id)` both come along.
        texts = [each for each in names if isinstance(each, str)]
        self._id = texts[-1] if texts else type(self).__name__
        self._origin = here()

    @property
    def id(self) -> str:
        return self._id

    @property
    def start_state(self) -> State:
        raise NotImplementedError(f"{type(self).__name__} says with start_state where it begins")

    @property
    def end_states(self) -> Sequence[Nextable]:
        raise NotImplementedError(f"{type(self).__name__} says with end_states where it goes on")

    def next(self, next: Chainable, /) -> Chain:  # noqa: A002
        return Chain.start(self).next(next)

    def __rshift__(self, other: Chainable) -> Chain:
        return self.next(other)

    def prefix_states(self, prefix: str | None = None) -> Self:
        """Puts `prefix` (`ID: ` by default) before the names of its states."""
        for state in self._own():
            state.add_prefix(f"{self.id}: " if prefix is None else prefix)
        return self

    def to_single_state(
        self,
        *,
        prefix_states: str | None = None,
        state_id: str | None = None,
        **options: Unpack[ParallelOptions],
    ) -> Parallel:
        """The fragment as the one branch of a Parallel, its states prefixed with the Parallel's name."""
        name = state_id or self.id
        self.prefix_states(f"{name}: " if prefix_states is None else prefix_states)
        return Parallel(name, **options).branch(self)

    def copy(self, prefix: str | None = None) -> Chain:
        return copied(self.start_state, prefix=prefix)

    def _own(self) -> list[State]:
        """Its states, with those inside; what was added after its ends is not its own."""
        ends = {id(each) for each in self.end_states}
        later = [each.following for each in self.end_states if isinstance(each, Following) and each.following]
        own: dict[int, State] = {}
        waiting: list[State] = [self.start_state]
        beyond = {id(each) for each in later}
        while waiting:
            state = waiting.pop()
            if id(state) in own:
                continue
            own[id(state)] = state
            waiting += list(state.handlers())
            waiting += [each.start_state for each in state.inner()]
            waiting += [each for each in state.ways() if not (id(state) in ends and id(each) in beyond)]
        return list(own.values())


def find_reachable_states(start: State, *, include_error_handlers: bool = False) -> list[State]:
    return list(reachable(start, include_error_handlers=include_error_handlers))
