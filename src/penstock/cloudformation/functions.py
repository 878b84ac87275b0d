"""A function of a template, as Lambda on this machine takes it.

Source: CloudFormation reference, AWS::Lambda::Function; SAM reference, AWS::Serverless::Function.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penstock.cloudformation.codes import CANNOT_RUN, SHAPE
from penstock.cloudformation.files import Files, elsewhere
from penstock.cloudformation.resolve import NO_VALUE, Keys, Resolver, Unresolved
from penstock.cloudformation.resources import (
    FUNCTION,
    LAMBDA_ALIAS,
    LAYERS,
    SERVERLESS_LAYER,
)
from penstock.services.lambda_.records import Registration, is_function_name

DEFAULT_TIMEOUT = 3
DEFAULT_MEMORY = 128


@dataclass(frozen=True, slots=True)
class Found:
    """A function, and what is wrong with it: it is there all the same, and a call of it says why it cannot run."""

    registration: Registration
    problems: tuple[Unresolved, ...]


@dataclass(frozen=True, slots=True)
class _Code:
    root: Path
    source: str | None = None
    archive: Path | None = None


def read_function(
    logical: str, type_name: str, properties: Mapping[str, Any], resolver: Resolver, files: Files
) -> Found:
    """Raises Unresolved for a function whose name cannot be told."""
    reader = _Reader(logical, type_name, properties, resolver, files)
    return reader.read()


class _Reader:
    def __init__(
        self, logical: str, type_name: str, properties: Mapping[str, Any], resolver: Resolver, files: Files
    ) -> None:
        self._logical = logical
        self._type = type_name
        self._properties = properties
        self._resolver = resolver
        self._files = files
        self._keys: Keys = ("Resources", logical, "Properties")
        self._problems: list[Unresolved] = []

    def read(self) -> Found:
        name = self._resolver.name(self._logical)
        if "FunctionName" in self._properties and not is_function_name(name):  # AWS shortens names that it makes up
            words = f"A function's name has up to 64 letters, digits, - and _; {name!r} has not. Give it another FunctionName."
            self._problems.append(Unresolved(SHAPE, words, (*self._keys, "FunctionName")))
        runtime = self._optional("Runtime", str, "")
        handler = self._optional("Handler", str, "")
        problem: str | None = None
        code = _Code(self._files.folder)
        if self._optional("PackageType", str, "Zip") == "Image":
            problem = self._cannot("is a container image, and Penstock runs no containers", "PackageType")
        elif not runtime.startswith("python"):
            has = f"the runtime {runtime}" if runtime else "no Runtime"
            problem = self._cannot(f"has {has}, and Penstock runs Python functions only", "Runtime")
        else:
            try:
                code = self._code(handler)
                if not handler:
                    raise Unresolved(SHAPE, f"The function {self._logical} has no Handler.", self._keys)
            except Unresolved as error:
                self._problems.append(error)
                problem = f"The function {self._logical} cannot run here: {error}"
        search, layers, hint = self._layers()
        registration = Registration(
            name=name,
            handler=handler,
            root=code.root,
            source=code.source,
            archive=code.archive,
            search=search,
            runtime=runtime or "python3.13",
            timeout=self._number("Timeout", DEFAULT_TIMEOUT, 1, 900),
            memory=self._number("MemorySize", DEFAULT_MEMORY, 128, 10_240),
            environment=self._environment(),
            description=self._optional("Description", str, ""),
            layers=layers,
            aliases=tuple(self._aliases()),
            problem=problem,
            hint=hint,
        )
        return Found(registration, tuple(self._problems))

    # ---- its code

    def _code(self, handler: str) -> _Code:
        if self._type == FUNCTION:
            return self._plain_code()
        inline = self._value("InlineCode")
        if isinstance(inline, str):
            return _Code(self._files.folder, source=inline)
        uri = self._value("CodeUri")
        here: Keys = (*self._keys, "CodeUri")
        if uri is None:
            return _Code(self._files.folder)
        if isinstance(uri, dict):
            return self._from_bucket(uri.get("Bucket"), uri.get("Key"), here)
        if not isinstance(uri, str):
            raise Unresolved(SHAPE, "CodeUri is the path of a folder or of an archive.", here)
        return self._local(self._files.path(uri, here, "folder of code"))

    def _plain_code(self) -> _Code:
        code = self._value("Code")
        here: Keys = (*self._keys, "Code")
        if isinstance(code, str):  # what `aws cloudformation package` takes
            return self._local(self._files.path(code, here, "folder of code"))
        if not isinstance(code, dict):
            raise Unresolved(SHAPE, f"The function {self._logical} has no Code.", here)
        if isinstance(code.get("ZipFile"), str):
            return _Code(self._files.folder, source=code["ZipFile"])
        return self._from_bucket(code.get("S3Bucket"), code.get("S3Key"), here)

    def _from_bucket(self, bucket: Any, key: Any, keys: Keys) -> _Code:
        path = self._files.asset(key, keys, "asset") if isinstance(key, str) else None
        if path is None:
            # Older versions of CDK name the object by parameters; the resource says where the asset was.
            metadata = self._resolver.resources[self._logical].get("Metadata")
            told = metadata.get("aws:asset:path") if isinstance(metadata, dict) else None
            if isinstance(told, str):
                path = self._files.path(told, keys, "asset")
        if path is None:
            raise elsewhere(f"The code is in s3://{bucket}/{key}", keys)
        return self._local(path)

    @staticmethod
    def _local(path: Path) -> _Code:
        return _Code(path) if path.is_dir() else _Code(path.parent, archive=path)

    # ---- layers

    def _layers(self) -> tuple[tuple[Path, ...], tuple[str, ...], str | None]:
        """Folders to import from, the layers' ARNs, and what to say where something cannot be imported."""
        given = self._properties.get("Layers")
        search: list[Path] = []
        arns: list[str] = []
        missing: list[str] = []
        for number, each in enumerate(given if isinstance(given, list) else []):
            keys: Keys = (*self._keys, "Layers", number)
            logical = each.get("Ref") if isinstance(each, dict) else None
            try:
                arns.append(self._resolver.text(each, keys, "A layer"))
                folder = self._layer(logical) if isinstance(logical, str) else None
            except Unresolved as error:
                self._problems.append(error)
                continue
            if folder is None:
                missing.append(arns[-1])
            else:
                search += [folder / "python", folder]
        hint = None
        if missing:
            hint = f"The layer {', '.join(missing)} is not on this machine: install what it holds with pip."
        return tuple(search), tuple(arns), hint

    def _layer(self, logical: str) -> Path | None:
        """The folder of a layer of the same template."""
        resource = self._resolver.resources.get(logical)
        if not isinstance(resource, dict) or str(resource.get("Type")) not in LAYERS:
            return None
        properties = resource.get("Properties")
        properties = properties if isinstance(properties, dict) else {}
        member = "ContentUri" if resource["Type"] == SERVERLESS_LAYER else "Content"
        keys: Keys = ("Resources", logical, "Properties", member)
        content = self._resolver.value(properties.get(member), keys)
        if isinstance(content, dict):
            key = content.get("S3Key") or content.get("Key")
            path = self._files.asset(key, keys, "asset") if isinstance(key, str) else None
        else:
            path = self._files.path(content, keys, "folder of a layer") if isinstance(content, str) else None
        return path if path is not None and path.is_dir() else None

    # ---- settings

    def _environment(self) -> dict[str, str]:
        environment = self._properties.get("Environment")
        variables = environment.get("Variables") if isinstance(environment, dict) else None
        found: dict[str, str] = {}
        for name, value in variables.items() if isinstance(variables, dict) else ():
            keys: Keys = (*self._keys, "Environment", "Variables", name)
            try:
                given = self._resolver.value(value, keys)
                if given is not NO_VALUE:
                    found[name] = self._resolver.text(given, keys, f"The variable {name}")
            except Unresolved as error:
                self._problems.append(error)  # the function runs without it
        return found

    def _aliases(self) -> Iterator[str]:
        try:
            own = self._value("AutoPublishAlias")
            if isinstance(own, str):
                yield own
            for logical, resource in self._resolver.resources.items():
                if isinstance(resource, dict) and resource.get("Type") == LAMBDA_ALIAS:
                    properties = resource.get("Properties")
                    properties = properties if isinstance(properties, dict) else {}
                    keys: Keys = ("Resources", logical, "Properties")
                    whose = self._resolver.value(properties.get("FunctionName"), (*keys, "FunctionName"))
                    if whose in (self._resolver.name(self._logical), self._resolver.arn(self._logical)):
                        yield self._resolver.text(properties.get("Name"), (*keys, "Name"), "Name")
        except Unresolved as error:
            self._problems.append(error)

    def _number(self, member: str, default: int, least: int, most: int) -> int:
        found = self._optional(member, object, default)
        if isinstance(found, str) and found.isascii() and found.isdigit():
            found = int(found)
        if isinstance(found, bool) or not isinstance(found, int) or not least <= found <= most:
            words = f"{member} is a number from {least} to {most}; {found!r} is not."
            self._problems.append(Unresolved(SHAPE, words, (*self._keys, member)))
            return default
        return found

    def _optional(self, member: str, kind: type, default: Any) -> Any:
        try:
            found = self._value(member)
        except Unresolved as error:
            self._problems.append(error)
            return default
        return found if found is not None and isinstance(found, kind) else default

    def _value(self, member: str) -> Any:
        if member not in self._properties:
            return None
        found = self._resolver.value(self._properties[member], (*self._keys, member))
        return None if found is NO_VALUE else found

    def _cannot(self, why: str, member: str) -> str:
        words = f"The function {self._logical} {why}."
        self._problems.append(Unresolved(CANNOT_RUN, words, (*self._keys, member)))
        return f"{words[:-1]}: mock the states that call it."
