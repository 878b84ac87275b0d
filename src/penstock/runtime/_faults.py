"""An exception as Lambda tells it: error name, message, and the stack from the user's first frame on."""

from __future__ import annotations

import linecache
import os

_MACHINERY = (
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep,
    os.path.join(os.path.dirname(os.path.abspath(os.__file__)), "asyncio") + os.sep,
)


def error_name(error: BaseException) -> str:
    """The class's name, or its own `name = "Some.Error"`: States Language names may hold what an identifier cannot."""
    name = type(error).__dict__.get("name")
    return name if isinstance(name, str) and name else type(error).__name__


def message_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as second:
        return f"<{type(error).__name__}, whose message fails with {type(second).__name__}>"


def stack_of(error: BaseException) -> list[str]:
    """`  File "…", line N, in run\\n    code\\n`, one text a frame, outermost first (as recorded from Lambda)."""
    frames: list[str] = []
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        if frames or not code.co_filename.startswith(_MACHINERY):
            line = linecache.getline(code.co_filename, step.tb_lineno, step.tb_frame.f_globals).strip()
            text = f'  File "{code.co_filename}", line {step.tb_lineno}, in {code.co_name}\n'
            frames.append(f"{text}    {line}\n" if line else text)
        step = step.tb_next
    # A recursion without end has a thousand frames; a cause holds 32,768 characters.
    return frames if len(frames) <= 40 else [*frames[:20], f"  ... {len(frames) - 40} more\n", *frames[-20:]]
