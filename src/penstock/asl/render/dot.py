"""A machine in Graphviz's language."""

from __future__ import annotations

from penstock.asl.graph import Edge, EdgeKind, Graph, Node, graph
from penstock.asl.model import StateMachine
from penstock.asl.render.text import printable, shorten
from penstock.asl.visits import Outcome, Visits

_SHAPES = {"Choice": "diamond", "Wait": "oval", "Succeed": "oval", "Fail": "octagon", "Missing": "note"}
START, END = "start", "finish"
_FILLS = {
    "succeeded": ("#ecf9f0", "#15803d"),
    "failed": ("#fdecec", "#c81e1e"),
    "caught": ("#fff4e0", "#c2740a"),
    "running": ("#edf3ff", "#2563eb"),
    "aborted": ("#f1f3f6", "#64748b"),
    "idle": ("#f8fafc", "#94a3b8"),
}


def render_dot(machine: StateMachine, *, visits: Visits | None = None, title: str = "state machine") -> str:
    """The digraph's text, ending in a newline. `visits` colours what a run did."""
    drawn = graph(machine)
    writer = _Writer(visits.by_state() if visits is not None else None)
    out = [
        f"digraph {_quote(title)} {{",
        '  graph [rankdir=TB, compound=true, fontname="Helvetica", nodesep=0.35, ranksep=0.45];',
        '  node [shape=box, style="rounded,filled", fillcolor="#ffffff", fontname="Helvetica", fontsize=12];',
        '  edge [fontname="Helvetica", fontsize=10, color="#5b6878"];',
    ]
    if drawn.start is not None:
        out.append('  start [shape=circle, label="", width=0.2, fillcolor="#17202c"];')
    writer.graph(drawn, out, "  ")
    if drawn.start is not None:
        out.append(f"  start -> {drawn.start}{writer.clip(START, drawn.start)};")
        ends = [node for node in drawn.nodes if node.ends and node.type not in ("Succeed", "Fail")]
        if ends:
            out.append('  finish [shape=doublecircle, label="", width=0.15, fillcolor="#17202c"];')
        out += [f"  {node.id} -> finish{writer.clip(node.id, END)};" for node in ends]
    out.append("}\n")
    return "\n".join(out)


class _Writer:
    def __init__(self, outcomes: dict[str, Outcome] | None) -> None:
        self.outcomes = outcomes
        self.clusters: set[str] = set()

    def graph(self, drawn: Graph, out: list[str], indent: str) -> None:
        for node in drawn.nodes:
            if node.inner:
                self._cluster(node, out, indent)
            else:
                shape = _SHAPES.get(node.type)
                extra = f", shape={shape}" if shape else ""
                out.append(f"{indent}{node.id} [label={_quote(_words(node))}{extra}{self._fill(node)}];")
        for edge in drawn.edges:
            out.append(indent + self._edge(edge))

    def _cluster(self, node: Node, out: list[str], indent: str) -> None:
        # An edge needs a node to hang on: an invisible point stands for the cluster and the edge is clipped at its border.
        self.clusters.add(node.id)
        out.append(f"{indent}subgraph cluster_{node.id} {{")
        out.append(f"{indent}  graph [label={_quote(_words(node))}, style=rounded, fontsize=12{self._fill(node)}];")
        out.append(f'{indent}  {node.id} [shape=point, style=invis, width=0.01, label=""];')
        for number, each in enumerate(node.inner):
            if len(node.inner) == 1:
                self.graph(each, out, indent + "  ")
                continue
            out.append(f"{indent}  subgraph cluster_{node.id}_{number} {{")
            out.append(f'{indent}    graph [label="", style=dashed, color="#c6d0dc"];')
            self.graph(each, out, indent + "    ")
            out.append(f"{indent}  }}")
        out.append(f"{indent}}}")

    def clip(self, source: str, target: str) -> str:
        clips = []
        if source in self.clusters:
            clips.append(f"ltail=cluster_{source}")
        if target in self.clusters:
            clips.append(f"lhead=cluster_{target}")
        return f" [{', '.join(clips)}]" if clips else ""

    def _edge(self, edge: Edge) -> str:
        attributes = []
        if edge.label:
            attributes.append(f"label={_quote(shorten(edge.label, 60))}")
        if edge.kind is EdgeKind.CATCH:
            attributes.append('style=dashed, color="#b91c1c", fontcolor="#b91c1c"')
        if edge.source in self.clusters:
            attributes.append(f"ltail=cluster_{edge.source}")
        if edge.target in self.clusters and edge.source != edge.target:
            attributes.append(f"lhead=cluster_{edge.target}")
        words = f" [{', '.join(attributes)}]" if attributes else ""
        return f"{edge.source} -> {edge.target}{words};"

    def _fill(self, node: Node) -> str:
        if self.outcomes is None:
            return ""
        outcome = self.outcomes[node.name].value if node.name in self.outcomes else "idle"
        fill, line = _FILLS[outcome]
        if node.inner:
            return f', color="{line}"'
        return f', fillcolor="{fill}", color="{line}"'


def _words(node: Node) -> str:
    name = shorten(node.name, 60, middle=True) or "(no name)"
    return f"{name}\n{shorten(node.detail, 60)}" if node.detail else name


def _quote(text: str) -> str:
    """A quoted ID; `\\n` stays a line end, other backslashes are doubled so that `\\N` and `\\G` mean nothing."""
    body = printable(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{body}"'
