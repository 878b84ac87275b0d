"""What AWS's diagnostic codes mean: one entry a code, with an example and what to write instead.

The codes are those of ValidateStateMachineDefinition (API reference, ValidateStateMachineDefinitionDiagnostic); the words
are ours. `penstock explain CODE` shows an entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from penstock.diagnostics import Severity


@dataclass(frozen=True, slots=True)
class AwsCode:
    """`example` is a definition, or the part of one, that gets this code."""

    code: str
    title: str
    explanation: str
    example: str
    remedy: str
    severity: Severity = Severity.ERROR


_ENTRIES = (
    AwsCode(
        "INVALID_JSON_DESCRIPTION",
        "The definition is not JSON",
        "A definition is one JSON object. A missing comma, a comment, a key that stands twice or text after the last brace"
        " keep the whole of it from being read.",
        '{"StartAt": "A", "States": {"A": {"Type": "Succeed"},}}',
        "Correct the place that the message names. A definition with comments can be kept as YAML.",
    ),
    AwsCode(
        "MISSING_DESCRIPTION",
        "There is no definition",
        "A state machine was to be made of an empty text.",
        '""',
        "Give an object with StartAt and States.",
    ),
    AwsCode(
        "SCHEMA_VALIDATION_FAILED",
        "A field is missing, unknown, or of the wrong kind",
        "Each state type has its own fields, and each field its own kind of value. The message names the field, the location"
        " the state it stands in. Fields of the two query languages do not mix: Output and Arguments are JSONata's, InputPath,"
        " Parameters, ResultPath and OutputPath are JSONPath's.",
        '"Pay": {"Type": "Wait", "Seconds": 5, "Catch": [], "End": true}',
        "Remove the field, give it the kind of value the message asks for, or move it to a state type that has it.",
    ),
    AwsCode(
        "INVALID_RESOURCE",
        "A Task's Resource is nothing that can be run",
        "Resource is the ARN of a Lambda function, of an activity, or of a service integration"
        " (arn:aws:states:::SERVICE:ACTION), with the integration's required parameters.",
        '"Pay": {"Type": "Task", "Resource": "arn:aws:lambda", "End": true}',
        "Write the whole ARN. A ${Name} that deployment fills in is allowed.",
    ),
    AwsCode(
        "MISSING_END_STATE",
        "Nothing ends the workflow",
        "Every machine, branch and processor needs a state that ends it: one with End, a Succeed or a Fail. Without one it"
        " could only go round for ever.",
        '"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}',
        'Give the last state "End": true.',
    ),
    AwsCode(
        "MISSING_TRANSITION_TARGET",
        "A transition leads nowhere, or a state is never reached",
        "Every Next, Default and StartAt names a state of the same States object: a branch cannot jump out of its Parallel."
        " A state that nothing leads to would never run.",
        '"A": {"Type": "Pass", "Next": "Pya"}',
        "Correct the name, add the state, or remove the state that nothing leads to.",
    ),
    AwsCode(
        "DUPLICATE_STATE_NAME",
        "Two states have one name",
        "A state's name is unique in the whole machine, also across branches and processors: history tells states apart by"
        " their names alone.",
        '"Branches": [{"StartAt": "A", …}, {"StartAt": "A", …}]',
        "Give each its own name.",
    ),
    AwsCode(
        "INVALID_STATE_NAME",
        "A name that no state can have",
        "A state's name has 1 to 80 characters.",
        '"States": {"": {"Type": "Succeed"}}',
        "Shorten the name; say more in a Comment.",
    ),
    AwsCode(
        "DUPLICATE_LABEL_NAME",
        "Two distributed Maps have one Label",
        "A Label becomes part of the ARN of the Map's runs, so it is unique in a machine.",
        '"Label": "orders" in two Map states',
        "Give each its own Label, or none.",
    ),
    AwsCode(
        "INVALID_LABEL_NAME",
        "A Label that no Map can have",
        "A Label has 1 to 40 characters, without blanks, brackets and most signs: it becomes part of an ARN.",
        '"Label": "all orders?"',
        "Use letters, digits, - and _.",
    ),
    AwsCode(
        "TOO_DEEPLY_NESTED",
        "Machines inside machines, too many levels",
        "Parallel and Map states nest deeper than the service reads.",
        "a Map in a Map in a Map …",
        "Make an inner part a state machine of its own and start it with states:startExecution.",
    ),
    AwsCode(
        "INVALID_VARIABLE_NAME",
        "A name that no variable can have",
        "A variable's name is an identifier of at most 80 characters: letters, digits and _, no digit first.",
        '"Assign": {"total-sum": 1}',
        "Rename the variable: total_sum.",
    ),
    AwsCode(
        "RESERVED_VARIABLE_NAME",
        "A variable called `states`",
        "$states holds the input, the result and the context of a JSONata state, so no variable can have that name.",
        '"Assign": {"states": 1}',
        "Rename the variable.",
    ),
    AwsCode(
        "INVALID_JSONATA_EXPRESSION",
        "A JSONata expression that does not parse",
        "What stands between {% and %} must be a whole JSONata expression; the message is the parser's own.",
        '"Output": "{% $states.input. %}"',
        "Correct the expression at the place that the message names.",
    ),
    AwsCode(
        "UNSUPPORTED_JSONATA_EXPRESSION",
        "JSONata that Step Functions does not run",
        "At the top level of an expression there is no current item, so a bare name and $ mean nothing there.",
        '"Output": "{% phone %}"',
        "Say where the value comes from: {% $states.input.phone %}, or a variable: {% $phone %}.",
    ),
    AwsCode(
        "NO_DOLLAR",
        "A path under a key without .$",
        "The value looks like a path, but its key does not end in .$, so it is passed on as text.",
        '"Parameters": {"order": "$.order"}',
        'If the value is meant: "order.$": "$.order".',
        Severity.WARNING,
    ),
    AwsCode(
        "NO_PATH",
        "A key with .$ and no path",
        "The key ends in .$, but its value is no path and no intrinsic function.",
        '"Parameters": {"order.$": "order"}',
        'Write a path ("$.order"), or leave the .$ out.',
        Severity.WARNING,
    ),
    AwsCode(
        "PASS_RESULT_IS_STATIC",
        "A path in the Result of a Pass",
        "Result is passed on as it stands; paths and keys with .$ in it are not computed.",
        '"Set": {"Type": "Pass", "Result": {"id.$": "$.order.id"}, "End": true}',
        "Use Parameters instead of Result.",
        Severity.WARNING,
    ),
)

CATALOGUE: Final[dict[str, AwsCode]] = {entry.code: entry for entry in _ENTRIES}
"""Every code by its name."""
