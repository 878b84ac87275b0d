"""What a problem looks like to a person, a program, a code scanner and GitHub."""

from penstock.diagnostics import (
    Diagnostic,
    Note,
    Severity,
    Source,
    Span,
    render_github,
    render_json,
    render_sarif,
    render_text,
)

SOURCE = Source("project.py", "def main(data):\n    data = Foo()\n")
FOO = Span(SOURCE, 2, 5, 2, 17)
PROBLEM = Diagnostic(
    "PS203",
    "the result of `Foo` is never used, and its input is lost",
    span=FOO,
    label="this replaces the whole of `data`",
    help='write data["foo"] = Foo() to keep the rest of the input',
)


def test_text_shows_the_users_own_line_with_a_caret_under_it() -> None:
    assert render_text(PROBLEM) == (
        "project.py:2:5: error[PS203]: the result of `Foo` is never used, and its input is lost\n"
        "    2 |     data = Foo()\n"
        "      |     ^^^^^^^^^^^^ this replaces the whole of `data`\n"
        '   help: write data["foo"] = Foo() to keep the rest of the input'
    )


def test_text_without_a_span_names_the_place_in_the_definition() -> None:
    problem = Diagnostic("MISSING_TRANSITION_TARGET", "Missing 'Next' target: X", location="/StartAt")
    assert render_text(problem) == "error[MISSING_TRANSITION_TARGET]: Missing 'Next' target: X at /StartAt"


def test_text_shows_a_window_of_an_endless_line() -> None:
    source = Source("x.json", "[" * 5_000_000)
    text = render_text(Diagnostic("A", "m", span=Span(source, 1, 4_000_000, 1, 4_000_001)))
    assert len(text) < 600
    assert "^" in text


def test_text_survives_spans_outside_the_source() -> None:
    for span in (Span(SOURCE, 99, 1, 99, 2), Span(SOURCE, 2, 400, 2, 500), Span(Source("e", ""), 1, 1, 1, 1)):
        assert "error[A]: m" in render_text(Diagnostic("A", "m", span=span))


def test_a_note_points_at_the_second_place() -> None:
    problem = Diagnostic("PS1", "twice", span=FOO, notes=(Note(Span(SOURCE, 1, 1, 1, 4), "previously defined here"),))
    assert "  project.py:1:1: note: previously defined here\n    1 | def main(data):\n      | ^^^" in render_text(
        problem
    )


def test_json_has_every_key_every_time() -> None:
    bare, full = render_json([Diagnostic("A", "m", severity=Severity.WARNING), PROBLEM])
    assert bare.keys() == full.keys()
    assert bare["span"] is None
    assert full["span"] == {"file": "project.py", "line": 2, "column": 5, "end_line": 2, "end_column": 17}


def test_sarif_names_each_rule_once() -> None:
    run = render_sarif([PROBLEM, PROBLEM], version="1")["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["PS203"]
    assert [result["level"] for result in run["results"]] == ["error", "error"]


def test_github_annotations_cannot_be_broken_out_of() -> None:
    span = Span(Source("a,b:c.py", "x"), 1, 1, 1, 2)
    line = render_github(Diagnostic("A", "50%\n::error::forged", span=span))
    assert "\n" not in line
    assert line == "::error file=a%2Cb%3Ac.py,line=1,endLine=1,col=1,endColumn=2,title=A::50%25%0A::error::forged"


def test_lines_are_counted_as_python_counts_them() -> None:
    source = Source("a.py", "one\r\ntwo\rthree\x0c\u2028still three\nfour")
    assert [source.line(n) for n in (0, 1, 2, 3, 4, 5)] == ["", "one", "two", "three\x0c\u2028still three", "four", ""]
