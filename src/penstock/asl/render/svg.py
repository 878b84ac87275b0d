"""A machine as SVG: one self-contained file that follows the reader's light or dark theme.

Names and conditions come from whoever wrote the definition, so every text is escaped, and the file holds neither script
nor links: it is safe in a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

from penstock.asl.graph import Edge, EdgeKind, Graph, Node, graph
from penstock.asl.model import StateMachine
from penstock.asl.render.layout import Box, Line, Stop, arrange
from penstock.asl.render.style import ICONS, LEGEND, stylesheet
from penstock.asl.render.text import printable, shorten, width
from penstock.asl.visits import Outcome, Visits

MARGIN = 20.0
PADDING = 14.0
HEADER = 40.0
NAME, DETAIL, LABEL = 13.0, 11.0, 11.0
START, END = "start", "end"


def render_svg(
    machine: StateMachine,
    *,
    visits: Visits | None = None,
    title: str = "",
    theme: Literal["auto", "light", "dark"] = "auto",
) -> str:
    """The picture as text of an SVG file, ending in a newline; the same machine always gives the same bytes.

    `visits` colours what a run did. `theme` is `auto` where the reader's own preference decides.
    """
    outcomes = visits.by_state() if visits is not None else None
    taken = visits.steps() if visits is not None else set()
    drawing = _Drawing(outcomes, taken)
    panel = drawing.panel(graph(machine), root=True)
    legend = drawing.legend(panel.width) if outcomes is not None else ""
    full_width = max(panel.width, _legend_width() if legend else 0.0) + 2 * MARGIN
    full_height = panel.height + 2 * MARGIN + (30 if legend else 0)
    left = (full_width - panel.width) / 2
    body: list[str] = []
    drawing.draw(panel, left, MARGIN, body)
    name = escape(printable(title)) if title else "State machine"
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(full_width)} {_n(full_height)}" '
        f'width="{_n(full_width)}" height="{_n(full_height)}" role="img" class="penstock">',
        f"<title>{name}</title>",
        f"<style>{stylesheet(theme)}</style>",
        _MARKERS,
        '<rect class="page" width="100%" height="100%"/>',
        *body,
    ]
    if legend:
        out.append(f'<g transform="translate({_n(MARGIN)} {_n(full_height - 30)})">{legend}</g>')
    out.append("</svg>\n")
    return "\n".join(out)


_MARKERS = (
    "<defs>"
    + "".join(
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path class="{name}" d="M0.5 0.8 7.5 4 0.5 7.2Z"/></marker>'
        for name in ("arrow", "arrow-catch", "arrow-taken")
    )
    + "</defs>"
)


@dataclass(slots=True)
class _Panel:
    """A graph that has been laid out; sizes in pixels."""

    graph: Graph
    width: float
    height: float
    boxes: dict[str, Box]
    lines: list[tuple[Line, Edge]]
    inner: dict[str, list[_Panel]] = field(default_factory=dict)


class _Drawing:
    def __init__(self, outcomes: Mapping[str, Outcome] | None, taken: set[tuple[str, str, bool]]) -> None:
        self.outcomes = outcomes
        self.taken = taken

    # -- sizes ----------------------------------------------------------------------------------------------------

    def panel(self, graph: Graph, *, root: bool = False) -> _Panel:
        inner = {node.id: [self.panel(each) for each in node.inner] for node in graph.nodes if node.inner}
        boxes = [self._box(node, inner.get(node.id, [])) for node in graph.nodes]
        edges = list(graph.edges)
        start = graph.start
        if root and start is not None:
            boxes.insert(0, Box(START, 18, 18))
            edges.insert(0, Edge(source=START, target=start, kind=EdgeKind.NEXT))
            start = START
            ends = [node.id for node in graph.nodes if node.ends and node.type not in ("Succeed", "Fail")]
            if ends:
                boxes.append(Box(END, 18, 18))
                edges += [Edge(source=each, target=END, kind=EdgeKind.NEXT) for each in ends]
        lines = [(self._line(edge), edge) for edge in edges]
        total_width, height = arrange(boxes, [line for line, _ in lines], start)
        return _Panel(graph, total_width, height, {box.id: box for box in boxes}, lines, inner)

    def _box(self, node: Node, inner: list[_Panel]) -> Box:
        name, detail = _texts(node)
        wide = max(width(name, NAME, bold=True), width(detail, DETAIL)) + 54
        if not inner:
            return Box(node.id, max(112.0, wide), 44.0 if detail else 36.0)
        across = sum(each.width + 2 * PADDING for each in inner) + PADDING * (len(inner) + 1)
        tall = max(each.height for each in inner) + 2 * PADDING
        return Box(node.id, max(wide, across), HEADER + tall + PADDING)

    def _line(self, edge: Edge) -> Line:
        text = _label(edge)
        bundle = f"catch {edge.label}" if edge.kind is EdgeKind.CATCH else ""
        main = edge.kind is EdgeKind.NEXT
        if not text:
            return Line(edge.source, edge.target, bundle=bundle, main=main)
        return Line(edge.source, edge.target, width(text, LABEL) + 10, 16.0, bundle)

    # -- drawing --------------------------------------------------------------------------------------------------

    def draw(self, panel: _Panel, x: float, y: float, out: list[str]) -> None:
        names = {node.id: node.name for node in panel.graph.nodes}
        labels: list[str] = []
        for line, edge in panel.lines:
            out.append(self._path(line, edge, names, x, y))
            if line.label_at is not None:
                labels.append(_label_text(edge, line.label_at[0] + x, line.label_at[1] + y))
        for node in panel.graph.nodes:
            self._node(node, panel.boxes[node.id], panel.inner.get(node.id, []), x, y, out)
        for name in (START, END):
            if name in panel.boxes:
                box = panel.boxes[name]
                ring = '<circle class="ring" r="8.5"/>' if name == END else ""
                at = f"translate({_n(x + box.x)} {_n(y + box.y)})"
                radius = "5" if name == END else "7"
                out.append(f'<g class="{name}" transform="{at}">{ring}<circle class="dot" r="{radius}"/></g>')
        out += labels

    def _path(self, line: Line, edge: Edge, names: Mapping[str, str], x: float, y: float) -> str:
        stops = [Stop(stop.x + x, stop.y + y, stop.sideways) for stop in line.path]
        catch = edge.kind is EdgeKind.CATCH
        classes = ["edge"] + (["catch"] if catch else [])
        marker = "arrow-catch" if catch else "arrow"
        if self.outcomes is not None:
            if self._was_taken(edge, names):
                classes.append("taken")
                marker = "arrow-taken"
            else:
                classes.append("idle")
        end = "" if line.joins else f' marker-end="url(#{marker})"'
        data = _around(stops) if stops and stops[0].sideways else _down(stops)
        return f'<path class="{" ".join(classes)}" d="{data}"{end}/>'

    def _was_taken(self, edge: Edge, names: Mapping[str, str]) -> bool:
        outcomes = self.outcomes or {}
        if edge.source == START:
            return bool(outcomes) and names.get(edge.target) in outcomes
        if edge.target == END:
            return outcomes.get(names[edge.source]) is Outcome.SUCCEEDED
        return (names[edge.source], names[edge.target], edge.kind is EdgeKind.CATCH) in self.taken

    def _node(self, node: Node, box: Box, inner: list[_Panel], x: float, y: float, out: list[str]) -> None:
        left, top = x + box.x - box.width / 2, y + box.y - box.height / 2
        classes = ["node", node.type.lower()]
        outcome: str | None = None
        if self.outcomes is not None:
            outcome = self.outcomes[node.name].value if node.name in self.outcomes else "idle"
            classes.append(outcome)
        if inner:
            classes.append("group")
        name, detail = _texts(node)
        out.append(f'<g class="{" ".join(classes)}" transform="translate({_n(left)} {_n(top)})">')
        tip = f"{node.name} ({node.type})" + (f": {node.detail}" if node.detail else "")
        out.append(f"<title>{escape(printable(tip))}</title>")
        out.append(f'<rect class="box" width="{_n(box.width)}" height="{_n(box.height)}" rx="8"/>')
        middle = HEADER / 2 if inner else box.height / 2
        out.append(f'<g class="icon" transform="translate(22 {_n(middle)})"><circle r="11"/>{ICONS[node.type]}</g>')
        baseline = middle + 4.5 if not detail else middle - 2.5
        out.append(f'<text class="name" x="40" y="{_n(baseline)}">{escape(name)}</text>')
        if detail:
            out.append(f'<text class="detail" x="40" y="{_n(middle + 12)}">{escape(detail)}</text>')
        if outcome in _BADGES:
            out.append(f'<g class="badge" transform="translate({_n(box.width - 3)} 3)">{_BADGES[outcome]}</g>')
        out.append("</g>")
        if inner:
            self._draw_inner(inner, box, left, top, out)

    def _draw_inner(self, inner: list[_Panel], box: Box, left: float, top: float, out: list[str]) -> None:
        across = sum(each.width + 2 * PADDING for each in inner) + PADDING * (len(inner) - 1)
        tall = max(each.height for each in inner) + 2 * PADDING
        at = left + (box.width - across) / 2
        for each in inner:
            wide = each.width + 2 * PADDING
            out.append(
                f'<rect class="lane" x="{_n(at)}" y="{_n(top + HEADER)}" width="{_n(wide)}" height="{_n(tall)}" rx="6"/>'
            )
            self.draw(each, at + PADDING, top + HEADER + PADDING, out)
            at += wide + PADDING

    def legend(self, _: float) -> str:
        parts, x = [], 0.0
        for outcome, words in LEGEND:
            parts.append(
                f'<g class="node {outcome}" transform="translate({_n(x)} 0)">'
                f'<rect class="box" width="14" height="14" rx="3"/>'
                f'<text class="detail" x="20" y="11">{words}</text></g>'
            )
            x += 20 + width(words, DETAIL) + 18
        return "".join(parts)


def _legend_width() -> float:
    return sum(38 + width(words, DETAIL) for _, words in LEGEND)


_BADGES = {
    "succeeded": '<circle r="7.5"/><path d="M-3.2 0.2 -0.9 2.6 3.4 -2.4"/>',
    "failed": '<circle r="7.5"/><path d="M-2.6 -2.6 2.6 2.6M2.6 -2.6 -2.6 2.6"/>',
    "caught": '<circle r="7.5"/><path d="M0 -3.8V0.8M0 3.4V3.6"/>',
    "running": '<circle r="7.5"/><path d="M-2.8 0H-2.6M0 0H0.2M2.8 0H3"/>',
    "aborted": '<circle r="7.5"/><path d="M-3 0H3"/>',
}


def _texts(node: Node) -> tuple[str, str]:
    name = shorten(node.name, 44, middle=True) or "(no name)"
    return name, shorten(node.detail, 48)


def _label(edge: Edge) -> str:
    return shorten(edge.label, 44, middle=True)


def _label_text(edge: Edge, x: float, y: float) -> str:
    text = _label(edge)
    wide = width(text, LABEL) + 8
    tip = f"<title>{escape(printable(edge.label))}</title>" if text != edge.label else ""
    kind = quoteattr(f"label {edge.kind.value}")
    return (
        f'<g class={kind} transform="translate({_n(x)} {_n(y)})">{tip}'
        f'<rect x="{_n(-wide / 2)}" y="-8" width="{_n(wide)}" height="16" rx="4"/>'
        f'<text y="4" text-anchor="middle">{escape(text)}</text></g>'
    )


def _down(stops: list[Stop]) -> str:
    """Straight within a rank, an S between two: it always leaves and arrives vertically."""
    if not stops:
        return ""
    parts = [f"M{_n(stops[0].x)} {_n(stops[0].y)}"]
    for a, b in pairwise(stops):
        parts.append(_curve(a.x, a.y, b.x, b.y))
    return "".join(parts)


def _curve(x0: float, y0: float, x1: float, y1: float) -> str:
    if abs(x0 - x1) < 0.5:
        return f"L{_n(x1)} {_n(y1)}"
    middle = (y0 + y1) / 2
    return f"C{_n(x0)} {_n(middle)} {_n(x1)} {_n(middle)} {_n(x1)} {_n(y1)}"


def _around(stops: list[Stop]) -> str:
    """Out of the side, up, and back into a side, with round corners."""
    first, *between, last = stops
    start, end = between[0], between[-1]
    radius = min(8.0, abs(start.y - end.y) / 2, abs(start.x - first.x), abs(end.x - last.x))
    parts = [f"M{_n(first.x)} {_n(first.y)}L{_n(start.x - radius)} {_n(start.y)}"]
    parts.append(f"Q{_n(start.x)} {_n(start.y)} {_n(start.x)} {_n(start.y - radius)}")
    x, y = start.x, start.y - radius
    for stop in [*between[1:-1], Stop(end.x, end.y + radius)]:
        if (stop.x, stop.y) != (x, y):
            parts.append(_curve(x, y, stop.x, stop.y))
        x, y = stop.x, stop.y
    parts.append(f"Q{_n(end.x)} {_n(end.y)} {_n(end.x - radius)} {_n(end.y)}L{_n(last.x)} {_n(last.y)}")
    return "".join(parts)


def _n(value: float) -> str:
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"
