"""Reading: every text gives a Reading, never an exception; what is wrong is said with its place."""

import json
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.strategies import json_values, machines

from penstock.asl.check import check
from penstock.asl.model import UNSET, Choice, ChoiceRule, Comparison, Map, Not, Parallel, Task
from penstock.asl.read import MAX_BYTES, Reading, read, read_document
from penstock.jsontools import MAX_DEPTH

SOUND = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'


def first(reading: Reading) -> tuple[str, str]:
    problem = reading.diagnostics[0]
    return problem.code, problem.message


def place(reading: Reading, index: int = 0) -> tuple[int, int, int, int] | None:
    span = reading.diagnostics[index].span
    return None if span is None else (span.line, span.column, span.end_line, span.end_column)


def test_a_sound_definition() -> None:
    reading = read(SOUND, name="a.json")
    assert reading.diagnostics == []
    assert reading.machine is not None
    assert list(reading.machine.states) == ["A"]
    assert reading.document == json.loads(SOUND)
    assert reading.source is not None
    assert reading.source.name == "a.json"


@pytest.mark.parametrize(
    ("text", "name"), [("", "x"), (" ", "x"), ("\n\t ", "x"), ("", "x.yaml"), ("# nothing", "x.yaml")]
)
def test_an_empty_definition(text: str, name: str) -> None:
    reading = read(text, name=name)
    assert reading.machine is None
    assert [(d.code, d.message, d.location) for d in reading.diagnostics] == [
        ("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object", None)
    ]


@pytest.mark.parametrize("text", ["[]", "5", "null", '"x"', "true"])
def test_a_definition_that_is_no_object(text: str) -> None:
    assert first(read(text)) == ("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object")


def test_text_that_is_not_json_in_jacksons_words() -> None:
    problem = read("not a definition").diagnostics[0]
    assert problem.code == "INVALID_JSON_DESCRIPTION"
    assert problem.location == '[Source: (String)"not a definition"; line: 1, column: 4]'
    assert problem.message == (
        "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n"
        ' at [Source: (String)"not a definition"; line: 1, column: 4]'
    )


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("{", "Unexpected end-of-input: expected close marker for Object (start marker at [Source: ", 1),
        ('{"a": [1', "Unexpected end-of-input: expected close marker for Array (start marker at [Source: ", 8),
        ('{"a" 1}', "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value", 6),
        ('{"a":1 "b":2}', "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries", 8),
        ("[1 2]", "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries", 4),
        ("{a: 1}", "Unexpected character ('a' (code 97)): was expecting double-quote to start field name", 2),
        ('{"a": tru}', "Unrecognized token 'tru'", 7),
        ('{"a": "x', "Unexpected end-of-input: was expecting closing quote for a string value", 7),
        ('{"a": "x\ty"}', "Illegal unquoted character ((CTRL-CHAR, code 9))", 9),
        ('{"a": "\\q"}', "Unrecognized character escape 'q' (code 113)", 8),
        ('{"a": 1]', "Unexpected close marker ']': expected '}'", 8),
        ('{"a": }', "Unexpected character ('}' (code 125)): expected a valid value", 7),
        ("{} {}", "Unexpected character ('{' (code 123)): nothing may follow", 4),
        ('{"a": NaN}', "Non-standard token 'NaN'", 7),
        ('{"a": -Infinity}', "Non-standard token '-Infinity'", 7),
        ('{"a": 1e999}', "Numeric value (1e999) out of range", 7),
        ('{"a": ' + "9" * 5000 + "}", "Numeric value (99999999999999999999…) out of range", 7),
        ('{"a": 1, "a": 2}', "Duplicate field 'a'", 10),
    ],
)
def test_broken_json_says_what_and_where(text: str, message: str, column: int) -> None:
    reading = read(text, format="json")
    assert reading.machine is None
    assert reading.document is None
    code, words = first(reading)
    assert code == "INVALID_JSON_DESCRIPTION"
    assert words.startswith(message)
    found = place(reading)
    assert found is not None
    assert found[:2] == (1, column)


def test_all_problems_of_a_text_are_told() -> None:
    reading = read('{\n "a": NaN,\n "a": 1,\n "b": {"c": Infinity, "c": 2}\n}')
    assert [place(reading, index)[:2] for index in range(4)] == [(3, 2), (4, 23), (2, 7), (4, 13)]  # type: ignore[index]
    assert len(reading.diagnostics) == 4


def test_a_long_text_is_shortened_in_the_message() -> None:
    problem = read('{"a": ' + " " * 600 + "oops}").diagnostics[0]
    assert "[truncated 111 chars]" in problem.message


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 1_000, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_deep_nesting_is_refused(depth: int, opening: str, closing: str) -> None:
    for text in (opening * depth, opening * depth + "1" + closing * depth):
        reading = read(text)
        assert reading.machine is None
        assert len(reading.diagnostics) == 1


def test_nesting_of_payloads_up_to_the_limit_is_read() -> None:
    depth = MAX_DEPTH - 5
    result = "[" * depth + "]" * depth
    text = '{"StartAt":"A","States":{"A":{"Type":"Pass","Result":' + result + ',"End":true}}}'
    assert check(read(text)) == []


def test_size_is_counted_in_bytes_of_utf8() -> None:
    def padded(filling: str, size: int) -> str:
        return '{"Comment":"' + filling * size + '",' + SOUND[1:]

    frame = len(padded("", 0))
    assert read(padded("x", MAX_BYTES - frame)).diagnostics == []
    assert "1,048,577 bytes" in first(read(padded("x", MAX_BYTES - frame + 1)))[1]
    assert read(padded("é", (MAX_BYTES - frame) // 2)).diagnostics == []
    assert "bytes long" in first(read(padded("é", (MAX_BYTES - frame) // 2 + 1)))[1]
    assert "5,000,000 bytes" in first(read(b"x" * 5_000_000))[1]


def test_a_byte_order_mark_is_dropped() -> None:
    assert read("\ufeff" + SOUND).diagnostics == []
    assert read(b"\xef\xbb\xbf" + SOUND.encode()).diagnostics == []


@pytest.mark.parametrize("data", [bytes(range(256)), SOUND.encode("utf-16"), b'{"\xe9": 1}', b"\x80"])
def test_bytes_that_are_not_utf8(data: bytes) -> None:
    code, message = first(read(data))
    assert code == "INVALID_JSON_DESCRIPTION"
    assert re.match(r"Invalid UTF-8 start byte 0x[0-9a-f]{2}: a definition is UTF-8 text$", message)


def test_half_surrogate_pairs() -> None:
    assert "half a surrogate pair" in first(read('{"Comment": "\ud800"}'))[1]
    escaped = read('{"Comment": "\\ud800",' + SOUND[1:])
    assert escaped.diagnostics == []
    assert check(escaped) == []


# ---- spans


def test_the_caret_stands_where_the_problem_is() -> None:
    reading = read(
        "{\n"
        '  "StartAt": "A",\n'
        '  "States": {\n'
        '    "A": {\n'
        '      "Type": "Task",\n'
        '      "Resource": "local:x",\n'
        '      "Nxt": "B",\n'
        '      "TimeoutSeconds": 0,\n'
        '      "End": true\n'
        "    }\n"
        "  }\n"
        "}\n"
    )
    assert [(d.location, place(reading, i), d.help) for i, d in enumerate(reading.diagnostics)] == [
        ("/States/A", (7, 7, 7, 12), "Did you mean Next?"),
        ("/States/A/TimeoutSeconds", (8, 25, 8, 26), None),
    ]


def test_a_missing_field_points_at_the_key_of_its_object() -> None:
    reading = read('{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true}}}')
    assert reading.diagnostics[0].message == "These fields are required: [Resource]"
    assert place(reading) == (1, 29, 1, 32)


def test_places_inside_lists_and_of_keys_with_slashes() -> None:
    text = (
        '{"StartAt":"a/b","States":{"a/b":{"Type":"Choice","Choices":[{"Variable":"x","IsNull":true,"Next":"a/b"}]}}}'
    )
    reading = read(text)
    problem = reading.diagnostics[0]
    assert problem.location == "/States/a/b/Choices[0]/Variable"
    assert place(reading) == (1, text.index('"x"') + 1, 1, text.index('"x"') + 4)


def test_crlf_tabs_and_wide_characters_count_as_people_count() -> None:
    reading = read('{\r\n\t"Comment": "🦄", "x": 1,\r\n' + SOUND[1:])
    assert place(reading) == (2, 18, 2, 21)


# ---- the model


def test_a_broken_shape_has_no_machine_and_all_its_problems() -> None:
    reading = read(
        '{"StartAt": 5, "States": {"A": {"Type": "Nope"}, "B": 3, "C": {}, '
        '"D": {"Type": "Pass", "End": "yes"}, "E": {"Type": "Map", "ItemProcessor": [], "End": true}}}'
    )
    assert reading.machine is None
    assert reading.document is not None
    assert [(d.location, d.message) for d in reading.diagnostics] == [
        ("/StartAt", "Expected value of type [STRING]"),
        (
            "/States/A/Type",
            "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]",
        ),
        ("/States/B", "Expected value of type [OBJECT]"),
        ("/States/C", "These fields are required: [Type]"),
        ("/States/D/End", "Expected value of type [BOOLEAN]"),
        ("/States/E/ItemProcessor", "Expected value of type [OBJECT]"),
    ]


def test_a_wrong_value_of_the_right_type_still_makes_a_machine() -> None:
    reading = read('{"StartAt":"A","States":{"A":{"Type":"Pass","ResultPath":"no path","End":true}}}')
    assert reading.machine is not None
    assert reading.machine.states["A"].result_path == "no path"  # type: ignore[union-attr]
    assert len(reading.diagnostics) == 1


def test_the_model_of_every_nested_thing() -> None:
    document: dict[str, Any] = {
        "StartAt": "C",
        "States": {
            "C": {
                "Type": "Choice",
                "Choices": [
                    {"Not": {"Variable": "$.a", "IsNull": True}, "Next": "P"},
                    {"Variable": "$.b", "NumericEquals": 1, "Next": "M"},
                ],
            },
            "P": {
                "Type": "Parallel",
                "Branches": [{"StartAt": "X", "States": {"X": {"Type": "Succeed"}}}],
                "Next": "M",
            },
            "M": {
                "Type": "Map",
                "Iterator": {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "local:x", "End": True}}},
                "End": True,
            },
        },
    }
    machine = read_document(document).machine
    assert machine is not None
    choice, parallel, mapped = machine.states.values()
    assert isinstance(choice, Choice)
    assert choice.choices == (
        ChoiceRule(test=Not(rule=Comparison(variable="$.a", operator="IsNull", operand=True)), next="P"),
        ChoiceRule(test=Comparison(variable="$.b", operator="NumericEquals", operand=1), next="M"),
    )
    assert isinstance(parallel, Parallel)
    assert parallel.branches is not UNSET
    assert list(parallel.branches[0].states) == ["X"]
    assert isinstance(mapped, Map)
    assert mapped.processor is mapped.iterator
    assert isinstance(mapped.processor.states["T"], Task)  # type: ignore[union-attr]
    assert [state.name for _, state in machine.walk()] == ["C", "P", "X", "M", "T"]


def test_reading_shares_payloads_with_the_document() -> None:
    document = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"a": [1]}, "End": True}}}
    machine = read_document(document).machine
    assert machine is not None
    assert machine.states["A"].result is document["States"]["A"]["Result"]  # type: ignore[union-attr, index]


def test_machines_nested_too_deeply() -> None:
    inner: dict[str, Any] = {"StartAt": "x", "States": {"x": {"Type": "Succeed"}}}
    for level in range(40):
        inner = {
            "StartAt": f"p{level}",
            "States": {f"p{level}": {"Type": "Parallel", "Branches": [inner], "End": True}},
        }
    assert first(read_document(inner))[0] == "TOO_DEEPLY_NESTED"


def test_a_document_nested_too_deeply_for_json() -> None:
    value: Any = 1
    for _ in range(5_000):
        value = [value]
    assert "nested deeper" in first(read_document({"a": value}))[1]


# ---- YAML

YAML = """\
# a machine
StartAt: A
States:
  A: &base
    Type: Pass
    Comment: on
    Result: {n: 1, f: 1.5, t: true, nothing: ~, day: 2020-01-01, oct: 0o17}
    Next: B
  B:
    <<: *base
    Comment: |
      two
      lines
    Next: C
  C: {Type: Succeed}
"""


def test_yaml_1_2_core_schema() -> None:
    reading = read(YAML, name="machine.asl.yaml")
    assert reading.diagnostics == []
    assert check(reading) == []
    states = reading.document["States"]  # type: ignore[index, call-overload]
    assert states["A"]["Comment"] == "on"
    assert states["A"]["Result"] == {"n": 1, "f": 1.5, "t": True, "nothing": None, "day": "2020-01-01", "oct": 15}
    assert states["B"]["Comment"] == "two\nlines\n"
    assert states["B"]["Type"] == "Pass"


@pytest.mark.parametrize(
    ("name", "text", "is_yaml"),
    [
        ("x.yml", SOUND, True),
        ("x.yaml", "StartAt: A", True),
        ("<stdin>", "StartAt: A\nStates: {}", True),
        ("<stdin>", "# c\nStartAt: A", True),
        ("<stdin>", SOUND, False),
        ("x.json", "StartAt: A", False),
        ("<stdin>", "not a definition", False),
    ],
)
def test_the_format_is_told_by_name_then_by_look(name: str, text: str, is_yaml: bool) -> None:
    messages = [d.message for d in read(text, name=name).diagnostics]
    assert any(m.startswith(("Unrecognized", "Unexpected")) for m in messages) is (not is_yaml and text != SOUND)


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("a: [1\nb: 2", "The definition is not YAML: ", 2, 2),
        ("a: !Ref x", "The tag !Ref means nothing in a definition", 1, 4),
        ("a: !!python/object/apply:os.system [ls]", "The tag !!python/object/apply:os.system means nothing", 1, 4),
        ("a: .nan", "Non-standard token '.nan'", 1, 4),
        ("a: -.inf", "Non-standard token '-.inf'", 1, 4),
        ("a: 1\na: 2", "Duplicate field 'a'", 2, 1),
        ("1: 2", "A key must be a string", 1, 1),
        ("a: *nowhere", "The definition is not YAML: found undefined alias", 1, 4),
        ("a: 1\n---\nb: 2", "The definition is not YAML: expected a single document", 2, 1),
        ("a: &a [*a]", "The definition is nested deeper than 500 levels", 0, 0),
        ("[" * 3000, "The definition is nested deeper than 500 levels", 0, 0),
        ("\x00", "The definition is not YAML: unacceptable character", 0, 0),
        ("a: 1e999", "Numeric value (1e999) out of range", 1, 4),
    ],
)
def test_broken_yaml_says_what_and_where(text: str, message: str, line: int, column: int) -> None:
    reading = read(text, format="yaml")
    assert reading.machine is None
    code, words = first(reading)
    assert code == "INVALID_JSON_DESCRIPTION"
    assert words.startswith(message)
    span = reading.diagnostics[0].span
    assert (span.line, span.column) == (line, column) if span else line == 0


def test_a_yaml_bomb_goes_off_in_nobodys_face() -> None:
    names = "abcdefghi"
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{new}: &{new} [{', '.join(['*' + old] * 10)}]" for old, new in pairwise(names)]
    assert "aliases expand" in first(read("\n".join(lines), format="yaml"))[1]


def test_yaml_problems_have_their_places() -> None:
    reading = read(
        "StartAt: A\nStates:\n  A:\n    Type: Pass\n    Nxt: B\n    InputPath: x\n    End: true\n", format="yaml"
    )
    assert [place(reading, index) for index in range(2)] == [(5, 5, 5, 8), (6, 16, 6, 17)]


# ---- nothing raises


@given(document=json_values | st.dictionaries(st.sampled_from(["StartAt", "States", "Comment"]), json_values))
@settings(max_examples=200, deadline=None)
def test_any_json_is_read_and_checked(document: Any) -> None:
    check(read_document(document))
    check(read(json.dumps(document)), type="EXPRESS")


@given(text=st.text() | st.binary())
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_and_checked(text: str | bytes) -> None:
    check(read(text))
    check(read(text, format="yaml"))


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A sound machine's document with some values replaced, removed or moved."""
    from penstock.asl.write import to_document

    document = json.loads(json.dumps(to_document(draw(machines()))))
    for _ in range(draw(st.integers(1, 3))):
        places: list[tuple[Any, Any]] = []
        stack: list[Any] = [document]
        while stack:
            value = stack.pop()
            inner = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
            places += [(value, key) for key, _ in inner]
            stack += [one for _, one in inner if isinstance(one, (dict, list))]
        if not places:
            break
        container, key = places[draw(st.integers(0, len(places) - 1))]
        if isinstance(container, dict) and draw(st.booleans()):
            container[draw(st.sampled_from(["Type", "Next", "End", "Output", "Catch", "Branches", "x", "And"]))] = (
                container.pop(key)
            )
        else:
            container[key] = draw(json_values)
    return document


@given(document=damaged())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_damage_is_read_and_checked(document: Any) -> None:
    reading = read(json.dumps(document))
    problems = check(reading)
    assert all(problem.span is not None for problem in problems if problem.location is not None)
    assert (reading.machine is not None) or any(problem.is_error for problem in problems)
    if reading.machine is not None and not problems:
        from penstock.asl.write import write

        assert read(write(reading.machine)).machine == reading.machine
