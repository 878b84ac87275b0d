"""`file.py:name` and `package.module:name`: running the user's program to get the workflow it composes.

This is the one place where naming a target runs code, and only because the target says so. What the program prints goes to
stderr; however it ends, it ends in a diagnostic with the user's own line.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType

from penstock.diagnostics import Diagnostic, Severity, Source, Span
from penstock.diagnostics.words import did_you_mean, listed
from penstock.errors import InvalidDefinition, TargetNotFound
from penstock.sfn.build import Built
from penstock.sfn.machine import Construct, StateMachine, build_start
from penstock.sfn.origin import Origin, forget_sources
from penstock.sfn.problems import Wrong, problem, refuse
from penstock.sfn.states.base import State, _made
from penstock.sfn.words import StateMachineType

_MODULE = "__penstock_target__"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The machines of a program by their names, with the problems that are no machine's own."""

    machines: Mapping[str, Built]
    substitutions: Mapping[str, Mapping[str, str]]
    types: Mapping[str, StateMachineType]
    diagnostics: tuple[Diagnostic, ...] = ()


def load_construct(module: str, attribute: str, *, name: str) -> Loaded:
    """Runs `module` (a path that ends in .py, or a dotted name) and takes the workflow called `attribute` from it.

    `name` is the target as the user wrote it. Raises TargetNotFound for a module that is not there, and InvalidDefinition,
    with the user's line, for a program that stops and for a name that is no workflow.
    """
    forget_sources()
    with _collected() as made, contextlib.redirect_stdout(sys.stderr):
        program = _run(module, name)
        found = _attribute(program, attribute, name)
        return _machines(found, attribute, program, name, made)


def load_object(found: object, *, name: str) -> Loaded:
    """The machines of an object that is there already."""
    forget_sources()
    return _machines(found, name, None, name, [])


@contextlib.contextmanager
def _collected() -> Iterator[list[State]]:
    before = _made.current
    made: list[State] = []
    _made.current = made
    try:
        yield made
    finally:
        _made.current = before


# -- the program -------------------------------------------------------------------------------------------------------------


def _run(module: str, name: str) -> ModuleType:
    if module.endswith(".py"):
        path = Path(module).resolve()
        if not path.is_file():
            raise TargetNotFound(f"There is no file {module}; check the path.", target=name)
        folder, dotted = str(path.parent), None
    else:
        path, folder, dotted = None, str(Path.cwd()), module
    added = folder not in sys.path
    if added:
        sys.path.insert(0, folder)
    try:
        if dotted is not None:
            importlib.invalidate_caches()
            with _users_line(name, dotted):
                return importlib.import_module(dotted)
        assert path is not None
        spec = importlib.util.spec_from_file_location(_MODULE, path)
        assert spec is not None
        program = importlib.util.module_from_spec(spec)
        sys.modules[_MODULE] = program
        with _users_line(name, None):
            # Not by the loader: compiled code of an older text of the same size and second would be taken for it.
            exec(compile(path.read_bytes(), module, "exec", dont_inherit=True), program.__dict__)  # noqa: S102 - the target
        return program
    finally:
        if added and folder in sys.path:
            sys.path.remove(folder)


@contextlib.contextmanager
def _users_line(name: str, dotted: str | None) -> Iterator[None]:
    """Makes one diagnostic of whatever the user's code raises."""
    try:
        yield
    except (InvalidDefinition, KeyboardInterrupt):
        raise
    except ModuleNotFoundError as error:
        if (
            dotted is not None
            and error.name is not None
            and (dotted == error.name or dotted.startswith(f"{error.name}."))
        ):
            raise TargetNotFound(
                f"There is no module {error.name}; name one that Python finds from {Path.cwd()}, or a file: file.py:name.",
                target=name,
            ) from None
        raise _stopped(error, name) from None
    except SyntaxError as error:
        raise _syntax(error, name) from None
    except BaseException as error:
        raise _stopped(error, name) from None


def _stopped(error: BaseException, name: str) -> InvalidDefinition:
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, SystemExit):
        words = f"it calls exit({error.code!r})"
    origin = _last_own_frame(error)
    if isinstance(error, Wrong):  # a value that is refused where it is made, before there is a state to note it on
        return refuse([error.at(origin)])
    help_ = None
    if isinstance(error, TypeError) and "argument" in words:
        words = words.replace("__init__() ", "() ").replace(".() ", "() ")
        help_ = "`penstock explain PS700` tells how to see the whole traceback"
    elif isinstance(error, (AttributeError, ImportError)):
        help_ = _not_here(error)
    found = problem("PS700", origin, words.split("\n")[0][:400], help=help_)
    place = f"{found.span}: " if found.span else f"{name}: "
    return InvalidDefinition(f"{place}{found.message.rstrip('.')}.", [found])


def _not_here(error: AttributeError | ImportError) -> str | None:
    """What to do about a name of the construct library that penstock.sfn does not have."""
    if isinstance(error, ImportError):
        owner: object = sys.modules.get(error.name or "")
        wanted = getattr(error, "name_from", None)  # not in Python 3.11
    else:
        owner, wanted = error.obj, error.name
    if isinstance(owner, ModuleType):
        home = owner.__name__
    else:
        home = (owner if isinstance(owner, type) else type(owner)).__module__
    if isinstance(owner, State) and wanted == "next":
        return f"a {type(owner).__name__} ends the execution; leave it out, or put it last"
    if home != "penstock.sfn" and not home.startswith("penstock.sfn."):
        return None
    near = did_you_mean(wanted, (each for each in dir(owner) if not each.startswith("_"))) if wanted else None
    if near is not None:
        return f"did you mean {near}?"
    return "penstock.sfn has what makes the definition; leave out what only a deployment needs, or bring it there with penstock.cdk"


def _last_own_frame(error: BaseException) -> Origin | None:
    frame: FrameType | None = None
    instruction = 0
    for each, _ in traceback.walk_tb(error.__traceback__):
        file_name = each.f_code.co_filename
        own = str(each.f_globals.get("__name__", "")).startswith("penstock.") or file_name.startswith("<frozen")
        if not own and "site-packages" not in file_name and "importlib" not in file_name:
            frame, instruction = each, _lasti(error, each)
    return Origin(frame.f_code, instruction) if frame is not None else None


def _lasti(error: BaseException, frame: FrameType) -> int:
    step = error.__traceback__
    while step is not None:
        if step.tb_frame is frame:
            return step.tb_lasti
        step = step.tb_next
    return frame.f_lasti


def _syntax(error: SyntaxError, name: str) -> InvalidDefinition:
    span = None
    if error.filename and error.lineno:
        try:
            text = Path(error.filename).read_text(encoding="utf-8")
        except (OSError, ValueError):
            text = ""
        column = error.offset or 1
        span = Span(Source(error.filename, text), error.lineno, column, error.lineno, column + 1)
    found = Diagnostic("PS700", f"this is not valid Python: {error.msg}", severity=Severity.ERROR, span=span)
    return InvalidDefinition(f"{span or name}: {found.message}.", [found])


# -- the workflow in it --------------------------------------------------------------------------------------------------------


def _attribute(program: ModuleType, attribute: str, name: str) -> object:
    found: object = program
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            near = did_you_mean(part, _workflows(program))
            known = _workflows(program)
            hint = f"did you mean {near}?" if near else f"it has {listed(known)}." if known else "it makes no workflow."
            raise TargetNotFound(f"{name} has no name {part!r}; {hint}", target=name) from None
    return found


def _workflows(program: ModuleType | None) -> list[str]:
    if program is None:
        return []
    return [key for key, value in vars(program).items() if not key.startswith("_") and _is_workflow(value)]


def _is_workflow(value: object) -> bool:
    if isinstance(value, type):
        return issubclass(value, Construct) and value.__module__ == _MODULE
    return isinstance(value, (StateMachine, Construct)) or isinstance(getattr(value, "start_state", None), State)


def _machines(found: object, attribute: str, program: ModuleType | None, name: str, made: list[State]) -> Loaded:
    if (inspect.isfunction(found) or inspect.ismethod(found) or isinstance(found, type)) and not _needs_arguments(
        found
    ):
        with _users_line(name, None):
            found = found()
    machines: dict[str, StateMachine] = {}
    if isinstance(found, StateMachine):
        machines[found.state_machine_name] = found
    elif isinstance(found, Construct):
        machines.update(found.machines)
    with _users_line(name, None):
        built = {key: each.built for key, each in machines.items()}
        if not built and not isinstance(found, (StateMachine, Construct)):
            start = found if isinstance(found, State) else getattr(found, "start_state", None)
            if isinstance(start, State):
                built[attribute.rpartition(".")[2]] = build_start(start)
    if not built:
        known = _workflows(program)
        hint = f"it has {listed(known)}" if known else "it makes none"
        file = name.rpartition(":")[0] or name
        kind = type(found).__name__
        article = "an" if kind[0] in "aeiouAEIOU" else "a"
        what = "makes no StateMachine" if isinstance(found, Construct) else f"is {article} {kind} and no workflow"
        message = f"{attribute} of {file} {what}"
        step = f"name a StateMachine, a chain or a function that returns one: {hint}"
        if program is not None and _is_script(program):
            hint = step = (
                f"{file} is a script; name the file alone, and which of its machines with --machine {attribute}"
            )
        told = Diagnostic("PS701", message, help=step)
        raise InvalidDefinition(f"{message}; {hint}.", [told])
    return Loaded(
        built,
        {key: each.definition_substitutions for key, each in machines.items()},
        {key: each.state_machine_type for key, each in machines.items()},
        tuple(_unused(made, built)),
    )


def _is_script(program: ModuleType) -> bool:
    """Whether it has a word of the script language, whose files are parsed and not run."""
    return any(str(getattr(value, "__module__", "")).startswith("penstock.script") for value in vars(program).values())


def _needs_arguments(value: object) -> bool:
    try:
        parameters = inspect.signature(value).parameters.values()  # type: ignore[arg-type]  # callable, see the caller
    except (TypeError, ValueError):
        return True
    return any(
        each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD) for each in parameters
    )


def _unused(made: list[State], built: Mapping[str, Built]) -> Iterator[Diagnostic]:
    """States that were made and that no machine has. A program may hold workflows that were not asked for: those that lead
    somewhere, or that something leads to, are left alone."""
    used = {id(state) for each in built.values() for state in each.states}
    if not used:
        return
    targets = {id(each) for state in made for each in (*state.ways(), *state.handlers())}
    targets |= {id(each.start_state) for state in made for each in state.inner()}
    for state in made:
        if id(state) in used:
            continue
        yield from (each for each in state.problems if each.is_error)
        leads = any(True for _ in state.ways()) or any(True for _ in state.inner())
        if id(state) not in targets and not leads:
            yield problem(
                "PS746", state.origin, f"no machine uses the state {state.name!r}", help="chain it, or remove it"
            )
