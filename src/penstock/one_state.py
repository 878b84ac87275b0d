"""One state alone, as AWS's TestState runs it: the Python API's `test_state`."""

# ruff: noqa: PT028 -- no test, in spite of its name, which is the API's

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from penstock.api import Machine, load
from penstock.config import Settings, load_settings
from penstock.errors import InvalidInput
from penstock.jsontools import Json
from penstock.local import Function, Log

if TYPE_CHECKING:
    from penstock.asl.model import State
    from penstock.clock import Clock, Entropy
    from penstock.engine.starting import NestedMachine
    from penstock.engine.tasks.handler import TaskHandler


def test_state(
    definition: Machine | Mapping[str, Any] | str,
    input: Json = None,  # noqa: A002 -- the API's word
    *,
    functions: Mapping[str, Function] | None = None,
    time: Literal["real", "skip"] = "skip",
    substitutions: Mapping[str, str] | None = None,
    settings: Settings | None = None,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    log: Log | None = None,
    require_role: bool = False,
    **as_in_the_api: Any,
) -> dict[str, Any]:
    """Runs one state and returns TestState's response.

    `definition` is a state's definition, or with `stateName` a whole machine's: a dict, its JSON text, or what `load` gives.
    The further arguments have the names and the shapes of the API: `stateName`, `inspectionLevel`, `mock`, `context`,
    `variables`, `stateConfiguration`, `revealSecrets`, `roleArn`. What the API takes as JSON text (`input`, `mock["result"]`,
    `context`, `variables`, `mapItemReaderData`) may also be given as the value; a str is always text. `output` and the
    members of `inspectionData` are JSON text, as in the API.

    An unmocked Task is answered by `functions` and `settings` as in `run`; `time` "real" lets a Wait wait. `require_role`
    asks for the roleArn that AWS wants for it.

    Raises ServiceError (`code` is AWS's) and InvalidDefinition with AWS's sentences.
    """
    from penstock.engine.teststate import run_state

    if time not in ("real", "skip"):
        raise InvalidInput(f"time is 'real' or 'skip', not {time!r}.")
    source: _Source
    if isinstance(definition, Machine):
        source = _Source(definition, functions or {}, substitutions or {})
        document: Any = source.document()
    else:
        document = dict(definition) if isinstance(definition, Mapping) else definition
        source = _Source(None, functions or {}, {})
    if settings is not None:
        source.settings = settings
    aws = source.settings_used().aws

    def handlers(state: State) -> Sequence[TaskHandler]:
        return source.handlers(state, clock=clock, entropy=entropy, log=log or _unheard)

    given = {"definition": document, **as_in_the_api}
    if input is not None:
        given["input"] = input
    try:
        return run_state(
            given,
            handlers=handlers,
            machines=source.nested,
            clock=clock,
            skip_time=time == "skip",
            entropy=entropy,
            region=aws.region,
            account=aws.account,
            require_role=require_role,
        )
    finally:
        source.close()


test_state.__test__ = False  # type: ignore[attr-defined]  # pytest must not take it for one of the user's tests


class _Source:
    """Where the state comes from, and who answers its task."""

    def __init__(
        self, machine: Machine | None, functions: Mapping[str, Function], substitutions: Mapping[str, str]
    ) -> None:
        self.machine = machine
        self.functions = functions
        self.substitutions = substitutions
        self.settings: Settings | None = None
        self.made: list[TaskHandler] = []

    def close(self) -> None:
        for handler in self.made:
            handler.close()

    def settings_used(self) -> Settings:
        if self.settings is None:
            self.settings = load_settings() if self.machine is None else self.machine.settings
        return self.settings

    def document(self) -> dict[str, Any]:
        from penstock.asl.write import to_document

        assert self.machine is not None
        definition, _ = self.machine.prepare(substitutions=self.substitutions, functions=self.functions)
        return to_document(definition)

    def handlers(
        self, state: State, *, clock: Clock | None, entropy: Entropy | None, log: Log
    ) -> Sequence[TaskHandler]:
        from penstock.asl.model import StateMachine, Task
        from penstock.asl.write import state_to_document

        if not isinstance(state, Task):
            return []
        machine = self.machine
        if machine is None:
            machine = load({"StartAt": state.name, "States": {state.name: state_to_document(state)}})
        if self.settings is not None:
            machine.settings = self.settings
        alone = StateMachine(start_at=state.name, states={state.name: state})
        self.made = machine.handlers(alone, functions=self.functions, mocks=None, clock=clock, entropy=entropy, log=log)
        return self.made

    def nested(self, arn: str) -> NestedMachine | None:
        if self.machine is None:
            return None
        found = self.machine.nested(arn, substitutions=self.substitutions, functions=self.functions)
        return None if found is None else found[1]


def _unheard(task: str, text: str) -> None:
    return None
