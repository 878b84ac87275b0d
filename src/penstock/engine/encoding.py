"""What the core is told, and the history events that come of it, as bytes for the journal, and back.

An event is a JSON array that begins with its name. History records are MessagePack: they are full of JSON texts, which it
takes as the bytes they are. Both are read by later versions: names and shapes only ever get company. A record begins with
its type's name and not with its number, which is free to change.
"""

from __future__ import annotations

import json
import threading
from typing import Any, Final, cast

import msgpack

from penstock.engine.history import KIND, KINDS, Record
from penstock.engine.mapruns import ChildrenFound, ItemsRead, MapRunEnded
from penstock.engine.messages import (
    Broken,
    ChildClosed,
    Continued,
    Event,
    MapRunUpdated,
    Redriven,
    Started,
    StopRequested,
    TaskReported,
    TimersFired,
)
from penstock.engine.tasks import handler
from penstock.jsontools import Json, dumps

_NAMES: Final = tuple(kind[0] for kind in KINDS)

_BIG: Final = 1
"""MessagePack's extension type for integers over 64 bits, as decimal text."""


def pack_records(records: list[Record]) -> bytes:
    named = [(_NAMES[record[0]], *record[1:]) for record in records]
    packer: msgpack.Packer | None = getattr(_local, "packer", None)
    if packer is None:
        packer = _local.packer = msgpack.Packer(unicode_errors="surrogatepass")
    try:
        return cast(bytes, packer.pack(named))
    except OverflowError:
        packer.reset()
        return cast(bytes, packer.pack(_small(named)))


_local = threading.local()
"""A packer for each thread: making one, with its buffer, costs more than it packs."""


def _small(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_small(each) for each in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return msgpack.ExtType(_BIG, str(value).encode())
    return value


def unpack_records(data: bytes) -> list[Record]:
    unpacked = msgpack.unpackb(
        data, use_list=False, ext_hook=_extension, strict_map_key=False, unicode_errors="surrogatepass"
    )
    return [(KIND[record[0]], *record[1:]) for record in unpacked]


def _extension(code: int, data: bytes) -> int:
    if code != _BIG:
        raise ValueError(f"a history record has a value of the unknown type {code}")
    return int(data)


def count_records(data: bytes) -> int:
    """How many there are, without unpacking them."""
    unpacker = msgpack.Unpacker(max_buffer_size=len(data))
    unpacker.feed(data)
    return cast(int, unpacker.read_array_header())


def pack_event(event: Event) -> bytes:
    """Raises JsonError where a task's output is nothing that JSON can hold."""
    return dumps(_event(event))


def _event(event: Event) -> list[Any]:
    match event:
        case TaskReported(attempt, report):
            return ["task", attempt, *_report(report)]
        case TimersFired(timers):
            return ["timers", *timers]
        case ChildClosed():
            return ["child", event.child, event.status, event.output, event.error, event.cause, event.described]
        case ItemsRead():
            return ["items", event.run, [list(item) for item in event.items], event.more, event.error, event.cause]
        case MapRunEnded():
            return ["map run", event.run, event.output, event.error, event.cause]
        case MapRunUpdated():
            return ["update", event.run, event.max_concurrency, event.tolerated_count, event.tolerated_percentage]
        case ChildrenFound():
            succeeded = [list(child) for child in event.succeeded]
            return ["children", event.run, [list(child) for child in event.children], succeeded]
        case StopRequested():
            return ["stop", event.error, event.cause]
        case Broken():
            return ["broken", event.cause, event.error]
        case Started():
            return ["start"]
        case Redriven():
            return ["redrive"]
        case Continued():
            return ["continue"]


def _report(report: handler.Report) -> list[Any]:
    match report:
        case handler.Succeeded(output):
            return ["succeeded", output]
        case handler.Failed(error, cause):
            return ["failed", error, cause]
        case handler.Submitted(output, working):
            return ["submitted", output, working]
        case handler.Started(worker):
            return ["started", worker]
        case handler.Heartbeat():
            return ["heartbeat"]
        case handler.NotStarted(cause):
            return ["not started", cause]
    raise TypeError(f"{type(report).__name__} is nothing that the core is told")


def unpack_event(data: bytes) -> Event:
    name, *rest = json.loads(data.decode("utf-8", "surrogatepass"))
    match name:
        case "task":
            return TaskReported(rest[0], _unpack_report(rest[1], rest[2:]))
        case "timers":
            return TimersFired(rest)
        case "child":
            child, status, output, error, cause, described = rest
            text = dumps(cast(Json, output)) if status == "SUCCEEDED" else None
            return ChildClosed(child, status, output, text, error, cause, described)
        case "items":
            run, items, more, error, cause = rest
            return ItemsRead(run, [tuple(item) for item in items], more, error, cause)
        case "map run":
            return MapRunEnded(*rest)
        case "update":
            return MapRunUpdated(*rest)
        case "children":
            succeeded = [(child, output, described) for child, output, described in rest[2]]
            return ChildrenFound(rest[0], [(child, count) for child, count in rest[1]], succeeded)
        case "stop":
            return StopRequested(*rest)
        case "broken":
            return Broken(*rest)
        case "start":
            return Started()
        case "redrive":
            return Redriven()
        case "continue":
            return Continued()
    raise ValueError(f"the journal has an event {name!r}, which this version does not know")


def _unpack_report(name: str, rest: list[Any]) -> handler.Report:
    match name:
        case "succeeded":
            return handler.Succeeded(*rest)
        case "failed":
            return handler.Failed(*rest)
        case "submitted":
            return handler.Submitted(*rest)
        case "started":
            return handler.Started(*rest)
        case "heartbeat":
            return handler.Heartbeat()
        case "not started":
            return handler.NotStarted(*rest)
    raise ValueError(f"the journal has a report {name!r}, which this version does not know")
