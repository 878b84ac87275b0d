"""Pictures of a machine: Mermaid, DOT and SVG."""

from penstock.asl.render.dot import render_dot
from penstock.asl.render.mermaid import render_mermaid
from penstock.asl.render.svg import render_svg

__all__ = ["render_dot", "render_mermaid", "render_svg"]
