"""Intrinsic functions, parameters and conditions of a template, resolved as far as they can be before a deployment.

Source: CloudFormation User Guide, "Intrinsic function reference", "Pseudo parameters reference".
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from penstock.cloudformation.codes import NAME, SHAPE, UNKNOWN
from penstock.cloudformation.resources import (
    FUNCTIONS,
    KINDS,
    LAMBDA_ALIAS,
    LAMBDA_VERSION,
    MACHINE_ALIAS,
    MACHINE_VERSION,
    MACHINES,
    OTHER,
    SERVERLESS_FUNCTION,
    SERVERLESS_MACHINE,
)
from penstock.jsontools import Json, dumps_text

NO_VALUE: Final[Any] = object()
"""What Ref AWS::NoValue gives: the property, or the item, is not there."""

Keys = tuple[str | int, ...]

_REFERENCE: Final = re.compile(r"\$\{(!?)([^{}]*)\}")
_DEPTH: Final = 100


class Unresolved(Exception):
    """A value that cannot be had. `keys` lead to its place in the template; `others` cannot be had either."""

    def __init__(self, code: str, message: str, keys: Keys, help: str | None = None) -> None:  # noqa: A002
        super().__init__(message)
        self.code = code
        self.keys = keys
        self.help = help
        self.others: tuple[Unresolved, ...] = ()


class Resolver:
    """`document` is the template; `given` are values for its parameters, and for exports of other stacks by their names."""

    def __init__(
        self,
        document: Mapping[str, Any],
        *,
        given: Mapping[str, str],
        region: str,
        account: str,
        stack: str,
    ) -> None:
        self._document = document
        self._given = given
        partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
        self.places = {"region": region, "account": account, "partition": partition}
        self._pseudo: dict[str, Json] = {
            "AWS::AccountId": account,
            "AWS::NotificationARNs": [],
            "AWS::Partition": partition,
            "AWS::Region": region,
            "AWS::StackId": f"arn:{partition}:cloudformation:{region}:{account}:stack/{stack}/local",
            "AWS::StackName": stack,
            "AWS::URLSuffix": "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com",
        }
        self.parameters = _section(document, "Parameters")
        self.resources = _section(document, "Resources")
        self._conditions = _section(document, "Conditions")
        self._mappings = _section(document, "Mappings")
        self._decided: dict[str, bool] = {}
        self._open: list[str] = []
        """What is being resolved now: conditions and names of resources, to notice those that need themselves."""

    # ---- values

    def value(self, value: Json, keys: Keys = ()) -> Any:
        """`value` with everything in it resolved; NO_VALUE where it is not there. Raises Unresolved."""
        if len(keys) > _DEPTH:
            raise Unresolved(SHAPE, f"The template nests deeper than {_DEPTH} levels here.", keys)
        if isinstance(value, dict):
            if len(value) == 1:
                ((name, arguments),) = value.items()
                if name == "Ref":
                    return self._ref(arguments, keys)
                if name == "Condition" and isinstance(arguments, str) and keys[:1] != ("Resources",):
                    return self.condition(arguments, keys)
                if name.startswith("Fn::"):
                    return self._function(name, arguments, (*keys, name))
            resolved = {key: self.value(each, (*keys, key)) for key, each in value.items()}
            return {key: each for key, each in resolved.items() if each is not NO_VALUE}
        if isinstance(value, list):
            items = [self.value(each, (*keys, number)) for number, each in enumerate(value)]
            return [each for each in items if each is not NO_VALUE]
        return value

    def text(self, value: Json, keys: Keys, what: str) -> str:
        """The same for something that is to be a text. Raises Unresolved."""
        found = self.value(value, keys)
        if isinstance(found, bool):
            return "true" if found else "false"
        if isinstance(found, int | float):
            return str(found)
        if not isinstance(found, str):
            raise Unresolved(SHAPE, f"{what} is a text; this is {_kind(found)}.", keys)
        return found

    def condition(self, name: str, keys: Keys) -> bool:
        """Whether a condition of the template holds. Raises Unresolved."""
        known = self._decided.get(name)
        if known is not None:
            return known
        if name not in self._conditions:
            raise self._no_name("condition", name, self._conditions, keys)
        with _Opened(self._open, f"condition {name}", keys):
            found = self.value(self._conditions[name], ("Conditions", name))
        if not isinstance(found, bool):
            raise Unresolved(SHAPE, f"The condition {name} is neither true nor false.", ("Conditions", name))
        self._decided[name] = found
        return found

    def exists(self, logical: str) -> bool:
        """Whether the template makes a resource: it has it, and its condition holds. Raises Unresolved."""
        resource = self.resources.get(logical)
        if not isinstance(resource, dict):
            return False
        condition = resource.get("Condition")
        return not isinstance(condition, str) or self.condition(condition, ("Resources", logical, "Condition"))

    # ---- resources

    def name(self, logical: str) -> str:
        """The physical name of a resource: what its property says, or else the logical ID. Raises Unresolved."""
        kind = KINDS.get(self._type(logical), OTHER)
        properties = self.resources[logical].get("Properties")
        if not kind.name or not isinstance(properties, dict) or kind.name not in properties:
            return logical.lower() if self._type(logical) == "AWS::S3::Bucket" else logical
        keys: Keys = ("Resources", logical, "Properties", kind.name)
        with _Opened(self._open, f"name of {logical}", keys):
            found = self.value(properties[kind.name], keys)
        return logical if found is NO_VALUE else self.text(found, keys, kind.name)

    def arn(self, logical: str) -> str:
        """Raises Unresolved for a resource that has none, as far as is known."""
        kind = KINDS.get(self._type(logical), OTHER)
        if not kind.arn:
            raise Unresolved(UNKNOWN, _only_deployed(logical, self._type(logical), "Arn"), ())
        return kind.arn.format(name=self.name(logical), **self.places)

    def _type(self, logical: str) -> str:
        found = self.resources[logical].get("Type")
        return found if isinstance(found, str) else ""

    def _ref(self, name: Json, keys: Keys) -> Any:
        if not isinstance(name, str):
            raise Unresolved(SHAPE, "Ref takes the name of a parameter or a resource.", keys)
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self.parameters:
            return self._parameter(name, keys)
        if self.exists(name):
            return self._reference(name, keys)
        implicit = self._implicit(name, None, keys)
        if implicit is not None:
            return implicit
        if name in self.resources:
            raise Unresolved(NAME, f"The resource {name} is not there: its condition does not hold.", keys)
        known = {**self.parameters, **self.resources, **self._pseudo}
        raise self._no_name("parameter or resource", name, known, keys)

    def _reference(self, logical: str, keys: Keys) -> str:
        kind = self._type(logical)
        properties = self.resources[logical].get("Properties") or {}
        owner = {LAMBDA_VERSION: "FunctionName", LAMBDA_ALIAS: "FunctionName", MACHINE_VERSION: "StateMachineArn"}.get(
            kind
        )
        here: Keys = ("Resources", logical, "Properties")
        if owner is not None and isinstance(properties, dict):
            whose = self.text(properties.get(owner), (*here, owner), owner)
            if ":" not in whose:
                whose = f"arn:{self.places['partition']}:lambda:{self.places['region']}:{self.places['account']}:function:{whose}"
            if kind == LAMBDA_ALIAS:
                return f"{whose}:{self.text(properties.get('Name'), (*here, 'Name'), 'Name')}"
            return f"{whose}:1"
        if kind == MACHINE_ALIAS and isinstance(properties, dict):
            routes = self.value(properties.get("RoutingConfiguration"), here)
            version = routes[0].get("StateMachineVersionArn") if isinstance(routes, list) and routes else None
            if isinstance(version, str):
                return f"{version.rpartition(':')[0]}:{self.text(properties.get('Name'), (*here, 'Name'), 'Name')}"
            raise Unresolved(UNKNOWN, _only_deployed(logical, kind, "Ref"), keys)
        found = KINDS.get(kind, OTHER)
        return found.ref.format(name=self.name(logical), arn=self.arn(logical) if found.arn else "", **self.places)

    def _implicit(self, name: str, attribute: str | None, keys: Keys) -> str | None:
        """What SAM makes beside a function or a machine: `Fn.Alias`, `Fn.Version`, `FnRole`."""
        logical, _, what = name.partition(".")
        if what in ("Alias", "Version") and logical in self.resources and self._type(logical) == SERVERLESS_FUNCTION:
            alias = (self.resources[logical].get("Properties") or {}).get("AutoPublishAlias")
            if alias is not None:
                place: Keys = ("Resources", logical, "Properties", "AutoPublishAlias")
                qualifier = self.text(alias, place, "AutoPublishAlias") if what == "Alias" else "1"
                return f"{self.arn(logical)}:{qualifier}"
        owner = name.removesuffix("Role")
        if owner != name and owner in self.resources and self._type(owner) in (SERVERLESS_FUNCTION, SERVERLESS_MACHINE):
            arn = f"arn:{self.places['partition']}:iam::{self.places['account']}:role/{name}"
            return name if attribute is None else arn if attribute == "Arn" else None
        return None

    def _attribute(self, logical: str, attribute: str, keys: Keys) -> str:
        if not self.exists(logical):
            implicit = self._implicit(logical, attribute, keys)
            if implicit is not None:
                return implicit
            if logical in self.resources:
                raise Unresolved(NAME, f"The resource {logical} is not there: its condition does not hold.", keys)
            raise self._no_name("resource", logical, self.resources, keys)
        type_name = self._type(logical)
        kind = KINDS.get(type_name, OTHER)
        if attribute == "Arn" and kind.arn:
            return self.arn(logical)
        form = kind.attributes.get(attribute)
        if form is not None:
            return form.format(name=self.name(logical), arn=self.arn(logical) if kind.arn else "", **self.places)
        if type_name == LAMBDA_VERSION and attribute == "Version":
            return "1"
        if type_name in MACHINES and attribute == "StateMachineRevisionId":
            return "INITIAL"
        if type_name in FUNCTIONS | MACHINES:
            known = ", ".join(("Arn", *kind.attributes))
            raise Unresolved(NAME, f"{logical} ({type_name}) has no attribute {attribute} here; it has {known}.", keys)
        given = self._given.get(f"{logical}.{attribute}")
        if given is not None:
            return given
        raise Unresolved(UNKNOWN, _only_deployed(logical, type_name, attribute), keys, _give(f"{logical}.{attribute}"))

    def _parameter(self, name: str, keys: Keys) -> Any:
        declared = self.parameters[name]
        declared = declared if isinstance(declared, dict) else {}
        kind = str(declared.get("Type", "String"))
        value = self._given.get(name)
        if value is None:
            if kind.startswith("AWS::SSM::Parameter::Value"):
                raise Unresolved(UNKNOWN, f"The value of the parameter {name} is kept in SSM.", keys, _give(name))
            value = declared.get("Default")
            if value is None:
                raise Unresolved(UNKNOWN, f"The parameter {name} has no value.", keys, _give(name))
        allowed = declared.get("AllowedValues")
        if isinstance(allowed, list) and str(value) not in map(str, allowed):
            raise Unresolved(
                SHAPE, f"The parameter {name} is one of {', '.join(map(str, allowed))}; {value!r} is not.", keys
            )
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            return [part.strip() for part in value.split(",")] if isinstance(value, str) else value
        if kind == "Number" and isinstance(value, str):
            try:
                return int(value) if re.fullmatch(r"[+-]?\d{1,18}", value) else float(value)
            except ValueError:
                raise Unresolved(SHAPE, f"The parameter {name} is a number; {value!r} is none.", keys) from None
        return value

    # ---- functions

    def _function(self, name: str, arguments: Json, keys: Keys) -> Any:
        run = _FUNCTIONS.get(name)
        if run is None:
            raise Unresolved(SHAPE, f"{name} cannot be resolved on this machine.", keys[:-1])
        return run(self, arguments, keys)

    def get_att(self, arguments: Json, keys: Keys) -> Any:
        if isinstance(arguments, str):
            first, _, rest = arguments.partition(".")
            arguments = [first, rest]
        if not isinstance(arguments, list) or len(arguments) != 2 or not isinstance(arguments[0], str):
            raise Unresolved(SHAPE, "Fn::GetAtt takes a resource and an attribute.", keys)
        return self._attribute(arguments[0], self.text(arguments[1], keys, "An attribute"), keys)

    def sub(self, arguments: Json, keys: Keys) -> Any:
        names: Mapping[str, Json] = {}
        if isinstance(arguments, list) and len(arguments) == 2 and isinstance(arguments[1], dict):
            arguments, names = arguments
        if not isinstance(arguments, str):
            raise Unresolved(SHAPE, "Fn::Sub takes a text, or a list of a text and an object of names.", keys)

        def fill(found: re.Match[str]) -> str:
            literal, name = found[1], found[2].strip()
            if literal:
                return f"${{{name}}}"
            if name in names:
                return self.text(names[name], (*keys, 1, name), f"${{{name}}}")
            logical, dot, attribute = name.partition(".")
            if dot and self._implicit(name, None, keys) is None:
                return self._attribute(logical, attribute, keys)
            found_value = self._ref(name, keys)
            return "" if found_value is NO_VALUE else self.text(found_value, keys, f"${{{name}}}")

        return _REFERENCE.sub(fill, arguments)

    def join(self, arguments: Json, keys: Keys) -> Any:
        delimiter, parts = self._pair(arguments, keys, "Fn::Join takes a delimiter and a list.")
        found = self.value(parts, (*keys, 1))
        if not isinstance(found, list):
            raise Unresolved(SHAPE, "Fn::Join takes a delimiter and a list.", keys)
        texts = [self.text(each, (*keys, 1, number), "What is joined") for number, each in enumerate(found)]
        return self.text(delimiter, (*keys, 0), "A delimiter").join(texts)

    def split(self, arguments: Json, keys: Keys) -> Any:
        delimiter, text = self._pair(arguments, keys, "Fn::Split takes a delimiter and a text.")
        at = self.text(delimiter, (*keys, 0), "A delimiter")
        if not at:
            raise Unresolved(SHAPE, "A delimiter has at least one character.", keys)
        return self.text(text, (*keys, 1), "What is split").split(at)

    def select(self, arguments: Json, keys: Keys) -> Any:
        index, parts = self._pair(arguments, keys, "Fn::Select takes an index and a list.")
        number, found = self.text(index, (*keys, 0), "An index"), self.value(parts, (*keys, 1))
        if not isinstance(found, list) or not number.isdigit() or int(number) >= len(found):
            raise Unresolved(SHAPE, f"Fn::Select asks for item {number} of {_kind(found)}.", keys)
        return found[int(number)]

    def find_in_map(self, arguments: Json, keys: Keys) -> Any:
        if not isinstance(arguments, list) or len(arguments) not in (3, 4):
            raise Unresolved(SHAPE, "Fn::FindInMap takes a mapping and two keys.", keys)
        names = [self.text(each, (*keys, n), "A key of a mapping") for n, each in enumerate(arguments[:3])]
        found: Any = self._mappings
        for kind, name in zip(("mapping", "key of the mapping", "key of the mapping"), names, strict=True):
            if not isinstance(found, dict) or name not in found:
                default = (
                    arguments[3].get("DefaultValue") if len(arguments) == 4 and isinstance(arguments[3], dict) else None
                )
                if default is not None:
                    return self.value(default, keys)
                raise self._no_name(kind, name, found if isinstance(found, dict) else {}, keys)
            found = found[name]
        return self.value(found, ("Mappings", *names))

    def import_value(self, arguments: Json, keys: Keys) -> Any:
        name = self.text(arguments, keys, "The name of an export")
        given = self._given.get(name)
        if given is None:
            raise Unresolved(UNKNOWN, f"The export {name} is another stack's.", keys, _give(name))
        return given

    def choose(self, arguments: Json, keys: Keys) -> Any:
        if not isinstance(arguments, list) or len(arguments) != 3 or not isinstance(arguments[0], str):
            raise Unresolved(SHAPE, "Fn::If takes a condition and two values.", keys)
        number = 1 if self.condition(arguments[0], keys) else 2
        return self.value(arguments[number], (*keys, number))

    def equals(self, arguments: Json, keys: Keys) -> Any:
        left, right = self._pair(arguments, keys, "Fn::Equals takes two values.")
        left, right = self.value(left, (*keys, 0)), self.value(right, (*keys, 1))
        simple = isinstance(left, str | int | float) and isinstance(right, str | int | float)
        return _plain(left) == _plain(right) if simple else left == right

    def negate(self, arguments: Json, keys: Keys) -> Any:
        return not self._booleans(arguments, keys, "Fn::Not")[0]

    def conjoin(self, arguments: Json, keys: Keys) -> Any:
        return all(self._booleans(arguments, keys, "Fn::And"))

    def disjoin(self, arguments: Json, keys: Keys) -> Any:
        return any(self._booleans(arguments, keys, "Fn::Or"))

    def encode(self, arguments: Json, keys: Keys) -> Any:
        return base64.b64encode(self.text(arguments, keys, "What is encoded").encode()).decode("ascii")

    def zones(self, arguments: Json, keys: Keys) -> Any:
        region = self.value(arguments, keys) or self.places["region"]
        return [f"{region}{letter}" for letter in "abc"]

    def length(self, arguments: Json, keys: Keys) -> Any:
        found = self.value(arguments, keys)
        if not isinstance(found, list):
            raise Unresolved(SHAPE, f"Fn::Length takes a list; this is {_kind(found)}.", keys)
        return len(found)

    def to_json(self, arguments: Json, keys: Keys) -> Any:
        return dumps_text(self.value(arguments, keys))

    def _pair(self, arguments: Json, keys: Keys, words: str) -> tuple[Json, Json]:
        if not isinstance(arguments, list) or len(arguments) != 2:
            raise Unresolved(SHAPE, words, keys)
        return arguments[0], arguments[1]

    def _booleans(self, arguments: Json, keys: Keys, name: str) -> list[bool]:
        found = self.value(arguments, keys)
        if not isinstance(found, list) or not found or not all(isinstance(each, bool) for each in found):
            raise Unresolved(SHAPE, f"{name} takes conditions.", keys)
        return found

    def _no_name(self, kind: str, name: str, known: Mapping[str, Any], keys: Keys) -> Unresolved:
        close = get_close_matches(name, known, 1)
        help_text = f"did you mean {close[0]}?" if close else None
        return Unresolved(NAME, f"The template has no {kind} {name}.", keys, help_text)


_FUNCTIONS: Final[Mapping[str, Callable[[Resolver, Json, Keys], Any]]] = {
    "Fn::And": Resolver.conjoin,
    "Fn::Base64": Resolver.encode,
    "Fn::Equals": Resolver.equals,
    "Fn::FindInMap": Resolver.find_in_map,
    "Fn::GetAZs": Resolver.zones,
    "Fn::GetAtt": Resolver.get_att,
    "Fn::If": Resolver.choose,
    "Fn::ImportValue": Resolver.import_value,
    "Fn::Join": Resolver.join,
    "Fn::Length": Resolver.length,
    "Fn::Not": Resolver.negate,
    "Fn::Or": Resolver.disjoin,
    "Fn::Select": Resolver.select,
    "Fn::Split": Resolver.split,
    "Fn::Sub": Resolver.sub,
    "Fn::ToJsonString": Resolver.to_json,
}


class _Opened:
    """Something is being resolved; that it needs itself is noticed."""

    def __init__(self, stack: list[str], what: str, keys: Keys) -> None:
        if what in stack:
            raise Unresolved(SHAPE, f"The {what} needs itself.", keys)
        self._stack = stack
        self._what = what

    def __enter__(self) -> None:
        self._stack.append(self._what)

    def __exit__(self, *_: object) -> None:
        self._stack.pop()


def _section(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _plain(value: Any) -> str:
    return "true" if value is True else "false" if value is False else str(value)


def _only_deployed(logical: str, kind: str, attribute: str) -> str:
    return f"{logical} ({kind or 'a resource without a Type'}) has its {attribute} only when it is deployed."


def _give(name: str) -> str:
    return f"give the value with --parameter '{name}=…'"


def _kind(value: Any) -> str:
    if value is NO_VALUE or value is None:
        return "nothing"
    return {str: "a text", bool: "true or false", list: "a list", dict: "an object"}.get(type(value), "a number")
