"""What the tables of `schema` cannot say about one object: fields that depend on one another's values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from penstock.asl.problems import SCHEMA, Place, Problem, unsupported
from penstock.asl.schema import JSONPATH
from penstock.asl.syntax import has_substitution

if TYPE_CHECKING:
    from penstock.asl.shape import Walk


def _after_task(walk: Walk, raw: dict[str, Any], place: Place) -> None:
    timeout, heartbeat = raw.get("TimeoutSeconds"), raw.get("HeartbeatSeconds")
    if type(heartbeat) is int and type(timeout) is int and heartbeat >= timeout:
        walk.fault("HeartbeatSeconds must be smaller than TimeoutSeconds", (place, "HeartbeatSeconds"))


def _after_map(walk: Walk, raw: dict[str, Any], place: Place) -> None:
    if "ItemReader" not in raw and "ResultWriter" not in raw:
        return
    processor = raw.get("ItemProcessor", raw.get("Iterator"))
    config = processor.get("ProcessorConfig") if type(processor) is dict else None
    if type(config) is dict and config.get("Mode") == "DISTRIBUTED":
        return
    for key in ("ItemReader", "ResultWriter"):
        if key in raw:
            hint = "Only a Map whose ProcessorConfig says Mode DISTRIBUTED has it."
            walk.problems.append(unsupported(key, place, hint))


def _after_processor_config(walk: Walk, raw: dict[str, Any], place: Place) -> None:
    if raw.get("Mode", "INLINE") == "INLINE":
        if "ExecutionType" in raw:
            walk.problems.append(unsupported("ExecutionType", place))
    elif raw.get("Mode") == "DISTRIBUTED" and "ExecutionType" not in raw:
        walk.problems.append(Problem(SCHEMA, "These fields are required: [ExecutionType]", place, focus="key"))


_READERS = ("s3:getObject", "s3:listObjectsV2")


def _after_item_reader(walk: Walk, raw: dict[str, Any], place: Place) -> None:
    resource = raw.get("Resource")
    if type(resource) is str and not resource.endswith(_READERS) and not has_substitution(resource):
        walk.fault("The field 'Resource' does not match any of the allowed values", (place, "Resource"))


def _after_reader_config(walk: Walk, raw: dict[str, Any], place: Place) -> None:
    kind = raw.get("InputType")
    if kind == "CSV" and "CSVHeaderLocation" not in raw:
        walk.fault("The field 'CSVHeaderLocation' is required but was missing", place)
    if kind not in ("CSV", "MANIFEST", None):
        for key in ("CSVHeaderLocation", "CSVHeaders", "CSVDelimiter"):
            if key in raw:
                walk.problems.append(unsupported(key, place))
    if raw.get("CSVHeaderLocation") == "GIVEN" and "CSVHeaders" not in raw:
        walk.problems.append(Problem(SCHEMA, "These fields are required: [CSVHeaders]", place, focus="key"))


def _after_result_writer(walk: Walk, raw: dict[str, Any], place: Place) -> None:
    """Developer Guide, "ResultWriter": it cannot be empty, and what is exported needs to know where to."""
    if not raw:
        walk.fault("Value cannot be empty", place)
    elif "Resource" in raw and raw.keys().isdisjoint(("Parameters", "Arguments")):
        walk.fault(f"These fields are required: [{'Parameters' if walk.language == JSONPATH else 'Arguments'}]", place)


BEYOND_TABLES: dict[str, Callable[[Walk, dict[str, Any], Place], None]] = {
    "Task": _after_task,
    "Map": _after_map,
    "ProcessorConfig": _after_processor_config,
    "ItemReader": _after_item_reader,
    "ResultWriter": _after_result_writer,
    "ReaderConfig": _after_reader_config,
}
