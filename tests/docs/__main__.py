"""`python -m tests.docs PAGE…`: writes what the commands really print into the pages, for you to read before you commit.

A block that already matches (with its `...`) is left alone.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from tests.docs import snippets


def refresh(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / page.parent.name
        shutil.copytree(page.parent, folder) if page.parent.parent.name == "examples" else folder.mkdir()
        code = 0
        for block in snippets.blocks(page):
            if block.title:
                (folder / block.title).write_text(block.text, encoding="utf-8")
            elif block.language == "console":
                lines = []
                for command, expected in snippets.commands(block):
                    actual, code = snippets.run(command, folder, previous=code)
                    shown = expected if snippets.matches(expected, actual) else actual.rstrip()
                    lines += ["$ " + command, *([shown] if shown else [])]
                text = text.replace(f"```console\n{block.text}```", "```console\n" + "\n".join(lines) + "\n```", 1)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        refresh(Path(name).resolve())
