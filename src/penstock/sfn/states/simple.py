"""Pass, Wait, Succeed and Fail; CustomState, which is whatever JSON says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Unpack

from penstock.asl import model
from penstock.asl.model import UNSET
from penstock.sfn.build import Scope
from penstock.sfn.durations import WaitTime
from penstock.sfn.inputs import Result
from penstock.sfn.problems import Wrong
from penstock.sfn.states.base import Catching, Following, State, StateOptions, options_of
from penstock.sfn.values import JSONATA, JSONPATH, TextReference, expression, is_expression, path_text, render, shown


class PassOptions(StateOptions, total=False):
    input_path: str | None
    output_path: str | None
    result_path: str | None
    parameters: Mapping[str, Any] | None
    outputs: Any
    assign: Mapping[str, Any] | None


class Pass(Following):
    """Passes its input on, or a fixed `result`, or what `parameters` (JSONata: `outputs`) make of it."""

    OPTIONS = options_of(PassOptions, StateOptions)

    def __init__(self, id: str, *, result: Result | None = None, **options: Unpack[PassOptions]) -> None:  # noqa: A002
        super().__init__(id, options)
        self.result = result

    def build(self, scope: Scope) -> model.Pass:
        fields = self.common(scope)
        if self.result is not None:
            fields["result"] = self.value(self._result, self.result, "result", self.language(scope))
        return model.Pass(**fields)

    def _result(self, value: Any, name: str, language: str) -> Any:
        if language == JSONATA:
            raise Wrong("PS725", "`result` is JSONPath's, and the state is JSONata", help="use `outputs`")
        found = value.value if isinstance(value, Result) else value
        # Rendered as JSONata, which leaves keys alone: a Result is passed on as it stands.
        return render(found, JSONATA)


class WaitOptions(StateOptions, total=False):
    input_path: str | None
    output_path: str | None
    outputs: Any
    assign: Mapping[str, Any] | None


class Wait(Following):
    """Waits: `time=WaitTime.duration(Duration.minutes(5))`."""

    OPTIONS = options_of(WaitOptions, StateOptions)

    def __init__(self, id: str, *, time: WaitTime, **options: Unpack[WaitOptions]) -> None:  # noqa: A002
        super().__init__(id, options)
        self.time = time

    def build(self, scope: Scope) -> model.Wait:
        fields = self.common(scope)
        time = self.time
        if not isinstance(time, WaitTime):
            self.tell(
                "PS720",
                f"`time` of a Wait is a WaitTime, not {shown(time)}",
                help="time=WaitTime.duration(Duration.seconds(30))",
            )
        elif time.language not in (None, self.language(scope)):
            self.tell("PS725", f"`time` is {time.language}, and the state {self.name!r} is {self.language(scope)}")
        else:
            fields[time.field] = time.value
        return model.Wait(**fields)


class SucceedOptions(StateOptions, total=False):
    input_path: str | None
    output_path: str | None
    outputs: Any


class Succeed(State):
    """Ends the execution, or the branch, as SUCCEEDED."""

    OPTIONS = options_of(SucceedOptions, StateOptions)

    def __init__(self, id: str, **options: Unpack[SucceedOptions]) -> None:  # noqa: A002
        super().__init__(id, options)

    def build(self, scope: Scope) -> model.Succeed:
        return model.Succeed(**self.common(scope))


class Fail(State):
    """Ends the execution, or the branch, as FAILED, with an error name and a cause."""

    def __init__(
        self,
        id: str,  # noqa: A002
        *,
        error: str | None = None,
        cause: str | None = None,
        error_path: str | None = None,
        cause_path: str | None = None,
        **options: Unpack[StateOptions],
    ) -> None:
        super().__init__(id, options)
        self.texts = {"error": error, "cause": cause}
        self.paths = {"error_path": error_path, "cause_path": cause_path}

    def build(self, scope: Scope) -> model.Fail:
        fields = self.common(scope)
        language = self.language(scope)
        for name, value in self.texts.items():
            if value is None:
                continue
            if isinstance(value, TextReference) and value.language == JSONPATH:
                # A path where a text is asked for: the States Language has a field of its own for it.
                fields[f"{name}_path"] = value.text
            elif isinstance(value, str):
                fields[name] = str(value)
            else:
                self.tell("PS720", f"`{name}` of a Fail is a text, not {shown(value)}")
        for name, value in self.paths.items():
            if value is None:
                continue
            if language == JSONATA:
                self.tell("PS725", f"`{name}` is JSONPath's", help=f"{name[:-5]}='{{% $states.input.x %}}'")
                continue
            fields[name] = self.value(lambda v, n, _: path_text(v, n), value, name, language)
        return model.Fail(**fields)


class CustomState(Catching):
    """A state given as JSON (`state_json`), for what has no class. Next and End are of the chain's making."""

    OPTIONS: ClassVar[frozenset[str]] = options_of(StateOptions)

    def __init__(self, id: str, *, state_json: Mapping[str, Any], **options: Unpack[StateOptions]) -> None:  # noqa: A002
        super().__init__(id, options)
        self.state_json = dict(state_json)

    def build(self, scope: Scope) -> model.AnyState:
        from dataclasses import replace

        from penstock.asl.read import read_document

        fields = self.common(scope)
        document = {k: v for k, v in self.state_json.items() if k not in ("Next", "End")}
        kind = document.get("Type")
        if kind not in ("Choice", "Succeed", "Fail"):
            document["End"] = True
        top = {} if scope.language == JSONPATH else {"QueryLanguage": scope.language}
        reading = read_document({**top, "StartAt": self.name, "States": {self.name: document}})
        state = reading.machine.states.get(self.name) if reading.machine is not None else None
        if state is None:
            errors = [each.message for each in reading.diagnostics if each.is_error]
            self.tell("PS720", f"the state_json of {self.name!r} is no state: {'; '.join(errors) or 'it has no Type'}")
            return model.Pass(name=self.name, end=True, span=fields["span"])
        changes: dict[str, Any] = {"span": fields["span"]}
        if hasattr(state, "end"):
            changes["next"], changes["end"] = fields.get("next", UNSET), fields.get("end", UNSET)
        for name in ("retry", "catch"):
            if name in fields and hasattr(state, name):
                given = getattr(state, name)
                changes[name] = (() if given is UNSET else given) + fields[name]
        return replace(state, **changes)

    def ways(self) -> Iterator[State]:
        yield from super().ways()


def jsonata_or_number(value: Any, name: str) -> Any:
    """A number, or an expression that gives one."""
    if isinstance(value, bool):
        raise Wrong("PS720", f"`{name}` is a number, not {shown(value)}")
    if isinstance(value, (int, float)) and not hasattr(value, "text"):
        return value
    if is_expression(value) or getattr(value, "language", None) == JSONATA:
        return expression(value)
    raise Wrong("PS720", f"`{name}` is a number, not {shown(value)}")
