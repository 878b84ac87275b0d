"""MkDocs hook: the page of diagnostics is made from the catalogue, so that no code is without its section."""

from __future__ import annotations

from typing import Any

from mkdocs.structure.files import File, Files


def on_files(files: Files, *, config: Any) -> Files:
    files.append(File.generated(config, "reference/diagnostics.md", content=diagnostics_page()))
    return files


def diagnostics_page() -> str:
    """One section a code, under the anchor that `penstock check --format sarif` links to (`#ps203`)."""
    from penstock.asl.check.codes import CATALOGUE as DEFINITIONS
    from penstock.cloudformation.codes import CATALOGUE as TEMPLATES
    from penstock.script.codes import CATALOGUE as SCRIPTS
    from penstock.sfn.codes import CATALOGUE as CONSTRUCTS

    parts = [
        "# Diagnostics\n",
        "`penstock check` reports every problem of a target at once, and `penstock explain CODE` prints a section of this page.",
        "A code that begins with `PS7` is about a workflow composed from objects, with `PS8` about a template, any other",
        "`PS` code about a script.",
        "Any other code is about a States Language definition; where AWS's",
        "ValidateStateMachineDefinition reports the same problem, the code is AWS's own.\n",
    ]
    family = ""
    for code, entry in SCRIPTS.items():
        if code[:3] != family:
            family = code[:3]
            parts.append(f"## Scripts: {FAMILIES[family]}\n")
        parts += section(entry, language="python")
    parts.append("## Workflows composed from objects\n")
    for entry in CONSTRUCTS.values():
        parts += section(entry, language="python")
    parts.append("## Templates\n")
    for entry in TEMPLATES.values():
        parts += section(entry, language="yaml")
    parts.append("## Definitions\n")
    for entry in DEFINITIONS.values():
        parts += section(entry, language="json")
    return "\n".join(parts)


def section(entry: Any, *, language: str) -> list[str]:
    return [
        f"### {entry.code}: {entry.title} {{ #{entry.code.lower()} }}\n",
        f"*{str(entry.severity).capitalize()}.* {entry.explanation}\n",
        f"```{language}\n{entry.example}\n```\n",
        f"**Instead:** {entry.remedy}\n",
    ]


FAMILIES = {
    "PS0": "reading the file",
    "PS1": "module level: tasks, machines, decorators",
    "PS2": "statements",
    "PS3": "names and expressions",
    "PS4": "conditions",
    "PS5": "errors and blocks",
    "PS6": "names of states and machines",
}
