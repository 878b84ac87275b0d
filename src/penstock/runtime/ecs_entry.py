"""The command of an `ecs` task's container: `python -m penstock.runtime.ecs_entry`.

The input is the JSON (or else the text) in SFN_INPUT_VALUE, `{}` without it. What `run` returns is dropped, as ECS does;
an exception ends the container with status 1, which fails the state.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from penstock.runtime.aws import Aws
from penstock.runtime.context import Metadata
from penstock.runtime.entry import NAME_VARIABLE, Loop, load


def main(
    run: Callable[[Any, Any], Any] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    aws: Aws | None = None,
) -> int:
    """Runs the task once; returns the container's exit status."""
    environment = os.environ if environment is None else environment
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="[%(levelname)s] %(message)s")
    loop = Loop()
    try:
        context = (aws or Aws(environment=environment)).context(
            Metadata.from_meta(environment), task_name=environment.get(NAME_VARIABLE, "")
        )
        loop.call(run or load(), event_of(environment), context)
    except Exception:
        logging.getLogger("penstock.runtime").exception("The task failed.")
        return 1
    finally:
        loop.close()
    return 0


def event_of(environment: Mapping[str, str]) -> Any:
    text = environment.get("SFN_INPUT_VALUE")
    if text is None:
        return {}
    try:
        return json.loads(text)
    except ValueError:
        return text


if __name__ == "__main__":
    sys.exit(main())
