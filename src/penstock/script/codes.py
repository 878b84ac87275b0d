"""Every problem the script front end can report: one entry a code, with what it means, an example and what to write.

`penstock explain PSnnn` and the documentation's pages are made from this table, so an entry is complete or the tests fail.
"""

from __future__ import annotations

from typing import Final

from penstock.diagnostics import Severity
from penstock.diagnostics.catalogue import Code

_WARNING = Severity.WARNING

_ENTRIES = (
    # Reading the file.
    Code(
        "PS001",
        "The file is not UTF-8 text",
        "A script is a Python source file in UTF-8. This file holds bytes that are not text, so there is nothing to read.",
        "\\x80\\x81 (a compiled file, an image, a file in another encoding)",
        "Save the file as UTF-8, or give the path of the script and not of a compiled file.",
    ),
    Code(
        "PS002",
        "The file holds a null character",
        "Python source cannot contain the character NUL. It usually means that the file is binary or was cut short by a crash.",
        "def main(data):\n    Foo()\\0",
        "Remove the character, or restore the file.",
    ),
    Code(
        "PS003",
        "The file is too long",
        "A script may have 1,000,000 characters. A machine compiled from more than that would not fit AWS's limit of 1 MiB.",
        "a script of 5 MB",
        "Move task code into a package and import it in the run methods; split the workflow into several scripts.",
    ),
    Code(
        "PS004",
        "The code is nested too deeply",
        "Brackets, blocks or expressions nest deeper than 100 levels, which no reader and few parsers can follow.",
        "data['x'] = [[[[ ... ]]]]",
        "Name the inner parts: a module constant for a value, a function for a block.",
    ),
    Code(
        "PS005",
        "The file is not valid Python",
        "A script must parse as Python before it can be compiled; the message is Python's own.",
        "def main(data)\n    Foo()",
        "Correct the line that the message points at.",
    ),
    Code(
        "PS006",
        "The file defines no state machine",
        "A script needs at least one function at module level: its body becomes the state machine. `main` is the default one.",
        "X = 1",
        "Add `def main(data):` with the steps of the workflow in its body.",
    ),
    # Module level.
    Code(
        "PS101",
        "A statement that has no meaning at module level",
        "A script is read, not run. At module level it holds imports, constants, Task and EventProcessor classes, exception"
        " classes and state machine functions; anything else would be ignored, and nothing is ignored silently.",
        "print('hello')",
        "Move the statement into a task's run method, or remove it.",
    ),
    Code(
        "PS102",
        "A name is defined twice",
        "Two definitions of one name at module level: the second would silently replace the first.",
        "class Foo(Task): ...\nclass Foo(Task): ...",
        "Rename one of them.",
    ),
    Code(
        "PS103",
        "A class that is neither a task, an event processor nor an exception",
        "Only classes that inherit from Task, EventProcessor or an exception mean something in a script.",
        "class Helper:\n    pass",
        "Write `class Helper(Task):` if it is a step; move other classes into a package and import it in a run method.",
    ),
    Code(
        "PS104",
        "A state machine function is `async`",
        "The body of a state machine function is compiled, never awaited, so `async def` would promise something else.",
        "async def main(data):\n    Foo()",
        "Write `def main(data):`. Only a task's run method is `async def`.",
    ),
    Code(
        "PS105",
        "A state machine function takes one argument: its input",
        "A machine has one input document, so its function has at most one plain parameter.",
        "def main(data, limit=3):\n    Foo()",
        "Write `def main(data):` and read everything from `data`.",
    ),
    Code(
        "PS106",
        "An unknown Task attribute",
        "The attribute is not one that a Task class has, so setting it would do nothing.",
        "class Foo(Task):\n    timeot = 60",
        "Use one of service, timeout, cpu, memory, concurrency, heartbeat_interval, autoscaling_min, autoscaling_max, spec, build_spec.",
    ),
    Code(
        "PS107",
        "A Task attribute has an impossible value",
        "The value has the wrong type or lies outside what the service accepts.",
        "class Foo(Task):\n    concurrency = 500",
        "Give a constant of the type and range that the message names.",
    ),
    Code(
        "PS108",
        "A Task class holds something other than attributes and `run`",
        "Only constants and one `async def run(event, context)` belong in a Task class; other methods would not be deployed.",
        "class Foo(Task):\n    def helper(self): ...",
        "Move the helper into the run method or into a package that the run method imports.",
    ),
    Code(
        "PS109",
        "The run method has the wrong form",
        "A task's code is `async def run(event, context)`: the runtime awaits it with exactly these two arguments.",
        "class Foo(Task):\n    def run(event, context):\n        return 1",
        "Write `async def run(event, context):`.",
    ),
    Code(
        "PS110",
        "Task attributes that do not go together",
        "Each value is possible alone, but the service refuses the combination.",
        "class Foo(Task):\n    service = 'ecs'\n    cpu = 4096\n    memory = 512",
        "Change one of the two as the message says.",
    ),
    Code(
        "PS111",
        "A worker without `spec`",
        "An ecs:worker task runs the class that `spec` names (`package.module:Class`). Without it nothing can be deployed.",
        "class W(Task):\n    service = 'ecs:worker'",
        'Add `spec = "package.module:Class"`.',
        _WARNING,
    ),
    Code(
        "PS112",
        "An unknown decorator",
        "State machine functions take schedule, subscribe, export and process_events.",
        "@scheduled(expression='rate(1 hour)')\ndef main(data):\n    pass",
        "Use one of the four decorators.",
    ),
    Code(
        "PS113",
        "A decorator is written wrongly",
        'A decorator is called with keyword arguments that it knows: `@export()`, `@schedule(expression="rate(1 hour)")`.',
        "@export\ndef main(data):\n    pass",
        "Add the parentheses, and name each argument.",
    ),
    Code(
        "PS114",
        "A decorator argument has an impossible value",
        "The value is missing, has the wrong type, or is not one that the service accepts.",
        "@schedule(expression='every hour')\ndef main(data):\n    pass",
        "Give a constant as the message says, for instance `rate(1 hour)` or `cron(0 12 * * ? *)`.",
    ),
    Code(
        "PS115",
        "A decorator stands more than once",
        "A machine has one schedule, one export and one event processor; only subscribe may be repeated.",
        "@export()\n@export()\ndef main(data):\n    pass",
        "Keep one of them.",
    ),
    Code(
        "PS116",
        "An event processor method has the wrong form",
        "An EventProcessor has methods `async def get_custom_tags_<event type>(message, input_data, state_data_client)`.",
        "class P(EventProcessor):\n    async def tags(message): ...",
        "Rename the method, make it async, and give it exactly these three arguments.",
    ),
    Code(
        "PS117",
        "A module name is not a constant",
        "A value used in a machine must be known when the script is compiled; this name is computed when Python runs.",
        "import os\nREGION = os.environ['REGION']\ndef main(data):\n    data['r'] = REGION",
        "Write the value out, pass it in the input, or compute it in a task.",
    ),
    Code(
        "PS118",
        "A deprecated service",
        "lambda:pexpm-runner downloads a PEX file at every start; Lambda container images replaced it.",
        "class Foo(Task):\n    service = 'lambda:pexpm-runner'",
        'Use `service = "lambda:container"`.',
        _WARNING,
    ),
    # Statements.
    Code(
        "PS201",
        "A statement that a state machine cannot have",
        "The body of a state machine function describes states. This statement has no state that does what the Python says.",
        "def main(data):\n    import os",
        "Do it in a task's run method.",
    ),
    Code(
        "PS202",
        "Not in this version yet",
        "The construct needs a loop or a JSONata expression, which this version of Penstock does not compile yet. It is refused"
        " and not approximated: JSONPath cannot say it exactly.",
        "def main(data):\n    for x in data['items']:\n        Foo(x)",
        "Use `map` over a function for a loop, and a task for a computation.",
    ),
    Code(
        "PS203",
        "The whole input is replaced",
        "Assigning to the name `data` would throw away the input and everything stored in it.",
        "def main(data):\n    data = Foo()",
        'Store the result under a key: `data["foo"] = Foo()`.',
    ),
    Code(
        "PS204",
        "The target cannot be assigned",
        "A value can be stored under a key of `data` or in a workflow variable; one target a statement.",
        "def main(data):\n    a = b = 1",
        "Write one assignment for each target.",
    ),
    Code(
        "PS205",
        "Code that is never reached",
        "Every way through the statements before it ends the machine, so this statement is left out.",
        "def main(data):\n    return\n    Foo()",
        "Remove it, or move it before the statement that ends the machine.",
        _WARNING,
    ),
    Code(
        "PS206",
        "A reserved key",
        "The key `__trace` belongs to the tracing of older projects and may not be written.",
        "def main(data):\n    data['__trace'] = Foo()",
        "Choose another key.",
    ),
    Code(
        "PS207",
        "An expression without effect",
        "The expression is neither a task, nor a call that a state machine knows, so it would do nothing.",
        "def main(data):\n    Foo",
        "Call it: `Foo()`.",
    ),
    Code(
        "PS208",
        "A variable crosses the edge of a retried block",
        "A block under `with retry` becomes a branch of its own: a variable set inside it does not exist outside, and one set"
        " outside cannot be changed inside (a rule of the States Language).",
        "def main(data):\n    with retry():\n        x = Foo()\n        Bar()\n    data['x'] = x",
        'Store the value in `data` inside the block: `data["x"] = Foo()`.',
    ),
    Code(
        "PS209",
        "A `return` that does not fit here",
        "Either the function's result is used and some way through it returns nothing, or a `return` would leave a retried block.",
        "def helper(data):\n    if data['a'] == 1:\n        return 1\n    Foo()\n\ndef main(data):\n    data['r'] = helper(data['x'])",
        "End every way with `return value`; put the `return` after the `with retry` block.",
    ),
    # Names and expressions.
    Code(
        "PS301",
        "An unknown name",
        "Nothing of this name is defined in the script, and it is not a word of the language.",
        "def main(data):\n    Unknown()",
        "Define a task, function or constant of that name, or correct the spelling.",
    ),
    Code(
        "PS302",
        "Not a value that a machine can compute",
        "The expression cannot be written in the States Language, or has no value at all.",
        "def main(data):\n    data['x'] = lambda: 1",
        "Compute it in a task, or write it as a constant.",
    ),
    Code(
        "PS303",
        "Wrong arguments",
        "The call has too many, too few or misplaced positional arguments; none of them may be dropped.",
        "def main(data):\n    map(data['items'])",
        "Give the arguments that the message lists.",
    ),
    Code(
        "PS304",
        "An unknown keyword argument",
        "The call does not know this keyword.",
        "def main(data):\n    wait(second=10)",
        "Use one of the keywords that the message lists.",
    ),
    Code(
        "PS305",
        "An argument has an impossible value",
        "The value has the wrong type or lies outside what the States Language accepts.",
        "def main(data):\n    wait(seconds=-1)",
        "Give a value as the message says.",
    ),
    Code(
        "PS306",
        "An unknown method",
        "On `data` and its parts a state machine knows `update` and, as a value, `get`.",
        "def main(data):\n    data.clear()",
        "Assign to keys, or do it in a task.",
    ),
    Code(
        "PS307",
        "An unknown part of the context",
        "`context` is the States Language's context object: execution, state, state_machine, task and map.",
        "def main(data):\n    data['x'] = context.execution.nam",
        "Use a name that the message lists, for instance `context.execution.name`.",
    ),
    Code(
        "PS308",
        "A value that JSON cannot hold",
        "What travels between states is JSON: no bytes, sets, infinities, and only text as keys.",
        "def main(data):\n    data['x'] = b'raw'",
        "Write a JSON value: text, number, true or false, None, list, dict.",
    ),
    Code(
        "PS309",
        "A payload that JSONPath cannot build",
        "The States Language marks computed fields by a `.$` at the end of their names, so such a key cannot be data as well;"
        " and a list cannot mix references with dicts that hold references.",
        "def main(data):\n    Foo({'a.$': data['x']})",
        "Rename the key, or build the value in a task.",
    ),
    # Conditions.
    Code(
        "PS401",
        "A test of unknown type",
        "Python asks whether a value is true or empty; the States Language compares typed values and has no such test.",
        "def main(data):\n    if data['foo']:\n        Foo()",
        'Say what is meant: `bool(data["foo"])` for a boolean, `data["foo"] != ""`, `data["foo"] > 0`, `"foo" in data`.',
    ),
    Code(
        "PS402",
        "A comparison of unknown type",
        "The States Language compares text with text and numbers with numbers by different operators, and nothing here says which.",
        "def main(data):\n    if data['a'] < data['b']:\n        Foo()",
        'Cast one side: `int(data["a"]) < data["b"]`, `str(...)`, `timestamp(...)`.',
    ),
    Code(
        "PS403",
        "Two types that never compare",
        "One side is cast to a type that the other side does not have, so Python would always say no or fail.",
        "def main(data):\n    if int(data['a']) == 'x':\n        Foo()",
        "Cast to the type of the other side, or compare with a value of that type.",
    ),
    Code(
        "PS404",
        "An operator that these values do not have",
        "The States Language has no such comparison for values of this type.",
        "def main(data):\n    if data['a'] < True:\n        Foo()",
        "Use an operator that the message names.",
    ),
    Code(
        "PS405",
        "A test that is always the same",
        "Nothing in the test depends on the input, so one of its arms can never run.",
        "def main(data):\n    if True:\n        Foo()",
        "Remove the test, or compare a part of `data`.",
    ),
    Code(
        "PS406",
        "A pattern that cannot be matched yet",
        "`match` compares with constants: numbers, text, True, False, None, alternatives with `|`, and `_`. A bare name in a"
        " pattern would capture the value in Python, not compare with it.",
        "def main(data):\n    match data['a']:\n        case LIMIT:\n            Foo()",
        'Write the constant out, or use `if data["a"] == LIMIT`.',
    ),
    # Errors and blocks.
    Code(
        "PS501",
        "Not an exception that can be named",
        "Errors are matched by name in the States Language: a class name, or `States.Timeout` and its like.",
        "try:\n    Foo()\nexcept a.b.C:\n    pass",
        "Write the class name alone, or a tuple of class names.",
    ),
    Code(
        "PS502",
        "An unknown States error",
        "Names that begin with `States.` belong to the States Language, and it has none of this name.",
        "try:\n    Foo()\nexcept States.Bogus:\n    pass",
        "Use one of the names that the message lists.",
    ),
    Code(
        "PS503",
        "A handler that never runs",
        "No state in the `try` block can raise what the handler names, or an earlier handler takes it first. It is left out.",
        "try:\n    data['x'] = 1\nexcept KeyError:\n    Foo()",
        "Remove the handler, or put it before the one that takes everything.",
        _WARNING,
    ),
    Code(
        "PS504",
        "A `raise` that cannot be compiled",
        "A Fail state needs the name of the error and a cause that is text; a bare `raise` needs a handler around it.",
        "def main(data):\n    raise E(123)",
        'Write `raise Wrong("cause")`, `raise Wrong(data["why"])` or, in a handler, `raise`.',
    ),
    Code(
        "PS505",
        "Nothing here can be retried",
        "Only tasks, maps and parallels can fail, and this block has none.",
        "with retry():\n    wait(seconds=1)",
        "Remove `with retry`, or put a task into the block.",
    ),
    Code(
        "PS506",
        "A timeout around more than one task",
        "The States Language times out a single task; no state limits the time of a whole block.",
        "with timeout(seconds=60):\n    Foo()\n    Bar()",
        "Give each task its own `timeout=`, or move the block into a machine and start it: `helper.start(data, timeout=60)`.",
    ),
    Code(
        "PS507",
        "An unknown context manager",
        "A state machine knows `with retry(...)` and `with timeout(...)`.",
        "with open('x'):\n    Foo()",
        "Use one of the two; open files in a task.",
    ),
    # Names of states and machines.
    Code(
        "PS601",
        "Two states have one key",
        "State names are unique in a whole machine, its branches and iterations included.",
        "def main(data):\n    Foo(key='a')\n    Bar(key='a')",
        "Give each its own key.",
    ),
    Code(
        "PS602",
        "A key that cannot name a state",
        "A state's name has 1 to 80 characters and no control characters.",
        "def main(data):\n    Foo(key='')",
        "Give a shorter text.",
    ),
    Code(
        "PS603",
        "A machine that contains itself",
        "A function that is called is put in place of the call, and a branch or an iteration is part of the machine, so none of"
        " them can contain the machine it stands in.",
        "def main(data):\n    main(data['child'])",
        'Start it as an execution of its own: `main.start(data["child"])`.',
    ),
    Code(
        "PS604",
        "The machine grows too large",
        "Functions put in place of their calls and `finally` blocks repeated on every way out made more than 10,000 states.",
        "a function that calls another twice, which calls another twice, and so on",
        "Start some of the functions as executions: `helper.start(data)`.",
    ),
)

CATALOGUE: Final[dict[str, Code]] = {entry.code: entry for entry in _ENTRIES}
"""Every `PS` code by its name."""
