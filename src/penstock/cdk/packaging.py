"""The code of a script's task as Lambda wants it: a folder with the task, what it imports from beside the script, and the runtime."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import penstock
from penstock.script import TaskClass

RUNTIME_HAS = frozenset({"boto3", "botocore", "penstock"})
"""Packages that are there without being packed: Lambda's own, and the runtime's."""

HANDLER = "penstock.runtime.lambda_entry.handler"


def pack(task: TaskClass, *, beside: Path, folder: Path) -> list[str]:
    """Writes the folder; returns the packages that the task imports and that it does not hold."""
    assert task.run is not None
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task.py").write_text(task.run.source + "\n", encoding="utf-8")
    own = Path(penstock.__file__).parent
    target = folder / "penstock"
    target.mkdir(exist_ok=True)
    for name in ("__init__.py", "_version.py"):
        shutil.copy(own / name, target / name)
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(own / "runtime", target / "runtime", ignore=ignored, dirs_exist_ok=True)
    missing: list[str] = []
    for name in task.run.dependencies:
        if name in sys.stdlib_module_names or name in RUNTIME_HAS:
            continue
        if (beside / name).is_dir():
            shutil.copytree(beside / name, folder / name, ignore=ignored, dirs_exist_ok=True)
        elif (beside / f"{name}.py").is_file():
            shutil.copy(beside / f"{name}.py", folder / f"{name}.py")
        else:
            missing.append(name)
    return missing
