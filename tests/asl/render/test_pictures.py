"""Mermaid, DOT and SVG: well-formed, the same every time, safe with any name, coloured by a history."""

import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.asl.model import StateMachine
from penstock.asl.read import read_document
from penstock.asl.render import render_dot, render_mermaid, render_svg
from penstock.asl.visits import Visits

MACHINES = Path(os.environ.get("PENSTOCK_CONFORMANCE", "../shared/conformance")) / "machines" / "machines.json"
SVG = "{http://www.w3.org/2000/svg}"
NASTY = [
    '<script>alert("1")</script>',
    "a\nb",
    'quo"te',
    "back\\slash",
    "end",
    "\x1b[31m",
    "]]>",
    "1. list",
    "&amp;",
    "\ud800",
]


def machine(states: dict) -> StateMachine:
    found = read_document({"StartAt": next(iter(states)), "States": states}).machine
    assert found is not None
    return found


def chain(names: list[str]) -> StateMachine:
    states: dict = {}
    for name, following in zip(names, [*names[1:], None], strict=True):
        states[name] = {"Type": "Pass", "Next": following} if following else {"Type": "Pass", "End": True}
    return machine(states)


LOOP = machine(
    {
        "Wait": {"Type": "Wait", "Seconds": 5, "Next": "Get"},
        "Get": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Oh"}],
            "Next": "Done?",
        },
        "Done?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.s", "StringEquals": "y", "Next": "Yes"}],
            "Default": "Wait",
        },
        "Yes": {
            "Type": "Map",
            "Iterator": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}},
            "End": True,
        },
        "Oh": {"Type": "Fail", "Error": "E"},
    }
)


def boxes(svg: str) -> list[str]:
    """The classes of each state's group, in order of drawing."""
    return [g.get("class", "") for g in ET.fromstring(svg).iter(f"{SVG}g") if g.get("class", "").startswith("node ")]


def test_the_svg_shows_every_state_edge_and_label():
    svg = render_svg(LOOP, title="loop")
    root = ET.fromstring(svg)
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert {"Wait", "Get", "Done?", "Yes", "Oh", "I", "5 s", '$.s == "y"', "otherwise", "States.ALL"} <= set(texts)
    edges = [p.get("class") for p in root.iter(f"{SVG}path") if (p.get("class") or "").startswith("edge")]
    assert len(edges) == 7  # start, Wait-Get, Get-Done?, catch, two of the choice, Yes-end
    assert edges.count("edge catch") == 1


def test_states_do_not_overlap_and_stay_on_the_page():
    """Of one line of states, an inner one lies inside its Map."""
    root = ET.fromstring(render_svg(LOOP))
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    found: dict[str, tuple[float, float, float, float]] = {}
    for group in root.iter(f"{SVG}g"):
        if not group.get("class", "").startswith("node "):
            continue
        x, y = map(float, group.get("transform", "")[10:-1].split())
        rect = group.find(f"{SVG}rect")
        name = group.find(f"{SVG}text")
        assert rect is not None
        assert name is not None
        found[name.text or ""] = (x, y, x + float(rect.get("width", 0)), y + float(rect.get("height", 0)))
    inner, outer = found.pop("I"), found["Yes"]
    assert outer[0] < inner[0] < inner[2] < outer[2]
    assert outer[1] < inner[1] < inner[3] < outer[3]
    rects = list(found.values())
    for number, a in enumerate(rects):
        assert 0 <= a[0] < a[2] <= width
        assert 0 <= a[1] < a[3] <= height
        for b in rects[number + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_a_chain_is_a_straight_line():
    root = ET.fromstring(render_svg(chain(["A", "A longer name", "B", "Another much longer name", "C"])))
    paths = [p.get("d") or "" for p in root.iter(f"{SVG}path") if p.get("class") == "edge"]
    assert paths
    assert not any("C" in path for path in paths)


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("render", [render_svg, render_dot, render_mermaid])
def test_names_cannot_break_out(render, name):
    drawn = chain([name, f"{name} 2"])
    text = render(drawn)
    assert "<script" not in text or render is render_dot  # a quoted text there; Graphviz escapes it
    assert "\x1b" not in text
    text.encode("utf-8")
    if render is render_svg:
        root = ET.fromstring(text)
        assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
            *("svg", "title", "style", "defs", "marker", "path", "rect", "g", "circle", "text")
        }
    elif render is render_mermaid:
        body = text.splitlines()
        assert all(line.count('"') in (0, 2) for line in body), text
        assert '["end"]' not in text or name == "end"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=6, unique=True))
def test_any_names_make_well_formed_pictures(names):
    drawn = chain(names)
    ET.fromstring(render_svg(drawn))
    for line in render_mermaid(drawn).splitlines():
        assert line.count('"') % 2 == 0
    assert render_dot(drawn).count("\n") == render_dot(drawn).replace("\\n", "").count("\n")


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 12).flatmap(lambda n: st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=30))
)
def test_any_tangle_of_transitions_is_laid_out(pairs):
    """Loops, self loops, unreachable parts and parallel edges included; twice the same bytes."""
    count = max((max(pair) for pair in pairs), default=0) + 1
    states: dict = {}
    for number in range(count):
        targets = [f"S{b}" for a, b in pairs if a == number]
        choices = [{"Variable": "$.x", "NumericEquals": k, "Next": each} for k, each in enumerate(targets)]
        states[f"S{number}"] = {"Type": "Choice", "Choices": choices} if choices else {"Type": "Succeed"}
    drawn = machine(states)
    svg = render_svg(drawn)
    ET.fromstring(svg)
    assert "nan" not in svg
    assert "inf" not in svg
    assert svg == render_svg(drawn)


def test_a_thousand_states_and_a_thousand_ways_out_are_drawn_in_linear_time():
    names = [f"S{number}" for number in range(1000)]
    states: dict = {}
    for name, following in zip(names, [*names[1:], "Oh"], strict=True):
        catch = [{"ErrorEquals": ["States.ALL"], "Next": "Oh"}]
        states[name] = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Next": following,
            "Catch": catch,
        }
    states["Oh"] = {"Type": "Fail"}
    assert len(boxes(render_svg(machine(states)))) == 1001


def test_a_history_colours_what_ran():
    events = [
        {"id": 1, "previousEventId": 0, "type": "WaitStateEntered", "stateEnteredEventDetails": {"name": "Wait"}},
        {"id": 2, "previousEventId": 1, "type": "WaitStateExited", "stateExitedEventDetails": {"name": "Wait"}},
        {"id": 3, "previousEventId": 2, "type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "Get"}},
        {"id": 4, "previousEventId": 3, "type": "TaskFailed", "taskFailedEventDetails": {"error": "E"}},
        {"id": 5, "previousEventId": 4, "type": "TaskStateExited", "stateExitedEventDetails": {"name": "Get"}},
        {"id": 6, "previousEventId": 5, "type": "FailStateEntered", "stateEnteredEventDetails": {"name": "Oh"}},
        {"id": 7, "previousEventId": 6, "type": "ExecutionFailed", "executionFailedEventDetails": {"error": "E"}},
    ]
    visits = Visits(events)
    assert boxes(render_svg(LOOP, visits=visits))[:6] == [
        "node wait succeeded",
        "node task caught",
        "node choice idle",
        "node map idle group",
        "node pass idle",
        "node fail failed",
    ]
    assert 'class="edge catch taken"' in render_svg(LOOP, visits=visits)
    assert "class s1 succeeded" in render_mermaid(LOOP, visits=visits)
    assert 'color="#c2740a"' in render_dot(LOOP, visits=visits)


def test_both_themes_are_in_the_file_unless_one_is_asked_for():
    assert "prefers-color-scheme" in render_svg(LOOP)
    light, dark = render_svg(LOOP, theme="light"), render_svg(LOOP, theme="dark")
    assert "prefers-color-scheme" not in light + dark
    assert light != dark


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("name", ["plain", *NASTY])
def test_graphviz_reads_the_dot(name):
    text = render_dot(LOOP if name == "plain" else chain([name, "B"]), title=name)
    done = subprocess.run(["dot", "-Tplain"], input=text.encode("utf-8"), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not done.stderr


@pytest.mark.skipif(not MACHINES.is_file(), reason="../shared/conformance is not here")
def test_real_machines_are_drawn():
    drawn = 0
    for each in json.loads(MACHINES.read_text()):
        found = read_document(each["definition"]).machine
        if found is not None:
            svg = render_svg(found)
            ET.fromstring(svg)
            assert len(boxes(svg)) == sum(1 for _ in found.walk())
            render_dot(found)
            render_mermaid(found)
            drawn += 1
    assert drawn > 100
