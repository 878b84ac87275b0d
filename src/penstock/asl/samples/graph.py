"""What a walk needs to know of a machine's graph: which ways end well, how soon, and what can come again."""

from __future__ import annotations

from penstock.asl.model import UNSET, AnyState, Choice, Fail, Map, Parallel, StateMachine, Succeed, Task, Unset


def targets(state: AnyState) -> list[str]:
    """Where a state leads when nothing fails."""
    if isinstance(state, Choice):
        rules = () if isinstance(state.choices, Unset) else state.choices
        return [each for each in (*(rule.next for rule in rules), state.default) if isinstance(each, str)]
    following = UNSET if isinstance(state, Fail | Succeed) else state.next
    return [following] if isinstance(following, str) else []


def distances(machine: StateMachine) -> dict[str, int]:
    """How many states there are from each to an end that is no failure."""
    before: dict[str, list[str]] = {}
    layer: list[str] = []
    for name, state in machine.states.items():
        for target in targets(state):
            before.setdefault(target, []).append(name)
        if isinstance(state, Succeed) or (
            not isinstance(state, Fail | Choice) and state.end is not UNSET and state.end
        ):
            layer.append(name)
    distances = dict.fromkeys(layer, 0)
    steps = 0
    while layer:
        steps += 1
        layer = list(dict.fromkeys(each for name in layer for each in before.get(name, ()) if each not in distances))
        distances.update(dict.fromkeys(layer, steps))
    return distances


def in_cycles(machine: StateMachine) -> set[str]:
    """The states that can be reached from themselves, catchers included: those left when ends are peeled off."""
    following = {
        name: {each for each in _all_targets(state) if each in machine.states} for name, state in machine.states.items()
    }
    before: dict[str, set[str]] = {name: set() for name in following}
    for name, targets in following.items():
        for target in targets:
            before[target].add(name)
    left = set(following)
    for forward, backward in ((following, before), (before, following)):
        degree = {name: len(forward[name] & left) for name in left}
        ready = [name for name in left if not degree[name]]
        while ready:
            name = ready.pop()
            left.discard(name)
            for other in backward[name]:
                if other in left:
                    degree[other] -= 1
                    if not degree[other]:
                        ready.append(other)
    return left


def _all_targets(state: AnyState) -> list[str]:
    catchers = state.catch if isinstance(state, Task | Parallel | Map) else UNSET
    caught = () if isinstance(catchers, Unset) else catchers
    return targets(state) + [each.next for each in caught if isinstance(each.next, str)]


def lengths(machine: StateMachine) -> dict[str, int]:
    """For each state that can end well without turning back, how many states the longest such way has."""
    found: dict[str, int | None] = {}
    starts = () if isinstance(machine.start_at, Unset) else (machine.start_at,)
    for start in (*starts, *machine.states):
        stack = [(start, False)]
        under: set[str] = set()
        while stack:
            name, leaving = stack.pop()
            state = machine.states.get(name)
            if state is None or (name in found and not leaving):
                continue
            if not leaving:
                if name in under:
                    continue  # a way back
                under.add(name)
                stack.append((name, True))
                stack.extend((target, False) for target in targets(state) if target not in under)
                continue
            under.discard(name)
            after = [found.get(target) for target in targets(state)]
            known = [each for each in after if each is not None]
            found[name] = 0 if _ends_well(state) else 1 + max(known) if known else None
    return {name: length for name, length in found.items() if length is not None}


def _ends_well(state: AnyState) -> bool:
    if isinstance(state, Succeed):
        return True
    return not isinstance(state, Fail | Choice) and state.end is not UNSET and bool(state.end)
