"""One SQLite file: what outlives the process."""

from penstock.store.database import Database
from penstock.store.executions import ExecutionRow, Summary, TurnRow
from penstock.store.records import RecordRow

__all__ = ["Database", "ExecutionRow", "RecordRow", "Summary", "TurnRow"]
