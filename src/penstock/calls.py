"""What one call of `run` needs: who answers its tasks, and the driver that runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from penstock.config import unqualified
from penstock.errors import StoreUnavailable
from penstock.local import objects_for
from penstock.results import RunResult

if TYPE_CHECKING:
    from penstock.api import Machine
    from penstock.asl.model import StateMachine
    from penstock.engine.driver import Driver
    from penstock.engine.journal import Journal
    from penstock.engine.program import Program
    from penstock.engine.running import Running
    from penstock.engine.starting import NestedMachine
    from penstock.options import RunOptions
    from penstock.store import Database


class Call:
    """The handlers and the driver of one call of `run`; leaving it stops and closes all of them, and the database file.

    Raises StoreError where the file of the option `db` cannot be used.
    """

    def __init__(
        self,
        machine: Machine,
        definition: StateMachine,
        program: Program,
        options: RunOptions,
        *,
        database: Database | None = None,
    ) -> None:
        """`database` is the file of `db` where that is open already; it stays open then."""
        from penstock.engine.driver import Driver

        self.machine = machine
        self.arn = machine.settings.machine_arn(machine.name)
        self.program = program
        self.options = options
        self._machines: dict[str, Machine] = {}
        self.journal: Journal | None = None
        self._database: Database | None = None
        db = options.get("db")
        if db is not None or database is not None:
            from penstock.durable import Began, open_journal

            if database is None:
                from penstock.store import Database

                assert db is not None
                self._database = database = Database(db)
            self.journal = open_journal(database, Began.of(machine, options))
            self._note_source(definition, program)
        clock, entropy = options.get("clock"), options.get("entropy")
        try:
            self.handlers = machine.handlers(
                definition,
                functions=options.get("functions") or {},
                mocks=options.get("mocks"),
                clock=clock,
                entropy=entropy,
                log=options.get("log") or _log,
            )
            self.driver: Driver = Driver(
                handlers=[*options.get("handlers", ()), *self.handlers],
                clock=clock,
                skip_time=options.get("time", "real") == "skip",
                entropy=entropy,
                machines=self._nested,
                callbacks=options.get("callbacks"),
                objects=objects_for(machine.settings, options.get("objects")) if machine.uses_objects else None,
                journal=self.journal,
                # Code of the caller's own is called in the caller's thread.
                shared=not any(options.get(each) for each in ("handlers", "objects", "observer")),
            )
        except BaseException:
            if self._database is not None:
                self._database.close()
            raise

    def _nested(self, arn: str) -> NestedMachine | None:
        """The machine that a state starts."""
        substitutions, functions = self.options.get("substitutions") or {}, self.options.get("functions") or {}
        others = self.options.get("machines") or {}
        own = unqualified(arn)
        key = next((each for each in (arn, own, own.rpartition(":")[2]) if each in others), None)
        if key is None:
            kind = self.options.get("type")
            found = self.machine.nested(arn, substitutions=substitutions, functions=functions, type=kind)
        else:
            if key not in self._machines:
                from penstock.api import load

                self._machines[key] = load(others[key])
            found = self._machines[key].as_nested(arn, substitutions=substitutions, functions=functions)
        if found is None:
            return None
        definition, nested = found
        if self.journal is not None:
            self._note_source(definition, nested.program)
        return nested

    def _note_source(self, definition: StateMachine, program: Program) -> None:
        """A journal keeps what runs as text."""
        if program.source is None:
            from penstock.asl.write import write

            program.source = write(definition, indent=None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(torn=kind is not None and kind is not GeneratorExit)

    def close(self, *, torn: bool = False) -> None:
        """`torn`: an exception came out of the driver's loop."""
        self.driver.close(torn=torn)
        for handler in self.handlers:
            handler.close()
        if self._database is not None:
            self._database.close()

    def run(self, running: Running) -> RunResult:
        """Runs the loop until that one has ended."""
        self.driver.run(running)
        return self.result(running)

    def result(self, running: Running) -> RunResult:
        """How it ended. Raises StoreUnavailable where it could not even be begun, for want of a place to write it down."""
        if running.withdrawn:
            raise self.driver.failing or StoreUnavailable(f"The execution {running.execution.name} was not begun.")
        if self.journal is not None and running.entry is not None and running.entry.turns:
            from penstock.durable import result_in_file

            return result_in_file(self, running.execution.arn)
        ended = running.result
        status = ended.status
        assert status != "RUNNING"  # the driver ran it to its end
        return RunResult(
            status=status,
            output=ended.output,
            error=ended.error,
            cause=ended.cause,
            name=ended.name,
            execution_arn=ended.execution_arn,
            start_date=ended.start_date,
            stop_date=ended.stop_date,
            _machine=self.machine,
            _execution=ended,
        )


def _log(task: str, lines: str) -> None:
    # Nothing here prints: what a task prints is a log record, which an application shows or not.
    import logging

    logging.getLogger(f"penstock.task.{task}").info("%s", lines.rstrip("\n"))
