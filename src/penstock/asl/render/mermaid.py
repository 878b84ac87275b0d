"""A machine as a Mermaid flowchart, for READMEs and pull requests: GitHub and GitLab draw it in place."""

from __future__ import annotations

from penstock.asl.graph import Edge, EdgeKind, Graph, Node, graph
from penstock.asl.model import StateMachine
from penstock.asl.render.text import printable, shorten
from penstock.asl.visits import Outcome, Visits

_SHAPES = {
    "Choice": ("{{", "}}"),
    "Wait": ("([", "])"),
    "Succeed": ("([", "])"),
    "Fail": ("([", "])"),
    "Pass": ("(", ")"),
    "Missing": (">", "]"),
}
_CLASSES = {
    "succeeded": "fill:#ecf9f0,stroke:#15803d,color:#17202c",
    "failed": "fill:#fdecec,stroke:#c81e1e,color:#17202c",
    "caught": "fill:#fff4e0,stroke:#c2740a,color:#17202c",
    "running": "fill:#edf3ff,stroke:#2563eb,color:#17202c",
    "aborted": "fill:#f1f3f6,stroke:#64748b,color:#17202c",
    "idle": "fill:#f8fafc,stroke:#94a3b8,color:#64748b,stroke-dasharray:3 3",
}


def render_mermaid(machine: StateMachine, *, visits: Visits | None = None) -> str:
    """The flowchart's text, ending in a newline. `visits` colours what a run did."""
    outcomes = visits.by_state() if visits is not None else None
    out = ["flowchart TD"]
    drawn = graph(machine)
    if drawn.start is not None:
        out += ["  start((( )))", f"  start --> {drawn.start}"]
    _graph(drawn, out, "  ")
    ends = [node for node in drawn.nodes if node.ends and node.type not in ("Succeed", "Fail")]
    if ends and drawn.start is not None:
        out.append("  finish(((end)))")
        out += [f"  {node.id} --> finish" for node in ends]
    if outcomes is not None:
        out += _colours(drawn, outcomes)
    return "\n".join(out) + "\n"


def _graph(drawn: Graph, out: list[str], indent: str) -> None:
    for node in drawn.nodes:
        if node.inner:
            out.append(f'{indent}subgraph {node.id}["{_words(node)}"]')
            for number, each in enumerate(node.inner):
                if len(node.inner) == 1:
                    _graph(each, out, indent + "  ")
                    continue
                out.append(f'{indent}  subgraph {node.id}b{number}["branch {number}"]')
                _graph(each, out, indent + "    ")
                out.append(f"{indent}  end")
            out.append(f"{indent}end")
        else:
            left, right = _SHAPES.get(node.type, ("[", "]"))
            out.append(f'{indent}{node.id}{left}"{_words(node)}"{right}')
    out += [f"{indent}{_edge(edge)}" for edge in drawn.edges]


def _words(node: Node) -> str:
    name = _escape(shorten(node.name, 60, middle=True)) or "(no name)"
    return f"{name}<br/><small>{_escape(shorten(node.detail, 60))}</small>" if node.detail else name


def _edge(edge: Edge) -> str:
    arrow = "-.->" if edge.kind is EdgeKind.CATCH else "-->"
    label = f'|"{_escape(shorten(edge.label, 60))}"|' if edge.label else ""
    return f"{edge.source} {arrow}{label} {edge.target}"


def _escape(text: str) -> str:
    """Everything but letters, digits and a few harmless signs as `#code;`, Mermaid's own escape: then neither Markdown,
    HTML nor Mermaid's keywords (`end`) can come out of a name."""
    escaped = "".join(c if c.isalnum() or c in " _.,-" else f"#{ord(c)};" for c in printable(text))
    # A label that begins like a list item is drawn as "Unsupported markdown: list".
    return escaped.replace(". ", "#46; ").replace("- ", "#45; ")


def _colours(drawn: Graph, outcomes: dict[str, Outcome]) -> list[str]:
    members: dict[str, list[str]] = {}
    for each in drawn.walk():
        for node in each.nodes:
            outcome = outcomes[node.name].value if node.name in outcomes else "idle"
            members.setdefault(outcome, []).append(node.id)
    out = [f"  classDef {name} {style}" for name, style in _CLASSES.items() if name in members]
    return out + [f"  class {','.join(ids)} {name}" for name, ids in members.items()]
