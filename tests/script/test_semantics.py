# ruff: noqa: E501
"""What programs do when they run, one table row a behaviour: script, input, answers of the tasks, outcome.

An outcome is the output, or (error, cause).
"""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from tests.script.scripts import Answers, Raises, Result, compiled, execute, outcome

BOOM = Raises("Boom", "c")
ERROR = {"Error": "Boom", "Cause": "c"}


def main(body: str) -> str:
    return "def main(data):\n" + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ") + "\n"


VALUES: list[tuple[str, Any, Any]] = [
    ('data["x"] = data["a"]', {"a": [1]}, {"a": [1], "x": [1]}),
    ('data["x"] = data["a"]["b"][1]', {"a": {"b": [1, 2]}}, {"a": {"b": [1, 2]}, "x": 2}),
    ('data["x"] = data.a.b', {"a": {"b": 1}}, {"a": {"b": 1}, "x": 1}),
    ('data["it\'s"] = data["a b"]', {"a b": 1}, {"a b": 1, "it's": 1}),
    ("data['q\"x'] = data['q\"y']", {'q"y': 1}, {'q"y': 1, 'q"x': 1}),
    ('data["x"] = -5.5', {}, {"x": -5.5}),
    ('data["x"] = (1, [None, True], {"k": "v"})', {}, {"x": [1, [None, True], {"k": "v"}]}),
    ('data["x"] = {"c": {"a.$": "$.no"}, "r": data["a"]}', {"a": 1}, {"a": 1, "x": {"c": {"a.$": "$.no"}, "r": 1}}),
    ('data["x"] = [data["a"], True, None, "it\'s {}", 1.5, 1e-9, [data["a"]], {"k": [1]}]', {"a": {"b": 2}},
     {"a": {"b": 2}, "x": [{"b": 2}, True, None, "it's {}", 1.5, 1e-9, [{"b": 2}], {"k": [1]}]}),
    ('data["x"] = [{"k": data["a"]}, {"l": 1}]', {"a": 1}, {"a": 1, "x": [{"k": 1}, {"l": 1}]}),
    ('data["x"] = f"{data[\'a\']} \'{{}}\' \\\\ {data[\'b\'][\'c\']}"', {"a": 1, "b": {"c": "z"}}, {"a": 1, "b": {"c": "z"}, "x": "1 '{}' \\ z"}),
    ('data["x"] = f"{LIMIT}-{RATE}"', {}, {"x": "36-0.5"}),
    ('data["x"] = LIMIT * 2 - 1', {}, {"x": 71}),
    ('data["x"] = NAMES[1]', {}, {"x": "b"}),
    ('data["x"] = 1 if data["a"] > LIMIT else 0', {"a": 40}, {"a": 40, "x": 1}),
    ('data["x"] = data["a"] == 1 or data["b"] == 1', {"a": 2, "b": 1}, {"a": 2, "b": 1, "x": True}),
    ('data["x"] = not bool(data["a"])', {"a": True}, {"a": True, "x": False}),
    ('data["x"] = data.get("y")', {}, {"x": None}),
    ('data["x"] = data.get("y", {"d": 1})', {"y": 0}, {"y": 0, "x": 0}),
    ('data["x"] = {"v": data["a"].get("y", 3), "w": [1 if data["a"]["z"] == 1 else 2]}', {"a": {"z": 1}}, {"a": {"z": 1}, "x": {"v": 3, "w": [1]}}),
    ('x = data["a"]\ndata["a"] = 2\ndata["b"] = x', {"a": 1}, {"a": 2, "b": 1}),
    ('x = 1\nx += 2\nx = x - 5\ndata["n"] = x', {}, {"n": -2}),
    ('x = {"k": [data["a"]]}\ndata["b"] = x["k"][0]', {"a": 1}, {"a": 1, "b": 1}),
    ('x: int = 1\ndata["b"]: int = x', {}, {"b": 1}),
    ('x = f"{data[\'a\']}!"\nif x == "1!":\n    data["ok"] = True', {"a": 1}, {"a": 1, "ok": True}),
    ('ok = data["a"] > 1\nif ok and not ok:\n    raise Boom()\nif ok:\n    data["b"] = 1', {"a": 2}, {"a": 2, "b": 1}),
    ('ok = data["a"] > 1\ndata["x"] = ok and data["a"] < 9\ndata["y"] = not ok or ok', {"a": 2}, {"a": 2, "x": True, "y": True}),
    ('s = "t"\nif s:\n    data["b"] = 1', {}, {"b": 1}),
    ('n = 0\nif n:\n    data["b"] = 1', {}, {}),
    ('data.update({"a": data["b"], "b": data["a"], "c": 1})', {"a": 1, "b": 2}, {"a": 2, "b": 1, "c": 1}),
    ('data.update({})', {"a": 1}, {"a": 1}),
    ('data.update({"a": {"b": 1}}, c=data["x"])', {"x": 9}, {"x": 9, "a": {"b": 1}, "c": 9}),
    ('data.update(data["x"])', {"x": {"y": 1, "x": 2}}, {"x": 2, "y": 1}),
    ('data["a"]["b"].update({"x": 1, "y": data["z"]})', {"a": {"b": {"x": 0, "w": 0}}, "z": 2}, {"a": {"b": {"x": 1, "w": 0, "y": 2}}, "z": 2}),
    ('data["a"]["b"] = 1', {"a": {"c": 0}}, {"a": {"c": 0, "b": 1}}),
    ('data["a"]["b"] = data["c"]', {"c": 0}, "States.Runtime"),
    ('data["a"]["b"] = 1', {}, "States.Runtime"),
    ('data["x"] = data["a"]', {}, "States.Runtime"),
    ('data["x"] = context["Execution"]["Input"]["a"]', {"a": 1}, {"a": 1, "x": 1}),
    ('data["x"] = context.state.name', {}, {"x": "data.x = …"}),
    ('"a note"\ndata["x"] = 1\n...\npass', {}, {"x": 1}),
]  # fmt: skip

TESTS: list[tuple[str, Any, bool]] = [
    ('data["a"] == 1', {"a": 1}, True),
    ('data["a"] == 1', {"a": "1"}, False),
    ('data["a"] != 1', {"a": "1"}, True),
    ('1 <= data["a"]', {"a": 1}, True),
    ('-1 < data["a"] < 2 <= data["b"]', {"a": 1, "b": 2}, True),
    ('data["a"] >= LIMIT', {"a": 36}, True),
    ('data["a"] == "é\'"', {"a": "é'"}, True),
    ('data["a"] < "b"', {"a": "a"}, True),
    ('data["a"] is None', {"a": None}, True),
    ('data["a"] != None', {"a": None}, False),
    ('data["a"] is True', {"a": True}, True),
    ('data["a"] is not False', {"a": False}, False),
    ('bool(data["a"])', {"a": False}, False),
    ('int(data["a"]) < data["b"]', {"a": 1, "b": 2}, True),
    ('data["a"] == str(data["b"])', {"a": "x", "b": "x"}, True),
    ('timestamp(data["a"]) < "2030-01-01T00:00:00Z"', {"a": "2029-12-31T23:30:00-01:00"}, False),
    ('timestamp(data["a"]) >= timestamp(data["b"])', {"a": "2030-01-01T01:00:00+01:00", "b": "2030-01-01T00:00:00Z"}, True),
    ('"k" in data', {"k": None}, True),
    ('"k" not in data', {}, True),
    ('"k" in dict(data["a"])', {"a": {"k": 1}}, True),
    ('"k" in data["a"] and data["a"]["k"] == 2', {"a": {}}, False),
    ('data["a"] in ("x", "y", None, 3)', {"a": None}, True),
    ('data["a"] not in ["x"]', {"a": "x"}, False),
    ('data["a"] in {"x": 1}', {"a": "x"}, True),
    ('data.get("a") == 1', {}, False),
    ('data.get("a") != 1', {}, True),
    ('data.get("a", 1) == 1', {}, True),
    ('data.get("a", 5) > 3', {"a": 2}, False),
    ('not (3 < data.get("a", 5))', {}, False),
    ('data["b"].get("a") is None', {"b": {}}, True),
    ('data.get("a") in ["x", None]', {}, True),
    ('bool(data.get("a"))', {}, False),
    ('"a" in data and data["a"] == 1 or data["b"] == 1', {"b": 1}, True),
    ('context.state_machine.name == "x"', {}, False),
    ('context.map.item.index == 0 if False else data["a"] == 1', {"a": 1}, True),
]  # fmt: skip

CONSTANTS = 'LIMIT = 6 * 6\nRATE = 1 / 2\nNAMES = ["a", "b"]\n\n\n'


@pytest.mark.parametrize(("body", "given", "wanted"), VALUES)
def test_value(body: str, given: Any, wanted: Any) -> None:
    got = outcome(CONSTANTS + main(body), given)
    assert (got[0] if isinstance(wanted, str) else got) == wanted


@pytest.mark.parametrize(("test", "given", "wanted"), TESTS[:-1])
def test_test(test: str, given: Any, wanted: bool) -> None:
    body = f'if {test}:\n    data = 1\nreturn "no"'.replace("data = 1", 'return "yes"')
    assert outcome(CONSTANTS + main(body), given) == ("yes" if wanted else "no")


def test_a_missing_key_in_a_nested_dict_fails_as_python_does() -> None:
    assert outcome(main('if "k" in dict(data["a"]):\n    pass\nreturn 1'), {})[0] == "States.Runtime"
    assert outcome(main('if data["a"].get("k") is None:\n    pass\nreturn 1'), {})[0] == "States.Runtime"


FLOW: list[tuple[str, dict[str, Any], Any]] = [
    # try
    ("try:\n    data['a'] = 1\n    Foo()\n    data['b'] = 1\nexcept Boom as e:\n    return [data['a'], e['Error']]", {"Foo": BOOM}, [1, "Boom"]),
    ("try:\n    Foo()\nexcept Boom:\n    pass\nreturn data['error']", {"Foo": BOOM}, ERROR),
    ("try:\n    Foo()\nexcept Other:\n    return 1", {"Foo": BOOM}, ("Boom", "c")),
    ("try:\n    Foo()\nexcept Exception:\n    return 1", {"Foo": BOOM}, 1),
    ("try:\n    Foo()\nexcept:\n    return 1", {"Foo": Raises("States.Timeout", "")}, 1),
    ("try:\n    Foo()\nexcept LookupError:\n    return 1", {"Foo": Raises("KeyError")}, 1),
    ("try:\n    Foo()\nexcept OSError:\n    return 1", {"Foo": Raises("ConnectionResetError")}, 1),
    ("try:\n    Foo()\nexcept Family:\n    return 1", {"Foo": Raises("Child")}, 1),
    ("try:\n    Foo()\nexcept KeyError:\n    return 1\nexcept LookupError:\n    return 2", {"Foo": Raises("IndexError")}, 2),
    ("try:\n    Foo()\nexcept (KeyError, Lambda.Unknown) as e:\n    return e['Error']", {"Foo": Raises("Lambda.Unknown")}, "Lambda.Unknown"),
    ("with retry(on_exceptions=[Lambda.Unknown]):\n    return Foo()", {"Foo": [Raises("Lambda.Unknown"), Result(7)]}, 7),
    ("try:\n    Foo()\nexcept States.TaskFailed:\n    return 1", {"Foo": BOOM}, 1),
    ("try:\n    Foo()\nexcept Boom:\n    Bar()\nelse:\n    Bar()\n    data['e'] = 1\nreturn data['e']", {}, 1),
    ("try:\n    Foo()\nexcept Boom:\n    return 'caught'\nelse:\n    Bar()", {"Bar": BOOM}, ("Boom", "c")),
    ("try:\n    Foo()\nexcept Boom:\n    return 'caught'\nelse:\n    raise Boom('c')", {}, ("Boom", "c")),
    ("try:\n    Foo()\nexcept Boom:\n    Bar()\nfinally:\n    data['f'] = 1\nreturn data['f']", {}, 1),
    ("try:\n    Foo()\nfinally:\n    Bar({'n': 1})", {"Foo": BOOM}, ("Boom", "c")),
    ("try:\n    Foo()\nfinally:\n    data['error'] = 'mine'", {"Foo": BOOM}, ("Boom", "c")),
    ("try:\n    Foo()\nexcept Boom:\n    Bar()\nfinally:\n    Baz()", {"Foo": BOOM, "Bar": Raises("Other", "d")}, ("Other", "d")),
    ("try:\n    Foo()\nfinally:\n    raise Other('o')", {"Foo": BOOM}, ("Other", "o")),
    ("try:\n    return 1\nfinally:\n    data['x'] = 1", {}, 1),
    ("try:\n    return\nfinally:\n    data['f'] = 1", {}, {"a": "in", "l": [1, 2], "f": 1}),
    ("try:\n    return data\nfinally:\n    data['f'] = 1", {}, {"a": "in", "l": [1, 2], "f": 1}),
    ("x = 1\ntry:\n    return x\nfinally:\n    x = 2", {}, 1),
    ("try:\n    return data['a']\nfinally:\n    data['a'] = 2", {}, "in"),
    ("try:\n    try:\n        return Foo()\n    finally:\n        data['i'] = 1\nfinally:\n    Bar(data['i'])", {"Foo": 5}, 5),
    ("try:\n    try:\n        Foo()\n    finally:\n        data['f'] = 1\nexcept Boom as e:\n    return [e['Cause'], data['f']]", {"Foo": BOOM}, ["c", 1]),
    ("try:\n    try:\n        Foo()\n    except Other:\n        return 1\nexcept Boom:\n    return 2", {"Foo": BOOM}, 2),
    ("try:\n    try:\n        Foo()\n    except Boom:\n        Bar()\nexcept Third as e:\n    return e", {"Foo": BOOM, "Bar": Raises("Third", "t")}, {"Error": "Third", "Cause": "t"}),
    ("try:\n    try:\n        Foo()\n    except Boom as e:\n        try:\n            Bar()\n        except Third:\n            raise e\nexcept Boom as e:\n    return e",
     {"Foo": BOOM, "Bar": Raises("Third", "t")}, ERROR),
    ("try:\n    try:\n        Foo()\n    except:\n        raise\nexcept (Other, Third):\n    return 1", {"Foo": BOOM}, ("Boom", "c")),
    ("try:\n    raise Boom(f\"{data['a']}!\")\nexcept Boom as e:\n    return e['Cause']", {}, "in!"),
    ("try:\n    raise Child('x')\nexcept Family as e:\n    return e['Error']", {}, "Child"),
    ("try:\n    assert data['a'] == 1, 'no'\nexcept AssertionError as e:\n    return e['Cause']", {}, "no"),
    ("try:\n    data['r'] = map(data['l'], Foo)\nexcept Boom as e:\n    return e['Error']", {"Foo": BOOM}, "Boom"),
    ("try:\n    parallel(Foo, Bar)\nexcept Boom as e:\n    return e['Error']", {"Bar": BOOM}, "Boom"),
    ("try:\n    Foo()\nexcept Boom as e:\n    data['error'] = 'mine'\n    return [e['Error'], data['error']]", {"Foo": BOOM}, ["Boom", "mine"]),
    # raise
    ("raise Boom", {}, ("Boom", "Boom")),
    ("raise Boom(data['a'])", {}, ("Boom", "in")),
    ("raise Boom(f\"{data['a']}?\") from None", {}, ("Boom", "in?")),
    ("raise Boom('x' if data['a'] == 'in' else 'y')", {}, ("Boom", "x")),
    # return
    ("return data", {}, {"a": "in", "l": [1, 2]}),
    ("return None", {}, {"a": "in", "l": [1, 2]}),
    ("return data['l'][1]", {}, 2),
    ("return {'k': data['a']}", {}, {"k": "in"}),
    ("return [data['a']]", {}, ["in"]),
    ("return f\"{data['a']}\"", {}, "in"),
    ("return data.get('z', 0)", {}, 0),
    ("return Foo(data['a'])", {"Foo": lambda event: [event]}, ["in"]),
    ("return map(data['l'], Foo)", {"Foo": lambda event: event + 1}, [2, 3]),
    ("return parallel(Foo, Bar)", {"Foo": 1, "Bar": 2}, [1, 2]),
    ("return Foo() if data['a'] == 'x' else 'no'", {}, "no"),
    # retry
    ("with retry():\n    return Foo()", {"Foo": [BOOM, BOOM, Result(7)]}, 7),
    ("with retry(on_exceptions=[Other]):\n    Foo()", {"Foo": [BOOM, Result(7)]}, ("Boom", "c")),
    ("with retry(on_exceptions=[Family], max_attempts=1):\n    return Foo()", {"Foo": [Raises("Child"), Result(7)]}, 7),
    ("with retry(max_attempts=1):\n    with retry(max_attempts=1):\n        data['n'] = Foo()\nreturn data['n']", {"Foo": [BOOM, BOOM, BOOM, Result(7)]}, 7),
    ("with retry():\n    data['n'] = Foo()\n    data['m'] = Bar()\nreturn [data['n'], data['m']]", {"Foo": [Result(1), Result(2)], "Bar": [BOOM, Result(3)]}, [2, 3]),
    ("with retry():\n    if data['a'] == 'in':\n        raise Boom('c')", {}, ("Boom", "c")),
    ("with retry():\n    try:\n        Foo()\n    except Boom:\n        data['h'] = 1\nreturn data['h']", {"Foo": [BOOM, Result(1)]}, 1),
    ("try:\n    with retry(max_attempts=1):\n        Foo()\nexcept Boom:\n    return 'gave up'", {"Foo": BOOM}, "gave up"),
    ("try:\n    with retry(max_attempts=1):\n        Foo()\n        Bar()\nexcept Boom as e:\n    return e", {"Bar": BOOM}, ERROR),
    ("with retry(), timeout(seconds=5):\n    return Foo()", {"Foo": [BOOM, Result(7)]}, 7),
    ("x = 5\nwith retry():\n    Foo()\n    data['x'] = x\nreturn data['x']", {}, 5),
    # functions in place of their calls
    ("data['r'] = double(data['sub'])\nreturn data", {}, {"a": "in", "l": [1, 2], "sub": {"n": 1, "twice": [1, 1]}, "r": [1, 1]}),
    ("double(data['sub'])\nreturn data['sub']", {}, {"n": 1, "twice": [1, 1]}),
    ("return double(data['sub'])", {}, [1, 1]),
    ("x = readonly({'n': data['a']}) if data['a'] == 'x' else 3\nreturn x", {}, 3),
    ("return readonly({'n': data['a']})", {}, {"got": "in"}),
    ("x = readonly(data['sub'])\nreturn x['got']", {}, 1),
    ("keeps(data['sub'])\nreturn data['sub']", {"Foo": BOOM}, {"n": 1, "error": ERROR, "why": "c"}),
    ("try:\n    fails(data)\nexcept Boom as e:\n    return e['Cause']", {}, "deep"),
    ("try:\n    data['r'] = early(data)\nfinally:\n    data['f'] = 1\nreturn data['r']", {}, "early"),
    # parallel and map
    ("a, b = parallel(Foo, readonly_whole)\nreturn [a, b]", {"Foo": 1}, [1, "in"]),
    ("data['x'], data['y'] = parallel(Foo, Bar)\nreturn [data['x'], data['y']]", {"Foo": 1, "Bar": 2}, [1, 2]),
    ("parallel(Foo, Bar)\nreturn data", {}, {"a": "in", "l": [1, 2]}),
    ("return map([1, data['a']], Foo)", {"Foo": lambda event: event}, [1, "in"]),
    ("return map(data['l'], indexed)", {}, [[0, 1], [1, 2]]),
    ("return map(data['l'], guarded)", {"Foo": Raises("Boom", "c")}, ["Boom", "Boom"]),
    ("map(data['l'], Foo, max_concurrency=1)\nreturn data", {}, {"a": "in", "l": [1, 2]}),
    # flow
    ("if data['a'] == 1:\n    pass\nelif data['a'] == 'in':\n    pass\nelse:\n    return 1\nreturn 2", {}, 2),
    ("wait(seconds=2592000)\nwait(timestamp='2020-01-01T00:00:00Z')\nwait(seconds=data['l'][0])\nreturn 1", {}, 1),
    ("return 1\nFoo()", {"Foo": BOOM}, 1),
    ("match data['a']:\n    case 'x' | 'in' if data['l'][0] == 2:\n        return 1\n    case 'in':\n        return 2\nreturn 3", {}, 2),
    ("match data['a']:\n    case 1:\n        return 1\nreturn 3", {}, 3),
    ("match data['a']:\n    case _:\n        return 4", {}, 4),
]  # fmt: skip

FUNCTIONS = """
class Family(Exception):
    pass

class Child(Family):
    pass

def double(data):
    data["twice"] = [data["n"], data["n"]]
    return data["twice"]

def readonly(thing):
    return {"got": thing["n"]}

def readonly_whole(data):
    return data["a"]

def keeps(part):
    try:
        Foo()
    except Boom:
        part["why"] = part["error"]["Cause"]

def fails(data):
    raise Boom("deep")

def early(data):
    if data["a"] == "in":
        return "early"
    Foo()
    return "late"

def indexed(data):
    return [data["context_index"], data["context_value"]]

def guarded(item):
    try:
        Foo(item)
    except Boom as e:
        return e["Error"]

"""


@pytest.mark.parametrize(("body", "answers", "wanted"), FLOW)
def test_flow(body: str, answers: dict[str, Any], wanted: Any) -> None:
    given: dict[str, Any] = {"a": "in", "l": [1, 2]}
    if "sub" in body:
        given["sub"] = {"n": 1}
    copied = {name: list(value) if isinstance(value, list) else value for name, value in answers.items()}
    assert outcome(FUNCTIONS + main(body), given, copied) == wanted


def test_finally_runs_before_the_error_goes_on() -> None:
    answers = Answers({"Foo": BOOM})
    project = compiled(main("try:\n    Foo()\nexcept Other:\n    Bar()\nfinally:\n    Baz()"))
    assert execute(project, {}, answers).error == "Boom"
    assert [name[:3] for name in answers.names] == ["Foo", "Baz"]


def test_a_pointer_of_put_items_is_mapped_over() -> None:
    source = """
class Make(Task):
    async def run(event, context):
        return context.state_data_client.put_items("k", [1, 2])

def each(data):
    Foo()

def main(data):
    data["items"] = Make()
    map(data["items"], each)
"""
    pointer = {"table_name": "t", "partition_key": "p", "key": "k", "items": ["x", "y"]}
    answers = Answers({"Make": pointer})
    assert execute(compiled(source), {}, answers).status == "SUCCEEDED"
    assert [event for _, event in answers.calls[1:]] == [
        {
            "items_result_table_name": "t",
            "items_result_partition_key": "p",
            "items_result_key": "k",
            "context_index": index,
            "context_value": value,
        }
        for index, value in enumerate(["x", "y"])
    ]


def test_a_finally_that_raises_takes_the_place_of_a_called_functions_value() -> None:
    source = (
        "def helper(data):\n    try:\n        Foo(0)\n        return 7\n    finally:\n        raise Boom(data['s'])\n\n"
        + main("data['h'] = helper(data)")
    )
    ended = execute(compiled(source), {"s": "why"}, Answers({}))
    assert (ended.status, ended.error, ended.cause) == ("FAILED", "Boom", "why")
