"""MkDocs hook: the page of diagnostics is made from the catalogue, so that no code is without its section."""

from __future__ import annotations

from typing import Any

from mkdocs.structure.files import File, Files


def on_files(files: Files, *, config: Any) -> Files:
    files.append(File.generated(config, "reference/diagnostics.md", content=diagnostics_page()))
    return files


def diagnostics_page() -> str:
    """One section a code, under the anchor that `penstock check --format sarif` links to (`#ps203`)."""
    from penstock.script.codes import CATALOGUE

    parts = [
        "# Diagnostics\n",
        "`penstock check` reports every problem of a target at once, and `penstock explain CODE` prints the section of this page.",
        "A code that begins with `PS` is about a script. Any other code is AWS's own, from ValidateStateMachineDefinition, and is about",
        "the States Language definition.\n",
    ]
    family = ""
    for code, entry in CATALOGUE.items():
        if code[:3] != family:
            family = code[:3]
            parts.append(f"## {FAMILIES[family]}\n")
        parts += [
            f"### {code}: {entry.title} {{ #{code.lower()} }}\n",
            f"*{entry.severity.value.capitalize()}.* {entry.explanation}\n",
            f"```python\n{entry.example}\n```\n",
            f"**Instead:** {entry.remedy}\n",
        ]
    return "\n".join(parts)


FAMILIES = {
    "PS0": "Reading the file",
    "PS1": "Module level: tasks, machines, decorators",
    "PS2": "Statements",
    "PS3": "Names and expressions",
    "PS4": "Conditions",
    "PS5": "Errors and blocks",
    "PS6": "Names of states and machines",
}
