"""The items of a mocked Map, through the engine's own readers, ItemSelector and ItemBatcher."""

from __future__ import annotations

from dataclasses import replace

from penstock.asl.errors import ITEM_READER_FAILED
from penstock.engine.core import Turn
from penstock.engine.execution import Frame, ItemOf, PlainError, RunJoin, alone
from penstock.engine.mapruns import Source
from penstock.engine.objects import MemoryObjects
from penstock.engine.readers import ReadFailed, read
from penstock.engine.states.distributed import Batcher, DistributedMap
from penstock.engine.states.mapping import Map
from penstock.engine.teststate.request import refusal
from penstock.engine.teststate.watching import Note
from penstock.jsontools import Json

_AS_TEXT = frozenset(("CSV", "JSON", "JSONL"))


def items_of(state: Map, turn: Turn, frame: Frame, value: Json, data: str | None, note: Note) -> int:
    """How many items the Map has; `note` is told what each step makes of them. `data` is what its reader would read."""
    reader = state.reader if isinstance(state, DistributedMap) else None
    found: list[ItemOf]
    if reader is None:
        found = state.found(turn, value)
        if not state.jsonata:
            note("afterItemsPath", state.given(turn, value))
    else:
        if data is None:
            raise refusal("ItemReader data must be specified when testing a Map state with ItemReader specified.")
        source = reader.source(turn, value)
        if source.max_items < 0:
            raise PlainError(ITEM_READER_FAILED, "field MaxItems must be positive")
        found = _read(source, data)
        if source.pointer:
            note("afterItemsPointer", [alone(item) for item in found])
    batcher = state.batcher if isinstance(state, DistributedMap) else None
    if state.select is not None:
        selected = [_selected(state, turn, frame, value, item) for item in found]
        note("afterItemSelector", selected)
    if batcher is not None and isinstance(state, DistributedMap):
        note("afterItemBatcher", _batches(state, batcher, turn, frame, value, found))
    return len(found)


def _read(source: Source, data: str) -> list[ItemOf]:
    """What the reader makes of `data`: the object's content, or, where items come from a listing, a manifest or Parquet,
    the items as a JSON array."""
    if source.action != "getObject" or source.input_type not in _AS_TEXT:
        source = replace(source, action="getObject", input_type="JSON", pointer=None)
    source = replace(source, manifest_type=None, version=None)
    try:
        store = MemoryObjects({source.bucket: {source.key: data}})
        items = list(read(store, source))
    except ReadFailed as failed:
        raise PlainError(ITEM_READER_FAILED, failed.cause) from None
    return [(index, value, key, origin) for index, (value, key, origin) in enumerate(items)]


def _selected(state: Map, turn: Turn, frame: Frame, value: Json, item: ItemOf) -> Json:
    assert state.select is not None
    outer = frame.item
    try:
        frame.item = item
        turn.forget_context()
        return state.select(value, turn)
    finally:
        frame.item = outer
        turn.forget_context()


def _batches(
    state: DistributedMap, batcher: Batcher, turn: Turn, frame: Frame, value: Json, items: list[ItemOf]
) -> list[Json]:
    join = RunJoin(0, 0)
    state._prepare_batches(turn, join, batcher, value)
    join.buffer.extend(items)
    batches: list[Json] = []
    while (following := state._next(turn, frame, join)) is not None:
        batches.append(following[0])
    return batches
