"""Map and DistributedMap: one processor for every item."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self, Unpack

from penstock.asl import model
from penstock.sfn.build import Scope
from penstock.sfn.chain import Chain, copied
from penstock.sfn.distributed import ItemBatcher, ItemReader, ResultWriter, ResultWriterV2
from penstock.sfn.origin import Origin, here
from penstock.sfn.problems import Wrong
from penstock.sfn.states.base import Catching, Chainable, Field, StateOptions, linked, options_of
from penstock.sfn.states.simple import jsonata_or_number
from penstock.sfn.values import JSONATA, JSONPATH, expression, is_expression, path_text, render, shown
from penstock.sfn.words import ProcessorMode, ProcessorType, StateMachineType


class ProvideItems:
    """What a JSONata Map works on."""

    def __init__(self, items: Any) -> None:
        self.items = items

    def _payload(self) -> Any:
        return self.items

    @classmethod
    def json_array(cls, array: Sequence[Any]) -> ProvideItems:
        return cls(list(array))

    @classmethod
    def jsonata(cls, jsonata_expression: str) -> ProvideItems:
        return cls(expression(jsonata_expression))


class MapOptions(StateOptions, total=False):
    input_path: str | None
    output_path: str | None
    result_path: str | None
    result_selector: Mapping[str, Any] | None
    items_path: str | None
    items: ProvideItems | Sequence[Any] | str | None
    item_selector: Mapping[str, Any] | None
    jsonata_item_selector: str | None
    parameters: Mapping[str, Any] | None
    max_concurrency: int | str | None
    max_concurrency_path: str | None
    jsonata_max_concurrency: str | None
    outputs: Any
    assign: Mapping[str, Any] | None


class DistributedMapOptions(MapOptions, total=False):
    map_execution_type: StateMachineType | None
    item_reader: ItemReader | None
    item_batcher: ItemBatcher | None
    result_writer: ResultWriter | ResultWriterV2 | None
    result_writer_v2: ResultWriterV2 | None
    label: str | None
    tolerated_failure_count: int | str | None
    tolerated_failure_count_path: str | None
    tolerated_failure_percentage: float | str | None
    tolerated_failure_percentage_path: str | None


def _path(value: Any, name: str, language: str) -> str:
    return path_text(value, name)


def _selector(value: Any, name: str, language: str) -> Any:
    return render(value, language)


def _expression(value: Any, name: str, language: str) -> Any:
    return expression(value)


def _count(value: Any, name: str, language: str) -> Any:
    found = jsonata_or_number(value, name)
    if isinstance(found, (int, float)) and (found < 0 or found != int(found)):
        raise Wrong("PS720", f"`{name}` is a whole number that is not negative, not {found}")
    return found


def _percentage(value: Any, name: str, language: str) -> Any:
    found = jsonata_or_number(value, name)
    if isinstance(found, (int, float)) and not 0 <= found <= 100:
        raise Wrong("PS720", f"`{name}` lies between 0 and 100; {found} does not")
    return found


def _items(value: Any, name: str, language: str) -> Any:
    found = render(value, language)
    if not isinstance(found, (list, dict)) and not is_expression(found):
        raise Wrong("PS720", f"`items` is a list or a JSONata expression, not {shown(value)}")
    return found


_FIELDS: dict[str, Field] = {
    "items_path": Field("items_path", _path, JSONPATH, "in JSONata: items='{% $states.input.items %}'"),
    "items": Field("items", _items, JSONATA, "in JSONPath: items_path='$.items'"),
    "item_selector": Field("item_selector", _selector),
    "jsonata_item_selector": Field("item_selector", _expression, JSONATA, "in JSONPath: item_selector={…}"),
    "parameters": Field("parameters", _selector, JSONPATH, "in JSONata: item_selector={…}"),
    "max_concurrency": Field("max_concurrency", _count),
    "max_concurrency_path": Field("max_concurrency_path", _path, JSONPATH, "in JSONata: max_concurrency='{% … %}'"),
    "jsonata_max_concurrency": Field(
        "max_concurrency", _expression, JSONATA, "in JSONPath: max_concurrency_path='$.n'"
    ),
    "label": Field("label", lambda value, name, language: str(value)),
    "tolerated_failure_count": Field("tolerated_failure_count", _count),
    "tolerated_failure_count_path": Field("tolerated_failure_count_path", _path, JSONPATH),
    "tolerated_failure_percentage": Field("tolerated_failure_percentage", _percentage),
    "tolerated_failure_percentage_path": Field("tolerated_failure_percentage_path", _path, JSONPATH),
}

_EXCLUSIVE = (
    ("items_path", "item_reader"),
    ("items_path", "items"),
    ("item_selector", "parameters"),
    ("item_selector", "jsonata_item_selector"),
    ("max_concurrency", "max_concurrency_path"),
    ("max_concurrency", "jsonata_max_concurrency"),
    ("tolerated_failure_count", "tolerated_failure_count_path"),
    ("tolerated_failure_percentage", "tolerated_failure_percentage_path"),
)


class _MapBase(Catching):
    """What both kinds of Map have."""

    def __init__(self, id: str, options: Mapping[str, Any]) -> None:  # noqa: A002
        super().__init__(id, options)
        self.processor: Chain | None = None
        self.processor_at: Origin | None = None
        self.deprecated = False
        self.config: dict[str, str] = {}

    def item_processor(
        self, processor: Chainable, *, mode: ProcessorMode | None = None, execution_type: ProcessorType | None = None
    ) -> Self:
        """What is done with each item."""
        self._take(processor, "item_processor", here())
        if mode is not None:
            self.config["mode"] = mode.value
        if execution_type is not None:
            self.config["execution_type"] = execution_type.value
        return self

    def _take(self, processor: Chainable, what: str, where: Origin | None) -> None:
        start = linked(self, processor, f"{type(self).__name__}.{what}", where)
        if start is None:
            return
        if self.processor is not None and self.processor.start_state is not start:
            self.tell(
                "PS714",
                f"{self.name!r} has a processor already; a second one has no place",
                where,
                help="chain the two: item_processor(a.next(b))",
                notes=[(self.processor_at, "the first one")],
            )
            return
        self.processor, self.processor_at = Chain(start, [], start), where

    def inner(self) -> Iterator[Chainable]:
        if self.processor is not None:
            yield self.processor

    def cut(self) -> None:
        super().cut()
        self.config = dict(self.config)

    def copy_inner(self, rename: Callable[[str], str]) -> None:
        if self.processor is not None:
            self.processor = copied(self.processor.start_state, rename=rename)

    def fields(self, scope: Scope) -> dict[str, Any]:
        fields = self.common(scope)
        language = self.language(scope)
        for one, other in _EXCLUSIVE:
            if one in self.options and other in self.options:
                self.tell("PS720", f"{self.name!r} has both `{one}` and `{other}`", help="give one of the two")
        fields.pop("parameters", None)
        for name, value in self.options.items():
            field = _FIELDS.get(name)
            if field is None:
                continue
            if field.only is not None and field.only != language:
                self.tell(
                    "PS725",
                    f"`{name}` is {field.only}'s, and the state {self.name!r} is {language}",
                    help=field.instead,
                )
                continue
            if (
                name in ("max_concurrency",)
                and isinstance(value, int)
                and hasattr(value, "text")
                and language == JSONPATH
            ):
                fields["max_concurrency_path"] = value.text
                continue
            fields[field.to] = self.value(field.read, value, name, language)
        return fields

    def machine(self, scope: Scope, config: model.ProcessorConfig | None) -> model.StateMachine | None:
        if self.processor is None:
            self.tell(
                "PS715", f"{self.name!r} has nothing to do with its items", help="give it one: .item_processor(…)"
            )
            return None
        made = scope.inner(self.processor.start_state, f"the processor of {self.name!r}", self.processor_at)
        return made if config is None else scope.configured(made, config)


class Map(_MapBase):
    """Runs its processor for every item of a list, in this execution; at most 40 at once."""

    OPTIONS = options_of(MapOptions, StateOptions)

    def __init__(self, id: str, **options: Unpack[MapOptions]) -> None:  # noqa: A002
        super().__init__(id, options)

    def iterator(self, iterator: Chainable, /) -> Self:
        """The old spelling of item_processor, kept as `Iterator`."""
        self._take(iterator, "iterator", here())
        self.deprecated = True
        return self

    def build(self, scope: Scope) -> model.Map:
        fields = self.fields(scope)
        if self.deprecated:
            machine = self.machine(scope, None)
            if machine is not None:
                fields["iterator"] = machine
        else:
            rest = {"execution_type": self.config["execution_type"]} if "execution_type" in self.config else {}
            if self.config.get("mode") == "DISTRIBUTED" and not rest:
                self.tell("PS722", f"the distributed processor of {self.name!r} needs an execution_type")
            config = model.ProcessorConfig(mode=self.config.get("mode", "INLINE"), **rest)
            machine = self.machine(scope, config)
            if machine is not None:
                fields["item_processor"] = machine
        return model.Map(**fields)


class DistributedMap(_MapBase):
    """Runs its processor for every item in an execution of its own; the items may come out of a bucket."""

    OPTIONS = options_of(DistributedMapOptions, MapOptions, StateOptions)

    def __init__(self, id: str, **options: Unpack[DistributedMapOptions]) -> None:  # noqa: A002
        super().__init__(id, options)

    def build(self, scope: Scope) -> model.Map:
        fields = self.fields(scope)
        language = self.language(scope)
        if self.config.get("mode") == "INLINE":
            self.tell("PS720", f"{self.name!r} is a DistributedMap, and its processor is to be INLINE", help="use Map")
        kind = self.options.get("map_execution_type")
        execution = kind.value if kind is not None else self.config.get("execution_type", "STANDARD")
        config = model.ProcessorConfig(mode="DISTRIBUTED", execution_type=execution)
        machine = self.machine(scope, config)
        if machine is not None:
            fields["item_processor"] = machine
        for name, to in (
            ("item_reader", "item_reader"),
            ("item_batcher", "item_batcher"),
            ("result_writer", "result_writer"),
            ("result_writer_v2", "result_writer"),
        ):
            part = self.options.get(name)
            if part is not None:
                fields[to] = self.value(lambda v, _, lang: v.build(lang), part, name, language)
        return model.Map(**fields)
