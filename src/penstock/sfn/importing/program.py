"""The whole program: states in the definition's order, what stands inside before what holds it; then the ways between them."""

from __future__ import annotations

from penstock.asl import model
from penstock.asl.graph import inner_machines, transitions
from penstock.asl.model import UNSET, StateMachine
from penstock.errors import InvalidDefinition
from penstock.sfn.importing import states as one
from penstock.sfn.importing.names import variables
from penstock.sfn.importing.values import WIDTH, call, literal, payload
from penstock.sfn.values import JSONPATH
from penstock.sfn.words import QueryLanguage


def write_program(machine: StateMachine, *, name: str, source: str) -> str:
    """Python text that composes `machine`; its variable `machine` is the target. `source` is where the definition was.

    Raises InvalidDefinition for what objects cannot say, all of which AWS refuses.
    """
    _refuse_unsayable(machine)
    writer = _Writer(machine)
    body = writer.scope(machine)
    head = [
        f'"""The state machine {_plain(name)}, imported from {_plain(source)}."""',
        "",
        "from penstock import sfn as sf",
    ]
    if any("tasks." in line for line in body):
        head.append("from penstock.sfn import tasks")
    used = [each for each in ("Condition", "JsonPath") if any(f"{each}." in line for line in body)]
    if used:
        head += ["", *(f"{each} = sf.{each}" for each in used)]
    return "\n".join([*head, "", *body, "", _machine(machine, name, writer.names)]) + "\n"


def _refuse_unsayable(machine: StateMachine) -> None:
    seen: set[str] = set()
    for scope, state in machine.walk():
        if state.name in seen:
            raise InvalidDefinition(f"Two states are called {state.name!r}; give one another name before importing.")
        seen.add(state.name)
        for field in ("retry", "catch"):
            given = getattr(state, field, UNSET)
            if isinstance(given, tuple) and any("States.ALL" in each.error_equals for each in given[:-1]):
                raise InvalidDefinition(
                    f"States.ALL is not the last in {field.capitalize()} of {state.name!r}; put it last."
                )
        targets = [target for _, target, _ in transitions(state)]
        missing = [each for each in (*targets, scope.start_at) if each not in scope.states]
        if missing:
            raise InvalidDefinition(f"There is no state {missing[0]!r}, to which {state.name!r} or StartAt leads.")
    for scope in {id(scope): scope for scope, _ in machine.walk()}.values():
        reached: set[str] = set()
        waiting = [str(scope.start_at)]
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += [target for _, target, _ in transitions(scope.states[name])]
        lost = [name for name in scope.states if name not in reached]
        if lost:
            raise InvalidDefinition(
                f"Nothing leads to the state {lost[0]!r}, so it would be lost; remove it, or lead to it."
            )


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', "'").replace("\n", " ")


def _machine(machine: StateMachine, name: str, names: dict[str, str]) -> str:
    parts: list[tuple[str | None, str]] = [(None, literal(name).code), ("definition", names[str(machine.start_at)])]
    if isinstance(machine.comment, str):
        parts.append(("comment", literal(machine.comment).code))
    if machine.query_language is not UNSET:
        parts.append(("query_language", f"sf.QueryLanguage.{QueryLanguage(machine.query_language).name}"))
    if isinstance(machine.timeout_seconds, int):
        from penstock.sfn.importing.values import seconds

        parts.append(("timeout", seconds(machine.timeout_seconds).code))
    if isinstance(machine.version, str):
        parts.append(("version", literal(machine.version).code))
    return f"machine = {call('sf.StateMachine', parts)}"


class _Writer:
    def __init__(self, machine: StateMachine) -> None:
        self.language = str(machine.query_language) if machine.query_language is not UNSET else JSONPATH
        self.names = variables(state.name for _, state in machine.walk())

    def scope(self, machine: StateMachine) -> list[str]:
        """The lines of one `States` object."""
        lines: list[str] = []
        written: dict[str, one.Written] = {}
        for name, state in machine.states.items():
            made = written[name] = one.write_state(state, self.language)
            inner = [] if made.function == "sf.CustomState" else inner_machines(state)
            for each in inner:
                lines += self.scope(each)
                lines.append("")
            lines.append(made.code(self.names[name]) + self._filled(state, made))
        ways = [*self._chains(machine), *self._rules(machine), *self._errors(machine, written)]
        return [*lines, *([""] if ways else []), *ways]

    def _filled(self, state: model.AnyState, made: one.Written) -> str:
        """`.branch(…)` and `.item_processor(…)`."""
        if made.function == "sf.CustomState":
            return ""
        if isinstance(state, model.Parallel) and state.branches is not UNSET:
            return call(".branch", [(None, self.names[str(branch.start_at)]) for branch in state.branches])
        if isinstance(state, model.Map) and state.processor is not None:
            start = self.names[str(state.processor.start_at)]
            return f".iterator({start})" if state.item_processor is UNSET else f".item_processor({start})"
        return ""

    def _chains(self, machine: StateMachine) -> list[str]:
        """Every Next, in rows as long as they go."""
        following: dict[str, str] = {}
        for name, state in machine.states.items():
            target = getattr(state, "next", UNSET)
            if isinstance(target, str):
                following[name] = target
        lines: list[str] = []
        done: set[str] = set()
        starts = [str(machine.start_at), *(name for name in following if name not in following.values()), *following]
        for start in starts:
            row = [start]
            while row[-1] in following and row[-1] not in done:
                done.add(row[-1])
                row.append(following[row[-1]])
            if len(row) > 1:
                lines += _row([self.names[name] for name in row])
        return lines

    def _rules(self, machine: StateMachine) -> list[str]:
        lines: list[str] = []
        for name, state in machine.states.items():
            if not isinstance(state, model.Choice):
                continue
            language = one.language_of(state, self.language)
            parts: list[str] = []
            for rule in state.choices if state.choices is not UNSET else ():
                arguments: list[tuple[str | None, str]] = [
                    (None, one.condition(rule)),
                    (None, self.names[str(rule.next)]),
                ]
                if isinstance(rule.comment, str):
                    arguments.append(("comment", literal(rule.comment).code))
                if rule.output is not UNSET:
                    arguments.append(("outputs", literal(rule.output).code))
                if rule.assign is not UNSET:
                    made = payload(rule.assign) if language == JSONPATH else literal(rule.assign)
                    arguments.append(("assign", made.code))
                parts.append(call(".when", arguments))
            if isinstance(state.default, str):
                parts.append(f".otherwise({self.names[state.default]})")
            lines += _dotted(self.names[name], parts)
        return lines

    def _errors(self, machine: StateMachine, written: dict[str, one.Written]) -> list[str]:
        lines: list[str] = []
        for name, state in machine.states.items():
            language = one.language_of(state, self.language)
            retries = getattr(state, "retry", UNSET)
            catches = getattr(state, "catch", UNSET)
            parts: list[str] = []
            if isinstance(retries, tuple):
                parts += [one.retry(each) for each in (retries[1:] if written[name].retries else retries)]
            if isinstance(catches, tuple):
                parts += [one.catch(each, self.names[str(each.next)], language) for each in catches]
            if parts:
                lines += _dotted(self.names[name], parts)
        return lines


def _row(names: list[str]) -> list[str]:
    line = " >> ".join(names)
    if len(line) <= WIDTH:
        return [line]
    return ["(", f"    {names[0]}", *(f"    >> {name}" for name in names[1:]), ")"]


def _dotted(variable: str, parts: list[str]) -> list[str]:
    """`variable.when(…).otherwise(…)`, a line each where it is long."""
    if not parts:
        return []
    line = variable + "".join(parts)
    if len(line) <= WIDTH and "\n" not in line:
        return [line]
    indented = [f"    {part}".replace("\n", "\n    ") for part in parts]
    return ["(", f"    {variable}", *indented, ")"]
