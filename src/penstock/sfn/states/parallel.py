"""Parallel: branches side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self, Unpack

from penstock.asl import model
from penstock.sfn.build import Scope
from penstock.sfn.chain import Chain, copied
from penstock.sfn.origin import Origin, here
from penstock.sfn.states.base import Catching, Chainable, StateOptions, linked, options_of


class ParallelOptions(StateOptions, total=False):
    input_path: str | None
    output_path: str | None
    result_path: str | None
    result_selector: Mapping[str, Any] | None
    parameters: Mapping[str, Any] | None
    arguments: Any
    outputs: Any
    assign: Mapping[str, Any] | None


class Parallel(Catching):
    """Runs its branches side by side; its result is the list of theirs, in order."""

    OPTIONS = options_of(ParallelOptions, StateOptions)

    def __init__(self, id: str, **options: Unpack[ParallelOptions]) -> None:  # noqa: A002
        super().__init__(id, options)
        self.branches: list[tuple[Chain, Origin | None]] = []

    def branch(self, *branches: Chainable) -> Self:
        """Adds branches."""
        where = here()
        for each in branches:
            start = linked(self, each, "Parallel.branch", where)
            if start is not None:
                self.branches.append((Chain(start, [], start), where))
        return self

    def inner(self) -> Iterator[Chainable]:
        for chain, _ in self.branches:
            yield chain

    def cut(self) -> None:
        super().cut()
        self.branches = list(self.branches)

    def copy_inner(self, rename: Callable[[str], str]) -> None:
        self.branches = [(copied(chain.start_state, rename=rename), where) for chain, where in self.branches]

    def build(self, scope: Scope) -> model.Parallel:
        fields = self.common(scope)
        if not self.branches:
            self.tell("PS715", f"the Parallel {self.name!r} has no branch", help="add one with .branch(…)")
        fields["branches"] = tuple(
            scope.inner(chain.start_state, f"branch {number} of {self.name!r}", where)
            for number, (chain, where) in enumerate(self.branches, 1)
        )
        return model.Parallel(**fields)
