"""Where ways end: error handlers that end well, arms of a Choice that dangle, a Choice without a way otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from penstock.asl.model import Comparison, Not, Test
from penstock.diagnostics import Diagnostic
from penstock.sfn.chain import reachable
from penstock.sfn.origin import Origin
from penstock.sfn.problems import problem
from penstock.sfn.states.base import Catching, Following, State
from penstock.sfn.states.choice import Choice


def find(start: State, states: Sequence[State]) -> Iterator[Diagnostic]:
    """`start` is where the machine begins, `states` all of its states, those inside too."""
    yield from _handlers(start)
    for state in states:
        if isinstance(state, Choice):
            yield from _arms(state)
            yield from _otherwise(state)


def _handlers(start: State) -> Iterator[Diagnostic]:
    """Only the machine's own: in a branch or a processor, a handler that ends well gives the others their result."""
    main = {id(each) for each in reachable(start, include_error_handlers=False)}
    told: set[int] = set()
    for state in reachable(start):
        if not isinstance(state, Catching):
            continue
        for catch in state.catches:
            if id(catch.handler) in told:
                continue
            told.add(id(catch.handler))
            way = list(reachable(catch.handler))
            if any(id(each) in main for each in way):
                continue  # it goes on with the work
            open_end = next((each for each in way if _ends_silently(each)), None)
            if open_end is not None:
                yield problem(
                    "PS742",
                    catch.origin,
                    f"errors of {state.name!r} end in {open_end.name!r}, so the execution counts as SUCCEEDED",
                    help="end the handler with a Fail; if success is meant, with a Succeed",
                    notes=[(open_end.origin, "here the execution ends")] if open_end.origin != catch.origin else (),
                )


def _ends_silently(state: State) -> bool:
    return isinstance(state, Following) and state.following is None


_FAR = 500
"""How many states of an arm are looked at. Arms that come together later than that are left alone."""


def _arms(choice: Choice) -> Iterator[Diagnostic]:
    targets = [(arm.target, arm.origin) for arm in choice.arms]
    if choice.default is not None:
        targets.append((choice.default, choice.default_at))
    if len(targets) < 3:
        return  # of two arms, either may be the one that ends
    ways: list[tuple[Origin | None, dict[int, State]]] = []
    for target, origin in targets:
        way = {id(each): each for each in islice(reachable(target, include_error_handlers=False), _FAR + 1)}
        if len(way) > _FAR:
            return
        ways.append((origin, way))
    for origin, way in ways:
        others = [other for _, other in ways if other is not way]
        shared = [key for key in others[0] if sum(key in other for other in others) == len(others)]
        # All others come together, at a state that is none of theirs alone; this way goes by it, and no end is named.
        if not shared or any(key in way for key in shared) or id(choice) in way:
            continue
        silent = [each for each in way.values() if _ends_silently(each)]
        if silent and not any(not isinstance(each, Following) and not list(each.ways()) for each in way.values()):
            join = others[0][shared[0]]
            yield problem(
                "PS743",
                origin,
                f"this arm of {choice.name!r} ends with {silent[0].name!r}, while the others go on to {join.name!r}",
                help=f"let it go on as well: .next(…) to {join.name!r}; if the end is meant, add a Succeed",
            )


def _otherwise(choice: Choice) -> Iterator[Diagnostic]:
    if choice.default is None and choice.arms and not _exhaustive(choice):
        yield problem(
            "PS745",
            choice.origin,
            f"where no condition of {choice.name!r} holds, the execution fails with States.NoChoiceMatched",
            help="add .otherwise(…): the way on, or a Fail that says what was unexpected",
        )


def _exhaustive(choice: Choice) -> bool:
    """Whether two arms are each other's opposite."""
    tests = [arm.condition._test for arm in choice.arms if arm.condition._test is not None]
    opposites = [_opposite(each) for each in tests]
    return any(each in tests for each in opposites if each is not None)


def _opposite(test: Test) -> Test | None:
    if isinstance(test, Not):
        return test.rule
    if isinstance(test, Comparison) and isinstance(test.operand, bool):
        # Only presence is decided for every input: of a missing value nothing else may be asked.
        return Comparison(variable=test.variable, operator=test.operator, operand=not test.operand)
    return None
