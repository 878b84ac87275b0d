"""The folder in which a local run keeps what tasks put aside with their state data client."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.runtime.state_data import StateDataClient
from penstock.runtime.stores import LocalStore

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

TABLE = "state-data"
"""The `table_name` in a local run's pointers."""


class StateDataFolder:
    """A folder that stays, or without a path a temporary one, made when first needed and removed by `close`."""

    def __init__(self, path: Path | str | None = None) -> None:
        self._path = None if path is None else Path(path)
        self._temporary: TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()

    @property
    def path(self) -> Path:
        with self._lock:
            if self._path is None:
                from tempfile import TemporaryDirectory

                self._temporary = TemporaryDirectory(prefix="penstock-state-data-", ignore_cleanup_errors=True)
                self._path = Path(self._temporary.name)
            return self._path

    def client(self, execution_arn: str) -> StateDataClient:
        return StateDataClient(LocalStore(self.path), table_name=TABLE, execution=execution_arn)

    def close(self) -> None:
        with self._lock:
            if self._temporary is not None:
                self._temporary.cleanup()
                self._temporary = self._path = None
