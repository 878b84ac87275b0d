"""New executions: their names, ARNs and limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from penstock.clock import Entropy
from penstock.engine import limits
from penstock.engine.execution import Execution, Type
from penstock.engine.program import Program
from penstock.errors import InvalidInput, UsageError
from penstock.jsontools import Json

if TYPE_CHECKING:
    from penstock.engine.journal import Link
    from penstock.engine.running import Running

ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"


@dataclass(frozen=True, slots=True)
class NestedMachine:
    """A state machine that a state starts: what runs, and as what.

    `arn` is the machine's own, without a version or an alias. `begin` is how its service begins an execution of it, in the
    thread of the driver's loop; None for the driver's own way.
    """

    program: Program
    arn: str
    type: Type = "STANDARD"
    role_arn: str | None = None
    begin: Callable[[Execution, Link | None], Running] | None = None


Machines: TypeAlias = Callable[[str], NestedMachine | None]
"""What an ARN of a state machine, a version or an alias starts, for `states:startExecution`; None for an unknown one."""


def new_execution(
    program: Program,
    value: Json,
    *,
    entropy: Entropy,
    name: str | None = None,
    type: Type = "STANDARD",  # noqa: A002  (the API's word)
    machine_arn: str | None = None,
    role_arn: str | None = None,
    sync: bool = False,
) -> Execution:
    """An execution that has not begun. Raises InvalidInput for an input over the payload quota and for what is no name,
    UsageError for what is no ARN of a machine."""
    if name is None:
        name = entropy.uuid4()
    elif not 0 < len(name) <= limits.NAME_CHARACTERS or not limits.NAME_FORBIDDEN.isdisjoint(name):
        raise InvalidInput(
            f"{name[:100]!r} is no name for an execution: 1 to {limits.NAME_CHARACTERS} characters, no blanks, "
            'brackets, wildcards or control characters, none of "#%\\^|~`$&,;:/.'
        )
    if machine_arn is None:
        machine_arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:StateMachine"
    prefix, _, machine_name = machine_arn.partition(":stateMachine:")
    if not machine_name or prefix.count(":") < 4:
        raise UsageError(
            f"{machine_arn!r} is no ARN of a state machine (arn:aws:states:REGION:ACCOUNT:stateMachine:NAME)."
        )
    machine_name = machine_name.partition(":")[0]  # of a version or an alias: executions are the machine's
    machine_arn = f"{prefix}:stateMachine:{machine_name}"
    if role_arn is None:
        role_arn = f"arn:aws:iam::{prefix.split(':')[4]}:role/StepFunctionsRole"
    standard = type == "STANDARD"
    if standard:
        arn = f"{prefix}:execution:{machine_name}:{name}"
    else:
        arn = f"{prefix}:express:{machine_name}:{name}:{entropy.uuid4()}"
    execution = Execution(
        program,
        value,
        arn=arn,
        name=name,
        machine_arn=machine_arn,
        machine_name=machine_name,
        role_arn=role_arn,
        type=type,
        seed=entropy.hex(32),
        limit=limits.STANDARD_EVENTS if standard else limits.EXPRESS_EVENTS,
        sync=sync,
    )
    if len(execution.input_text) > limits.PAYLOAD_BYTES:
        raise InvalidInput(
            f"The input has {len(execution.input_text):,} bytes of JSON; an execution takes {limits.PAYLOAD_BYTES:,} "
            "at most. Put the data into a file or an object store and pass its place."
        )
    return execution
