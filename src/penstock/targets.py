"""A TARGET, wherever a workflow is asked for: from what the user named to machines.

`project.py` (a script), `*.asl.json`, `*.asl.yaml`, `*.json`, `-` (a definition), or a definition as a dict; a template of
CloudFormation, SAM or CDK as JSON or YAML; `file.py:name` and `package.module:name` (a workflow composed from objects), or
such an object. Of these only the last two run the user's code, and `static` refuses them.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from penstock.asl.model import UNSET, AnyState, Map, Parallel, StateMachine
from penstock.diagnostics import Diagnostic, Span
from penstock.errors import InvalidDefinition, InvalidInput, TargetNotFound
from penstock.jsontools import Json

if TYPE_CHECKING:
    from penstock.asl.read import Reading
    from penstock.cloudformation import Template
    from penstock.script import Project, ScriptMachine
    from penstock.sfn.load import Loaded
    from penstock.sfn.machine import Construct
    from penstock.sfn.machine import StateMachine as ConstructMachine
    from penstock.sfn.states.base import Chainable

TargetLike: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any] | ConstructMachine | Construct | Chainable"

MAX_BYTES = 16 * 1024 * 1024
"""Nothing longer is read: the readers refuse it anyway, at 1 MiB."""

DEFAULT_MACHINE = "main"

_ENDINGS: dict[str, Literal["json", "yaml"]] = {".json": "json", ".asl": "json", ".yaml": "yaml", ".yml": "yaml"}
_LATER = "comes with a later version of Penstock"


@dataclass(frozen=True, slots=True)
class LoadedMachine:
    """One machine of a target. `definition` is None where it is too broken for the model; `document` is the definition as
    it was written, None for scripts and constructs."""

    name: str
    definition: StateMachine | None
    document: dict[str, Any] | None = None
    script: ScriptMachine | None = None
    functions: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict)
    """Python functions that the tasks of a construct name."""
    substitutions: Mapping[str, str] = field(default_factory=dict)
    reading: Reading | None = None
    """Of a template's machine, as the following: None where `diagnostics` say why there is none."""
    diagnostics: tuple[Diagnostic, ...] = ()
    type: Literal["STANDARD", "EXPRESS"] = "STANDARD"
    logical_id: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What a TARGET holds. `name` is how the user calls it; `folder` where its files and settings are; `diagnostics` what
    reading or compiling it found, machine by machine not told apart; of a template, what is wrong with its functions."""

    name: str
    kind: Literal["script", "definition", "construct", "template"]
    folder: Path
    machines: Mapping[str, LoadedMachine]
    diagnostics: tuple[Diagnostic, ...] = ()
    reading: Reading | None = None
    project: Project | None = None
    path: Path | None = None
    template: Template | None = None

    @property
    def address(self) -> str | None:
        """What names it from any folder; None for a definition or an object that no file holds."""
        if self.path is not None:
            path = str(self.path.absolute())
            return f"{path}:{self.name.rpartition(':')[2]}" if self.kind == "construct" else path
        return self.name if self.kind == "construct" and ":" in self.name else None

    def machine(self, name: str | None = None) -> LoadedMachine:
        """The machine of that name, or of that logical ID in a template; without one `main`, or the only one.

        Raises TargetNotFound, naming what there is; InvalidDefinition where errors, or a template of functions alone, leave none.
        """
        if name is not None and name in self.machines:
            return self.machines[name]
        if name is not None and self.kind == "template":
            found = next((each for each in self.machines.values() if each.logical_id == name), None)
            if found is not None:
                return found
        if name is None and DEFAULT_MACHINE in self.machines:
            return self.machines[DEFAULT_MACHINE]
        if self.kind == "template" and not self.machines:
            raise InvalidDefinition(f"{self.name} is a template without a state machine.", self.diagnostics)
        errors = [each for each in self.diagnostics if each.is_error]
        if self.kind == "script" and errors:  # the machine may be missing because of them
            raise InvalidDefinition(_sentence(self.name, errors), self.diagnostics)
        own = [m for m in self.machines.values() if m.script is None or m.script.is_first_class]
        if len(own) == 1 and (name is None or (self.kind != "script" and name == DEFAULT_MACHINE)):
            return own[0]
        listed = ", ".join(self.machines) or "none"
        if name is None:
            raise TargetNotFound(
                f"{self.name} has several state machines and none is called main; pick one with --machine: {listed}.",
                target=DEFAULT_MACHINE,
            )
        close = get_close_matches(name, self.machines, 1)
        hint = f"did you mean {close[0]}?" if close else f"it has {listed}."
        raise TargetNotFound(f"{self.name} has no state machine {name!r}; {hint}", target=name)


def open_target(
    target: TargetLike,
    *,
    stdin: bytes | None = None,
    static: bool = False,
    parameters: Mapping[str, str] | None = None,
) -> Target:
    """Reads a target. Anything that can be read is returned, with its diagnostics. `static`: no code of the user's is run,
    and what would need it is refused.

    `parameters` are a template's. Raises TargetNotFound for what is not there, InvalidDefinition for what cannot be read at
    all: not text, not Python, not JSON or YAML, not an object; InvalidInput for parameters of what is no template. `stdin` is
    what `-` means; by default the standard input is read.
    """
    opened = _opened(target, stdin, parameters or {}, static=static)
    if parameters and opened.kind != "template":
        raise InvalidInput(
            f"{opened.name} is no template, so it has no parameters; ${{K}} are filled in with --var K=V."
        )
    return opened


def _opened(target: TargetLike, stdin: bytes | None, parameters: Mapping[str, str], *, static: bool) -> Target:
    if isinstance(target, Mapping):
        return _definition_of(target, "<definition>", parameters)
    if not isinstance(target, (str, os.PathLike)):
        return _object(target)
    name = os.fspath(target)
    construct = _CONSTRUCT.fullmatch(name)
    if construct is not None and not Path(name).exists():
        return _construct(construct["module"], construct["attribute"], name, static=static)
    if name == "-":
        data = _stdin() if stdin is None else stdin
        return _definition(_limited(data, "<stdin>"), "<stdin>", Path.cwd(), None, None, parameters)
    path = Path(name)
    data = _read_file(path, name)
    suffix = path.suffix.lower()
    if suffix == ".py":
        return _script(data, name, path)
    if suffix in _ENDINGS:
        return _definition(data, name, path.parent, _ENDINGS[suffix], path, parameters)
    if suffix == ".template" or data.lstrip()[:1] == b"{":
        return _definition(data, name, path.parent, "json" if data.lstrip()[:1] == b"{" else "yaml", path, parameters)
    raise InvalidDefinition(
        f"{name} has no ending that says what it is; a script ends in .py, a definition in .asl.json, .asl.yaml or .json."
    )


def read_source(path: Path, name: str) -> bytes:
    """The bytes of a file a user named. Raises TargetNotFound with one sentence for every way this can fail."""
    return _read_file(path, name)


def _stdin() -> bytes:
    try:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or error
        raise TargetNotFound(f"stdin cannot be read: {reason}. Name a file in place of -.", target="-") from None


def _read_file(path: Path, name: str) -> bytes:
    if not name:
        raise TargetNotFound("The target is an empty text; name a file.", target=name)
    try:
        with path.open("rb") as stream:
            return _limited(stream.read(MAX_BYTES + 1), name)
    except FileNotFoundError:
        raise _missing(path, name) from None
    except IsADirectoryError:
        scripts = sorted(each.name for each in path.glob("*.py"))[:1]
        hint = f"name a file in it, such as {Path(name) / scripts[0]}." if scripts else "name a file in it."
        raise TargetNotFound(f"{name} is a folder; {hint}", target=name) from None
    except PermissionError:
        raise TargetNotFound(f"{name} may not be read by this user; change its permissions.", target=name) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise TargetNotFound(f"{name!r} cannot be read: {reason}.", target=name) from None


def _missing(path: Path, name: str) -> TargetNotFound:
    if name.startswith("arn:"):
        return TargetNotFound(
            f"{name} is no file but something of a server's or AWS's. Save its definition (aws stepfunctions describe-state-machine) "
            "and name that file.",
            target=name,
        )
    close = []
    if path.parent.is_dir():
        try:
            close = get_close_matches(path.name, [each.name for each in path.parent.iterdir()], 1)
        except OSError:
            close = []
    hint = f"did you mean {path.parent / close[0]}?" if close else "check the path."
    return TargetNotFound(f"There is no file {name}; {hint}", target=name)


def _limited(data: bytes, name: str) -> bytes:
    if len(data) > MAX_BYTES:
        raise InvalidDefinition(f"{name} is longer than {MAX_BYTES // 1024 // 1024} MiB, which no definition may be.")
    return data


# -- constructs ----------------------------------------------------------------------------------------------------------

_CONSTRUCT = re.compile(r"(?P<module>.*\.py|[A-Za-z_]\w*(?:\.\w+)*):(?P<attribute>[A-Za-z_]\w*(?:\.\w+)*)")


def _construct(module: str, attribute: str, name: str, *, static: bool) -> Target:
    if static:
        raise InvalidDefinition(
            f"{name} is a workflow that Python code composes, so the code would have to be run, and --static refuses that."
        )
    if module.endswith(".py"):
        _read_file(Path(module), module)  # for one sentence where it cannot be read
    from penstock.sfn.load import load_construct

    loaded = load_construct(module, attribute, name=name)
    path = Path(module) if module.endswith(".py") else None
    return _loaded_construct(loaded, name, path.parent if path is not None else Path.cwd(), path)


def _object(target: object) -> Target:
    # Whoever has such an object has imported its classes.
    if "penstock.sfn" in sys.modules:
        from penstock.sfn import Construct, State, StateMachine
        from penstock.sfn.load import load_object

        is_state = isinstance(target, State) or isinstance(getattr(target, "start_state", None), State)
        if is_state or isinstance(target, (StateMachine, Construct)):
            name = getattr(target, "state_machine_name", None) or getattr(target, "id", None) or "StateMachine"
            return _loaded_construct(load_object(target, name=name), str(name), Path.cwd(), None)
    raise InvalidDefinition(
        f"A target is a path or a definition as a dict, or a workflow of penstock.sfn, not {type(target).__name__}; see the "
        "list in the documentation."
    )


def _loaded_construct(loaded: Loaded, name: str, folder: Path, path: Path | None) -> Target:
    machines = {
        key: LoadedMachine(
            key,
            built.machine,
            functions=built.functions,
            substitutions=loaded.substitutions.get(key, {}),
            type=loaded.types[key].value if key in loaded.types else "STANDARD",
        )
        for key, built in loaded.machines.items()
    }
    found = dict.fromkeys(each for built in loaded.machines.values() for each in built.diagnostics)
    found.update(dict.fromkeys(loaded.diagnostics))
    diagnostics = sorted(found, key=lambda each: (each.span.source.name, each.span.line) if each.span else ("", 0))
    return Target(name, "construct", folder, machines, tuple(diagnostics), path=path)


# -- scripts ------------------------------------------------------------------------------------------------------------

_UNREADABLE = ("PS001", "PS002", "PS003", "PS004", "PS005", "PS006")
"""Codes of a file that cannot be read as a script at all (script/codes.py, "Reading the file")."""


def _script(data: bytes, name: str, path: Path) -> Target:
    from penstock.script import compile_project

    project = compile_project(data, name=name)
    diagnostics = tuple(project.diagnostics)
    errors = [each for each in diagnostics if each.is_error]
    if errors and re.search(rb"^\s*(?:from|import) penstock(?:\.sfn\b| import .*\bsfn\b)", data, re.MULTILINE):
        raise InvalidDefinition(
            f"{name} composes a workflow from objects; name the one that is meant, such as {name}:machine.",
            diagnostics[:0],
        )
    if errors and b"FlowSpec" in data and re.search(rb"^class \w+\(.*\bFlowSpec\b", data, re.MULTILINE):
        raise InvalidDefinition(f"{name} is a flow (a FlowSpec class), and running those {_LATER}.", diagnostics)
    if any(each.code in _UNREADABLE for each in errors) or (errors and not project.machines):
        raise InvalidDefinition(_sentence(name, errors), diagnostics)
    machines = {each: LoadedMachine(each, m.definition, None, m) for each, m in project.machines.items()}
    return Target(name, "script", path.parent, machines, diagnostics, project=project, path=path)


def _sentence(name: str, errors: list[Diagnostic]) -> str:
    first = errors[0]
    place = str(first.span) if first.span else name
    more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{place}: {first.message.rstrip('.')}.{more}"


# -- definitions --------------------------------------------------------------------------------------------------------


def _definition(
    data: bytes,
    name: str,
    folder: Path,
    language: Literal["json", "yaml"] | None,
    path: Path | None,
    parameters: Mapping[str, str],
) -> Target:
    from penstock.asl.read import read

    if not data.strip():
        raise InvalidDefinition(f"{name} is empty; a definition is a JSON object with StartAt and States.")
    if b"Resources" in data:
        from penstock.cloudformation import looks_like_template

        text = data.decode("utf-8-sig", "replace")
        yaml = language == "yaml" or (language is None and text.lstrip()[:1] != "{")
        if looks_like_template(text, yaml=yaml):
            return _template(text, name, folder, path, yaml=yaml, parameters=parameters)
    return _reading_target(read(data, name=name, format=language), name, folder, path)


def _template(
    text: str, name: str, folder: Path, path: Path | None, *, yaml: bool, parameters: Mapping[str, str]
) -> Target:
    from penstock.cloudformation import read_template
    from penstock.config import load_settings

    template = read_template(
        text, name=name, folder=folder, yaml=yaml, settings=load_settings(folder), parameters=parameters
    )
    if not template.machines and not template.functions:
        raise InvalidDefinition(f"{name} is a template without a state machine or a function.", template.diagnostics)
    machines: dict[str, LoadedMachine] = {}
    for each in template.machines.values():
        reading = each.reading
        document = reading.document if reading is not None and isinstance(reading.document, dict) else None
        definition = reading.machine if reading is not None else None
        machines[each.name] = LoadedMachine(
            each.name,
            definition,
            document,
            reading=reading if document is not None else None,
            diagnostics=each.diagnostics,
            type=each.type,
            logical_id=each.logical_id,
        )
    return Target(name, "template", folder, machines, template.diagnostics, path=path, template=template)


def _definition_of(document: Mapping[str, Any], name: str, parameters: Mapping[str, str]) -> Target:
    from penstock.asl.read import read_document

    try:
        # A copy: what the caller does with the dict later must not change the machine.
        copy = json.loads(json.dumps(dict(document), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidDefinition(f"The definition is not JSON: {error}.") from None
    if "Resources" in copy and not {"StartAt", "States"} & copy.keys():
        return _template(json.dumps(copy), "<template>", Path.cwd(), None, yaml=False, parameters=parameters)
    return _reading_target(read_document(copy, name=name), name, Path.cwd(), None)


def _reading_target(reading: Reading, name: str, folder: Path, path: Path | None) -> Target:
    diagnostics, document = tuple(reading.diagnostics), reading.document
    if not isinstance(document, dict):
        errors = [each for each in diagnostics if each.is_error]
        message = _sentence(name, errors) if errors else f"{name} is not a JSON object with StartAt and States."
        raise InvalidDefinition(message, diagnostics)
    called = machine_name(path.name if path is not None else "StateMachine")
    loaded = LoadedMachine(called, reading.machine, document)
    return Target(name, "definition", folder, {called: loaded}, diagnostics, reading=reading, path=path)


def machine_name(file_name: str) -> str:
    """A name AWS accepts, from a file's: `order flow.asl.json` → `order-flow`."""
    stem = re.sub(r"\.(asl\.)?(json|yaml|yml|asl)$", "", file_name, flags=re.IGNORECASE)
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:80] or "StateMachine"


# -- substitutions ------------------------------------------------------------------------------------------------------

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9_.:]{1,255})\}")


def placeholders(value: Json) -> list[str]:
    """The names in `${…}` anywhere in `value`, in order, each once."""
    found: dict[str, None] = {}
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, str):
            if "${" in each:
                found.update(dict.fromkeys(_PLACEHOLDER.findall(each)))
        elif isinstance(each, dict):
            stack.extend(reversed(list(each.values())))
        elif isinstance(each, (list, tuple)):
            stack.extend(reversed(each))
    return list(found)


def spans_of(machine: StateMachine, reading: Reading | None) -> dict[str, Span]:
    """Where the user wrote each state, by its name: what a front end noted, or the place of the key in a definition."""
    spans: dict[str, Span] = {}
    stack: list[tuple[StateMachine, tuple[str | int, ...]]] = [(machine, ())]
    while stack:
        each, keys = stack.pop()
        for name, state in each.states.items():
            here = (*keys, "States", name)
            span = state.span
            if span is None and reading is not None and reading.positions is not None:
                span = reading.positions.span(here, "key")
            if span is not None:
                spans.setdefault(name, span)
            if isinstance(state, Parallel) and state.branches is not UNSET:
                stack += [(branch, (*here, "Branches", number)) for number, branch in enumerate(state.branches)]
            elif isinstance(state, Map) and state.processor is not None:
                key = "ItemProcessor" if state.item_processor is not UNSET else "Iterator"
                stack.append((state.processor, (*here, key)))
    return spans


def with_spans(machine: StateMachine, origin: StateMachine) -> StateMachine:
    """`machine` with the spans of `origin`, which has the same states: where the user wrote what was substituted."""
    states: dict[str, AnyState] = {}
    for name, state in machine.states.items():
        first = origin.states.get(name)
        if first is None:
            states[name] = state
            continue
        changes: dict[str, Any] = {"span": first.span}
        if isinstance(state, Parallel) and isinstance(first, Parallel):
            if state.branches is not UNSET and first.branches is not UNSET:
                pairs = zip(state.branches, first.branches, strict=True)
                changes["branches"] = tuple(with_spans(a, b) for a, b in pairs)
        elif isinstance(state, Map) and isinstance(first, Map):
            for key in ("item_processor", "iterator"):
                a, b = getattr(state, key), getattr(first, key)
                if a is not UNSET and b is not UNSET:
                    changes[key] = with_spans(a, b)
        states[name] = replace(state, **changes)
    return replace(machine, states=states, span=origin.span)
