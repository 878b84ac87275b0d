"""Typed tasks for AWS services, as a Python module made of botocore's models: `penstock services s3 dynamodb:query`.

A class an action, an argument a parameter, a TypedDict a structure; documentation is botocore's first sentence. The module is
the user's, beside the program; it imports nothing but `penstock.sfn`.
"""

from __future__ import annotations

import html
import keyword
import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from penstock.asl.aws_names import member_name, pascal_case
from penstock.diagnostics.words import did_you_mean
from penstock.errors import MissingRequirement, UsageError
from penstock.sfn.services import (
    java_service,
    known_services,
    operation,
    parameters,
    required,
    service_model,
)

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel, Shape

_HEAD = '''"""Tasks for {services}, made by `penstock services` of botocore {version}; not to be changed by hand."""

# ruff: noqa
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict, Unpack

from penstock.sfn.states.task import ServiceOptions
from penstock.sfn.tasks.aws_service import CallAwsService
'''

_SCALARS = {
    "string": "str",
    "character": "str",
    "blob": "Any",
    "timestamp": "str",
    "integer": "int",
    "long": "int",
    "float": "float",
    "double": "float",
    "boolean": "bool",
}


def write_services(wanted: Sequence[str]) -> str:
    """The module for these services (`s3`) and actions (`dynamodb:query`). Raises UsageError for what AWS does not have."""
    if not known_services():
        raise MissingRequirement(
            "Tasks for AWS services are made of botocore's models; install penstock[aws].", requirement="botocore"
        )
    import botocore

    writer = _Writer()
    names: list[str] = []
    for text in wanted:
        service, _, action = text.partition(":")
        model = service_model(service) or service_model(service.replace("_", "-"))
        if model is None:
            near = did_you_mean(service, known_services())
            hint = f"did you mean {near}?" if near else "it is botocore's name, or Step Functions'."
            raise UsageError(f"There is no AWS service {service!r}; {hint}")
        names.append(text)
        for called in _operations(model, action):
            writer.action(model, called)
    head = _HEAD.format(services=", ".join(names), version=botocore.__version__)
    return head + "".join(writer.structures.values()) + "".join(writer.classes)


def _operations(model: ServiceModel, action: str) -> Iterable[OperationModel]:
    if not action:
        return [model.operation_model(name) for name in model.operation_names]
    called = operation(model, "".join(part[:1].upper() + part[1:] for part in action.split("_")))
    if called is None:
        near = did_you_mean(action, [name[:1].lower() + name[1:] for name in model.operation_names])
        raise UsageError(f"{model.service_name} has no action {action!r}; {f'did you mean {near}?' if near else ''}")
    return [called]


class _Writer:
    def __init__(self) -> None:
        self.structures: dict[str, str] = {}
        self.classes: list[str] = []

    def action(self, model: ServiceModel, called: OperationModel) -> None:
        java = java_service(str(model.service_name))
        prefix = pascal_case(str(model.service_id))
        given = parameters(called)
        needed = [name for name in given if name in required(called)]
        ordered = [*needed, *(name for name in given if name not in needed)]
        action = called.name[:1].lower() + called.name[1:]
        lines = [
            f"\n\nclass {prefix}{called.name}(CallAwsService):",
            f'    """{_sentence(called.documentation)}"""',
            "",
        ]
        lines += ["    def __init__(", "        self,", "        id: str,"]
        if ordered:
            lines.append("        *,")
        plain = [name for name in ordered if name.isidentifier() and not keyword.iskeyword(name)]
        for name in plain:
            kind = self.kind(given[name], prefix)
            lines.append(f"        {name}: {kind}," if name in needed else f"        {name}: {kind} | None = None,")
        lines += ["        **options: Unpack[ServiceOptions],", "    ) -> None:"]
        lines.append(f"        given: dict[str, Any] = {{{', '.join(f'{name!r}: {name}' for name in plain)}}}")
        lines += [
            "        super().__init__(",
            "            id,",
            f"            service={java!r},",
            f"            action={action!r},",
            "            parameters={name: value for name, value in given.items() if value is not None},",
            "            **options,",
            "        )",
        ]
        self.classes.append("\n".join(lines) + "\n")

    def kind(self, shape: Shape, prefix: str) -> str:
        """The Python type of a parameter; structures are written on the way, once each."""
        if shape.type_name == "structure":
            return self.structure(shape, prefix)
        if shape.type_name == "list":
            return f"Sequence[{self.kind(shape.member, prefix)}]"
        if shape.type_name == "map":
            return f"Mapping[str, {self.kind(shape.value, prefix)}]"
        words = getattr(shape, "enum", None)
        if words:
            # A value may also come out of the data, or be newer than the model.
            return f"Literal[{', '.join(repr(word) for word in words)}] | str"
        return _SCALARS.get(shape.type_name, "Any")

    def structure(self, shape: Shape, prefix: str) -> str:
        if not shape.members or getattr(shape, "is_document_type", False):
            return "Mapping[str, Any]"
        name = f"{prefix}{shape.name[:1].upper()}{shape.name[1:]}"
        if name not in self.structures:
            self.structures[name] = ""  # a structure may hold itself
            members = [
                f"    {member_name(key)!r}: {self.kind(member, prefix)!r}," for key, member in shape.members.items()
            ]
            self.structures[name] = f"\n{name} = TypedDict({name!r}, {{\n" + "\n".join(members) + "\n}, total=False)\n"
        return name


def _sentence(documentation: str) -> str:
    plain = html.unescape(re.sub(r"<[^>]*>", " ", documentation or ""))
    plain = re.sub(r"\s+", " ", plain).strip()
    first = re.split(r"(?<=[.!?]) ", plain, maxsplit=1)[0] if plain else "No description."
    return textwrap.shorten(first, 110, placeholder=" …").replace("\\", "\\\\").replace('"', "'")
