"""Result writers: what a distributed Map's ResultWriter makes of its child executions, in files and a manifest.

Shapes: Developer Guide, "ResultWriter". An execution's description is what DescribeExecution gives, with PascalCase names in
alphabetical order; Input and Output in it are JSON texts.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Any, Final, cast

from penstock import failpoints
from penstock.clock import iso8601
from penstock.engine.mapruns import Sink
from penstock.engine.objects import ObjectStore
from penstock.jsontools import Json, dumps

if TYPE_CHECKING:
    from penstock.engine.execution import Execution
    from penstock.engine.journal import Closed

FILE_BYTES: Final = 5 * 1024**3
"""What a result file holds at most before the next one begins (Developer Guide, "ResultWriter")."""

_IN_MEMORY: Final = 4 * 1024 * 1024


def description(execution: Execution | Closed) -> dict[str, Json]:
    """A child execution that has ended."""
    result: dict[str, Json] = {"ExecutionArn": execution.arn}
    if execution.cause is not None:
        result["Cause"] = execution.cause
    if execution.error is not None:
        result["Error"] = execution.error
    result |= {
        "Input": execution.input_text.decode("utf-8", "surrogatepass"),
        "InputDetails": {"Included": True},
        "Name": execution.name,
    }
    if execution.output_text is not None:
        result["Output"] = execution.output_text.decode("utf-8", "surrogatepass")
        result["OutputDetails"] = {"Included": True}
    succeeded = execution.status == "SUCCEEDED"
    result["RedriveCount"] = execution.redrive_count
    if succeeded:
        result["RedriveStatus"] = "NOT_REDRIVABLE"
        result["RedriveStatusReason"] = "Execution is SUCCEEDED and cannot be redriven"
    else:
        # API reference, DescribeExecution, redriveStatus: of a Map Run's children it says whether the Map Run can redrive them.
        result["RedriveStatus"] = "REDRIVABLE_BY_MAP_RUN"
    result |= {
        "StartDate": iso8601(execution.started or execution.stopped),
        "StateMachineArn": execution.machine_arn,
        "Status": execution.status,
        "StopDate": iso8601(execution.stopped),
    }
    return dict(sorted(result.items()))


def transformed(transformation: str, execution: Execution | Closed) -> list[Json]:
    """What a child execution adds to the results: nothing, one value, or the elements of its array."""
    if transformation == "NONE" or execution.status != "SUCCEEDED":
        return [cast(Json, description(execution))]
    if transformation == "FLATTEN" and isinstance(execution.output, list):
        return execution.output
    return [execution.output]


class ResultFiles:
    """Writes the results of one Map Run. What comes in goes to temporary files first: objects cannot grow."""

    def __init__(self, store: ObjectStore, sink: Sink, map_run_arn: str, *, file_bytes: int = FILE_BYTES) -> None:
        self._store = store
        self._sink = sink
        self._arn = map_run_arn
        self._run = map_run_arn.rpartition(":")[2]
        self._limit = file_bytes
        self._open: dict[str, IO[bytes]] = {}
        self._written: dict[str, list[Json]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}

    def add(self, execution: Execution | Closed) -> None:
        """Takes in a child execution that has ended."""
        kind = "SUCCEEDED" if execution.status == "SUCCEEDED" else "FAILED"
        for value in transformed(self._sink.transformation, execution):
            self._append(kind, dumps(value))

    def add_pending(self, inputs: Iterable[bytes], machine_arn: str) -> None:
        """Takes in child executions that were never started, by their inputs."""
        for text in inputs:
            value: dict[str, Any] = {
                "Input": text.decode("utf-8", "surrogatepass"),
                "InputDetails": {"Included": True},
                "StateMachineArn": machine_arn,
                "Status": "PENDING",
            }
            self._append("PENDING", dumps(value))

    def finish(self) -> dict[str, Json]:
        """Puts the files and the manifest into the bucket; ResultWriterDetails. Raises ObjectError. More can be added
        afterwards, and be finished again."""
        written = {kind: list(files) for kind, files in self._written.items()}
        for kind, file in self._open.items():
            end = file.tell()
            written[kind].append(self._stored(kind, file))
            file.seek(end)
            file.truncate()
        key = self._sink.key(self._run, "manifest.json")
        manifest = {
            "DestinationBucket": self._sink.bucket,
            "MapRunArn": self._arn,
            "ResultFiles": written,
        }
        assert self._sink.bucket is not None
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
            file.write(dumps(cast(Json, manifest)))
            file.seek(0)
            self._store.put(self._sink.bucket, key, cast(IO[bytes], file))
        return {"Bucket": self._sink.bucket, "Key": key}

    def again(self) -> None:
        """The Map Run is redriven: what did not succeed is forgotten."""
        for kind in ("FAILED", "PENDING"):
            self._written[kind] = []
            file = self._open.pop(kind, None)
            if file is not None:
                file.close()

    def discard(self) -> None:
        for file in self._open.values():
            file.close()
        self._open.clear()

    def _append(self, kind: str, text: bytes) -> None:
        lines = self._sink.output_type == "JSONL"
        file = self._open.get(kind)
        if file is not None and file.tell() + len(text) + 2 > self._limit:
            self._put(kind)
            file = None
        if file is None:
            spool = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  (_put and discard close it)
            file = self._open[kind] = cast(IO[bytes], spool)
            file.write(text if lines else b"[" + text)
        else:
            file.write(b"\n" + text if lines else b"," + text)

    def _put(self, kind: str) -> None:
        with self._open.pop(kind) as file:
            self._written[kind].append(self._stored(kind, file))

    def _stored(self, kind: str, file: IO[bytes]) -> Json:
        """Ends a file and puts it into the bucket: its entry in the manifest."""
        sink = self._sink
        assert sink.bucket is not None
        lines = sink.output_type == "JSONL"
        file.write(b"\n" if lines else b"]")
        size = file.tell()
        file.seek(0)
        key = sink.key(self._run, f"{kind}_{len(self._written[kind])}.{'jsonl' if lines else 'json'}")
        self._store.put(sink.bucket, key, file)
        if failpoints.ON:
            failpoints.hit("map_run.written")
        return {"Key": key, "Size": size}
