"""Every problem that composing a workflow from objects can have: one entry a code, as for scripts.

`penstock explain PSnnn` and the documentation's pages are made from this table.
"""

from __future__ import annotations

from typing import Final

from penstock.diagnostics import Severity
from penstock.diagnostics.catalogue import Code

_WARNING = Severity.WARNING

_ENTRIES = (
    # Loading the program.
    Code(
        "PS700",
        "The program stops before it has made its workflow",
        "A target such as file.py:machine is Python code that is run to get the workflow. It ended with an exception; the"
        " message is Python's own, the line the user's.",
        "machine = sf.StateMachine('orders', definition=first.next(secnd))",
        "Correct the line. `python file.py` shows the whole traceback.",
    ),
    Code(
        "PS701",
        "The name is no workflow",
        "What stands behind the colon of a target must be a StateMachine, a chain, a state, a fragment or a Stack, or a"
        " function without arguments that returns one.",
        "penstock run orders.py:INPUT",
        "Name the construct; the message lists those that the program has.",
    ),
    # The graph.
    Code(
        "PS710",
        "A state that goes on to two states",
        "A state has one Next. A second `next` with another target would replace the first one, so neither is taken.",
        "a.next(b)\na.next(c)",
        "To use the state a second time, take a copy: a.copy('a again'). To decide between two ways, use a Choice; to go both,"
        " a Parallel.",
    ),
    Code(
        "PS711",
        "Something is to follow a state that nothing can follow",
        "Succeed and Fail end the execution, and after a Choice comes what its arms say. So there is no open end to add to.",
        "sf.Chain.start(choice).next(report)",
        "For a Choice: choice.afterwards().next(report). Otherwise put the ending state last.",
    ),
    Code(
        "PS712",
        "A state that stands in two places",
        "A state belongs to one States object: to the machine itself, to one branch or to one processor. Transitions cannot"
        " cross from one to the other.",
        "parallel.branch(notify)\nparallel.branch(other.next(notify))",
        "Use a copy in one of the two places: notify.copy('notify again').",
    ),
    Code(
        "PS713",
        "Two states have one name",
        "State names are unique in the whole machine, branches and processors included.",
        "sf.Pass('Done') >> sf.Pass('Done')",
        "Give one another id or a state_name. The states of a fragment that is used twice get a prefix: prefix_states().",
    ),
    Code(
        "PS714",
        "A place that is taken already",
        "A Choice has one way otherwise, and a Map one processor.",
        "choice.otherwise(a).otherwise(b)",
        "Leave one of them out, or chain the two.",
    ),
    Code(
        "PS715",
        "A state that lacks what it is for",
        "A Choice needs an arm, a Parallel a branch, a Map a processor.",
        "sf.Map('each order', items_path='$.orders')",
        "Add it: .when(…), .branch(…), .item_processor(…).",
    ),
    Code(
        "PS716",
        "Something that does not stand in a workflow",
        "Where a state, a chain or a fragment is asked for, something else was given.",
        "a.next('b')",
        "Give the object: a.next(b).",
    ),
    # Arguments.
    Code(
        "PS720",
        "An argument with a value that does not fit",
        "The value has the wrong type, lies outside what Step Functions accepts, or excludes another argument.",
        "sf.Wait('later', time=30)",
        "Give what the message asks for: time=sf.WaitTime.duration(sf.Duration.seconds(30)).",
    ),
    Code(
        "PS721",
        "An argument that there is not",
        "The state has no argument of that name, so what was meant would be lost.",
        "sf.Pass('a', resultpath='$.a')",
        "Use one of the names in the message.",
    ),
    Code(
        "PS722",
        "An argument is missing",
        "Without it the state cannot be made.",
        "sf.S3CsvItemReader(key='orders.csv')",
        "Add it.",
    ),
    Code(
        "PS723",
        "A reference is used as if its value were known",
        "JsonPath.string_at and its like stand for a value that the machine reads while it runs. Glued into a text, compared"
        " or counted here, the path itself would be used.",
        "f\"order {sf.JsonPath.string_at('$.id')}\"",
        "Let the machine do it: sf.JsonPath.format('order {}', sf.JsonPath.string_at('$.id')).",
    ),
    Code(
        "PS724",
        "A reference in a list that cannot hold it",
        "JSONPath has references only behind keys. A list of texts, numbers and references becomes States.Array(…), which needs"
        " a key and cannot hold objects.",
        "{'steps': [{'id': 1}, sf.JsonPath.object_at('$.step')]}",
        "Make the list in the task before, or use JSONata, where lists take expressions.",
    ),
    Code(
        "PS725",
        "The two query languages are mixed",
        "A state is JSONPath or JSONata. result_path, parameters and paths are JSONPath's; outputs, arguments and {% … %} are"
        " JSONata's.",
        "sf.Pass.jsonata('a', result_path='$.a')",
        "Use the argument of the state's own language, as the message says, or give the state the other query_language.",
    ),
    Code(
        "PS726",
        "States.ALL stands with other errors",
        "States.ALL is every error already, so Step Functions wants it alone and last.",
        "task.add_catch(handler, errors=['States.ALL', 'States.Timeout'])",
        "errors=[sf.Errors.ALL]; what is handled otherwise gets an add_catch of its own. (Which is said first does not matter.)",
    ),
    Code(
        "PS727",
        "An integration pattern that the service does not offer",
        "Not every service can be waited for, and not every one sends task tokens back.",
        "tasks.SqsSendMessage('send', …, integration_pattern=sf.IntegrationPattern.RUN_JOB)",
        "Use one of the patterns in the message.",
    ),
    Code(
        "PS728",
        "The task token is given to nobody",
        "A task with WAIT_FOR_TASK_TOKEN ends when somebody sends its token back. Nobody can who does not get it.",
        "tasks.LambdaInvoke('ask', lambda_function='ask', integration_pattern=sf.IntegrationPattern.WAIT_FOR_TASK_TOKEN)",
        "Put JsonPath.task_token ('{% $states.context.Task.Token %}' in JSONata) into the payload.",
    ),
    # Services.
    Code(
        "PS730",
        "A service, an action or a parameter that AWS does not have",
        "The name is not in botocore's model of the service, so the call would fail when the machine runs.",
        "tasks.CallAwsService('get', service='s3', action='getObjct', parameters={…}, iam_resources=['*'])",
        "Use the name in the message. Newer services need a newer botocore.",
    ),
    Code(
        "PS731",
        "A parameter that the service requires is missing",
        "The service refuses the call without it.",
        "aws.s3.get_object('get', Bucket='orders')",
        "Add the parameter.",
    ),
    # Traps.
    Code(
        "PS740",
        "A state reads what an earlier result has overwritten",
        "Without result_path, the result of a task takes the place of the whole data. A later state reads a key that was"
        " there before, and that the result does not have: it would fail with States.Runtime.",
        "tasks.LambdaInvoke('price', lambda_function='price')  # and then a state that reads $.order",
        "Give the task result_path='$.price', or result_path=sf.JsonPath.DISCARD if its result is not needed.",
    ),
    Code(
        "PS741",
        "A state reads what an earlier result may have overwritten",
        "Without result_path, the result of a task takes the place of the whole data. A later state reads a key that was"
        " there before. Unless the task returns that key as well, it is gone.",
        "tasks.LambdaInvoke('price', lambda_function='price', output_path='$.Payload')  # then a state that reads $.order",
        "Give the task result_path='$.price'. If the task does return the key, ignore the code for this machine.",
        _WARNING,
    ),
    Code(
        "PS742",
        "An error is handled, and the execution counts as SUCCEEDED",
        "The states that an error leads to end without Fail, so an execution that went wrong looks like one that went well.",
        "task.add_catch(notify)",
        "End the handler with a Fail: task.add_catch(notify.next(failed)). If success is meant, say so with a Succeed.",
        _WARNING,
    ),
    Code(
        "PS743",
        "An arm of a Choice dangles",
        "The other arms come together again and go on; this one ends the execution, and no Succeed or Fail says that this is"
        " meant.",
        "choice.when(is_new, create).when(is_old, update).otherwise(skip); create.next(report); update.next(report)",
        "Let the arm go on as well: skip.next(report), or choice.afterwards().next(report). If the end is meant, add a Succeed.",
        _WARNING,
    ),
    Code(
        "PS744",
        "An arm is added after the arms were joined",
        "`afterwards()` joins the arms that are there when it is called. One that is added later ends the execution.",
        "choice.afterwards().next(report)\nchoice.when(late, other)",
        "Call afterwards() when all arms are there.",
        _WARNING,
    ),
    Code(
        "PS745",
        "A Choice without a way otherwise",
        "Where no condition holds, the execution fails with States.NoChoiceMatched.",
        "sf.Choice('kind').when(sf.Condition.string_equals('$.kind', 'a'), a)",
        "Add .otherwise(…): a Fail with an error that says what was unexpected, or the way on.",
        _WARNING,
    ),
    Code(
        "PS746",
        "A state that no machine uses",
        "The state was made, and nothing leads to it.",
        "late = sf.Pass('late')  # and nothing more",
        "Chain it, or remove it.",
        _WARNING,
    ),
)

CATALOGUE: Final[dict[str, Code]] = {entry.code: entry for entry in _ENTRIES}
"""Every code of this front end by its name."""
