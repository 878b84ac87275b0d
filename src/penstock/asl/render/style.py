"""What the SVG looks like: colours for light and dark, an icon a state type.

Only plain selectors and colours, no CSS variables: viewers that are not browsers (librsvg, image previews) show the light
theme and ignore the rest.
"""

from __future__ import annotations

from typing import Literal

_COMMON = """
.penstock text{font-family:Inter,"Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif}
.name{font-size:13px;font-weight:600}.detail,.label text{font-size:11px}
.box{stroke-width:1.3}.lane{stroke-width:1;stroke-dasharray:2 3}
.edge{fill:none;stroke-width:1.4}.catch{stroke-dasharray:5 4}.taken{stroke-width:2.2}.node.idle,.edge.idle{opacity:.5}
.icon path{fill:none;stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}
.badge path{fill:none;stroke:#fff;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.missing .box{stroke-dasharray:4 3}.ring{fill:none;stroke-width:1.5}
"""

_TYPES = {
    "task": ("#2563eb", "#dbe7ff", "#7aa5ff", "#1c2c4d"),
    "choice": ("#b45309", "#fdebd0", "#f0b26a", "#46310f"),
    "wait": ("#475569", "#e6eaf0", "#a9b6c8", "#2c3646"),
    "pass": ("#0f766e", "#d5f1ed", "#5fd0c4", "#12403c"),
    "succeed": ("#15803d", "#d9f2e1", "#63d28b", "#133f25"),
    "fail": ("#b91c1c", "#fbdcdc", "#ff8f8f", "#4d1a1a"),
    "parallel": ("#7c3aed", "#e9defd", "#b794ff", "#34235c"),
    "map": ("#a21caf", "#f6dcf9", "#e58af0", "#45194b"),
    "missing": ("#b91c1c", "#fbdcdc", "#ff8f8f", "#4d1a1a"),
}
"""Line and badge for light, line and badge for dark."""

_OUTCOMES = {
    "succeeded": ("#15803d", "#ecf9f0", "#4ac57a", "#13291c"),
    "failed": ("#c81e1e", "#fdecec", "#ff7b7b", "#341818"),
    "caught": ("#c2740a", "#fff4e0", "#f5b14c", "#33260f"),
    "running": ("#2563eb", "#edf3ff", "#7aa5ff", "#17223a"),
    "aborted": ("#64748b", "#f1f3f6", "#9aa7ba", "#222a36"),
    "idle": ("#94a3b8", "#f8fafc", "#64748b", "#161c26"),
}

LEGEND = (
    ("succeeded", "succeeded"),
    ("caught", "failed, caught"),
    ("failed", "failed"),
    ("aborted", "aborted"),
    ("idle", "not run"),
)


def stylesheet(theme: Literal["auto", "light", "dark"]) -> str:
    """The style element's text; `auto` holds both themes."""
    light, dark = _theme(dark=False), _theme(dark=True)
    if theme == "light":
        return f"{_COMMON}{light}"
    if theme == "dark":
        return f"{_COMMON}{dark}"
    return f"{_COMMON}{light}@media (prefers-color-scheme:dark){{\n{dark}}}\n"


def _theme(*, dark: bool) -> str:
    page, box, ink, soft, line, lane, lane_line = (
        ("#0f141b", "#19212c", "#e8edf4", "#9aa7b8", "#74839a", "#121922", "#3a4658")
        if dark
        else ("#ffffff", "#ffffff", "#17202c", "#5b6878", "#7b8899", "#f7f9fb", "#c6d0dc")
    )
    taken = _OUTCOMES["succeeded"][2 if dark else 0]
    catch = _TYPES["fail"][2 if dark else 0]
    out = [
        f".page,.label rect{{fill:{page}}}.lane{{fill:{lane};stroke:{lane_line}}}",
        f".name{{fill:{ink}}}.detail,.label text{{fill:{soft}}}.label.catch text{{fill:{catch}}}",
        f".label.catch{{stroke-dasharray:none}}.dot{{fill:{ink}}}.ring{{stroke:{ink}}}",
        f".edge{{stroke:{line}}}.edge.catch{{stroke:{catch}}}.edge.taken{{stroke:{taken}}}",
        f".arrow{{fill:{line}}}.arrow-catch{{fill:{catch}}}.arrow-taken{{fill:{taken}}}",
        f".lane .label rect{{fill:{lane}}}",
    ]
    for name, colours in _TYPES.items():
        stroke, badge = colours[2:] if dark else colours[:2]
        out.append(
            f".{name} .box{{fill:{box};stroke:{stroke}}}.{name} .icon circle{{fill:{badge}}}"
            f".{name} .icon path{{stroke:{stroke}}}"
        )
    for name, colours in _OUTCOMES.items():
        stroke, fill = colours[2:] if dark else colours[:2]
        out.append(f".node.{name} .box{{fill:{fill};stroke:{stroke}}}.{name} .badge circle{{fill:{stroke}}}")
    return "\n".join(out) + "\n"


ICONS = {
    "Task": '<path d="M-3.5 -5 1 4.5M-1.3 -0.4 -4.5 4.8M-3.5 -5H-4.8M1 4.5C1.6 5.4 3 5 4.4 4.4"/>',
    "Choice": '<path d="M0 -5.5 5.5 0 0 5.5 -5.5 0Z"/>',
    "Wait": '<path d="M0 -5.5A5.5 5.5 0 1 1 -0.01 -5.5ZM0 -3V0.3L2.4 1.8"/>',
    "Pass": '<path d="M-5 0H4.5M1 -3.6 4.8 0 1 3.6"/>',
    "Succeed": '<path d="M-4.6 0.4 -1.4 3.8 4.8 -3.4"/>',
    "Fail": '<path d="M-3.8 -3.8 3.8 3.8M3.8 -3.8 -3.8 3.8"/>',
    "Parallel": '<path d="M-3 -5V5M3 -5V5"/>',
    "Map": '<path d="M-5 -4.5H5M-5 0H5M-5 4.5H5"/>',
    "Missing": '<path d="M-2.4 -2.6C-2.4 -5.6 2.4 -5.6 2.4 -2.6 2.4 -0.6 0 -0.8 0 1.4M0 4.4V4.6"/>',
}
