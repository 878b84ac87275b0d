"""Asynchronous calls in a file, in one process: what is written when, what is refused, what memory they cost."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.services.lambda_.functions import PREFIX, create, folder_function, invoke, service
from tests.services.lambda_.test_events import FAILING, attempts, configure, send, until
from tests.store.files import lambda_event

from penstock.clock import SystemClock, VirtualClock
from penstock.errors import ServiceError, StoreUnavailable
from penstock.services.lambda_ import Lambda, ledger
from penstock.store import Database
from penstock.store.lambda_events import EventRow, LambdaEvents


@contextmanager
def kept(folder: Path, **options: Any) -> Iterator[tuple[Lambda, Database]]:
    """A service with the function `f`, on the file `runs.db`."""
    database = Database(folder / "runs.db", synchronous="NORMAL")
    try:
        with service(folder_function(folder / "code", FAILING), database=database, **options) as lambda_:
            lambda_.take_up()
            yield lambda_, database
    finally:
        database.close()


def left(database: Database) -> list[EventRow]:
    return list(LambdaEvents.left(database, 1 << 40))


def throttle(lambda_: Lambda) -> None:
    lambda_.call("PutFunctionConcurrency", {"FunctionName": "f", "ReservedConcurrentExecutions": 0})


def no_room(database: Database) -> Callable[[], None]:
    """No page more for the file; the call makes room again."""
    connection = database._connection
    connection.execute(f"PRAGMA max_page_count={connection.execute('PRAGMA page_count').fetchone()[0]}")
    return lambda: connection.execute(f"PRAGMA max_page_count={2**31}") and None


def test_calls_that_are_accepted_at_once_share_a_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []
    commit = ledger.FileLedger._commit

    def counted(self: ledger.FileLedger, changes: list[ledger.Change]) -> None:
        batches.append(sum(len(change.added) for change in changes))
        commit(self, changes)

    monkeypatch.setattr(ledger.FileLedger, "_commit", counted)
    with kept(tmp_path) as (lambda_, database):
        throttle(lambda_)
        answers: list[dict[str, Any]] = []
        threads = [
            threading.Thread(target=lambda: answers.append(invoke(lambda_, "f", 1, InvocationType="Event")))
            for _ in range(21)
        ]
        with database._writing:  # somebody else writes, and the calls gather behind the first
            threads[0].start()
            until(lambda: batches == [1])
            for thread in threads[1:]:
                thread.start()
            until(lambda: len(lambda_._queue._ledger._changes) == 20)  # type: ignore[attr-defined]
            assert answers == []  # none is acknowledged before it is written
        for thread in threads:
            thread.join()
        assert answers == [{"StatusCode": 202}] * 21
        assert len(left(database)) == 21
    assert [batch for batch in batches if batch] == [1, 20]


def test_a_full_disk_refuses_new_calls_and_loses_none_that_are_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "attempts"
    with kept(tmp_path) as (lambda_, database):
        throttle(lambda_)
        send(lambda_, file, fails=False, number=1)
        room = no_room(database)
        for _ in range(3):
            with pytest.raises(ServiceError, match="cannot be written: database or disk is full") as refused:
                send(lambda_, file, more="x" * 500_000)
            assert refused.value.code == "ServiceUnavailable"
        assert [row.attempts for row in left(database)] == [0]
        room()
        send(lambda_, file, fails=False, more="x" * 500_000)
        lambda_.call("DeleteFunctionConcurrency", {"FunctionName": "f"})
        until(lambda: not left(database))
    assert len(attempts(file)) == 2
    assert caplog.text.count("are refused until the database can be written") == 1
    assert caplog.text.count("can be written again") == 1


def test_an_end_that_cannot_be_written_down_is_written_later_and_the_call_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "RETRY_SECONDS", 0.05)
    file = tmp_path / "attempts"
    tries: list[int] = []
    with kept(tmp_path) as (lambda_, database):
        commit = ledger.FileLedger._commit

        def failing(self: ledger.FileLedger, changes: list[ledger.Change]) -> None:
            if any(change.removed for change in changes):
                tries.append(len(changes))
                if len(tries) < 4:
                    raise StoreUnavailable("no room")
            commit(self, changes)

        monkeypatch.setattr(ledger.FileLedger, "_commit", failing)
        send(lambda_, file, fails=False)
        until(lambda: not left(database))
    assert tries == [1, 1, 1, 1]
    assert len(attempts(file)) == 1


def test_a_fault_of_ours_leaves_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with kept(tmp_path) as (lambda_, _):
        with monkeypatch.context() as patch:
            patch.setattr(LambdaEvents, "insert", lambda *_: 1 / 0)
            with pytest.raises(ServiceError, match="ZeroDivisionError") as refused:
                send(lambda_, tmp_path / "attempts")
            assert refused.value.code == "ServiceUnavailable"
        send(lambda_, tmp_path / "attempts")  # and the next is taken


def test_a_service_that_has_been_closed_takes_no_call(tmp_path: Path) -> None:
    with kept(tmp_path) as (lambda_, database):
        throttle(lambda_)
        send(lambda_, tmp_path / "attempts")
        lambda_.close()
        with pytest.raises(ServiceError, match="has been closed") as refused:
            send(lambda_, tmp_path / "attempts")
        assert refused.value.code == "ServiceUnavailable"
        assert len(left(database)) == 1


def test_a_call_that_waits_has_its_payload_in_the_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "attempts"
    with kept(tmp_path) as (lambda_, database):
        send(lambda_, file, more="x" * 100_000)
        until(lambda: [row.attempts for row in left(database)] == [1])
        due = until(lambda: lambda_._queue._due)
        assert [each.event.payload for each in due] == [None]
        assert b"xxx" in LambdaEvents.payload(database, due[0].number)


def test_calls_are_bounded_by_what_an_account_may_run_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.services.lambda_.events.CONCURRENCY", 2)
    text = "import time\ndef handler(event, context):\n    time.sleep(0.2)\n    open(event, 'a').write('x\\n')\n"
    most = 0
    with kept(tmp_path) as (lambda_, database):
        create(lambda_, "slow", text)
        for _ in range(6):
            invoke(lambda_, "slow", str(tmp_path / "ran"), InvocationType="Event")
        while left(database):
            most = max(most, len(lambda_._queue._under_way))
    assert most == 2
    assert (tmp_path / "ran").read_text() == "x\n" * 6


def test_retries_in_virtual_time_are_those_of_memory(tmp_path: Path) -> None:
    clock, file = VirtualClock(1_000_000.0), tmp_path / "attempts"
    with kept(tmp_path, clock=clock) as (lambda_, database):
        send(lambda_, file)
        until(lambda: not left(database))
    assert len(attempts(file)) == 3
    assert clock.now() == 1_000_180.0


def test_a_clock_that_was_set_back_lets_no_call_wait_for_long(tmp_path: Path) -> None:
    file = tmp_path / "attempts"
    day = 86_400.0
    with kept(tmp_path, clock=_Still(10 * day)) as (lambda_, database):
        configure(lambda_, MaximumRetryAttempts=1)
        send(lambda_, file)
        until(lambda: [row.due for row in left(database)] == [10 * day + 60])
    clock = VirtualClock(9 * day)
    with kept(tmp_path, clock=clock) as (_, database):
        until(lambda: not left(database))
    assert clock.now() <= 9 * day + 600


class _Still(SystemClock):
    """Stands still."""

    def __init__(self, at: float) -> None:
        self._at = at

    def now(self) -> float:
        return self._at


def test_calls_of_another_account_stay_for_it(tmp_path: Path) -> None:
    with kept(tmp_path, account="999999999999") as (lambda_, database):
        throttle(lambda_)
        send(lambda_, tmp_path / "attempts")
    with kept(tmp_path) as (lambda_, database):
        send(lambda_, tmp_path / "attempts", fails=False)
        until(lambda: len(left(database)) == 1)
        assert left(database)[0].function.startswith("arn:aws:lambda:us-east-1:999999999999:")
        assert left(database)[0].returned <= 1


def test_a_process_that_dies_again_and_again_makes_the_call_ever_less_often(tmp_path: Path) -> None:
    clock = _Still(1_000_000.0)
    pauses = []
    for returned in (0, 1, 5, 60):
        database = Database(tmp_path / f"{returned}.db", synchronous="NORMAL")
        with database.write() as connection:
            row = replace(lambda_event(1), function=f"{PREFIX}:f:$LATEST", due=clock.now(), returned=returned)
            LambdaEvents.insert(connection, [row])
        with service(database=database, clock=clock) as lambda_, lambda_._queue._condition:
            lambda_.take_up()
            pauses.append(lambda_._queue._due[0].at - clock.now())
            assert left(database)[0].returned == returned + 1
        database.close()
    assert pauses == [0.0, 1.0, 16.0, 300.0]


def test_payloads_and_contexts_come_back_as_they_were(tmp_path: Path) -> None:
    text = "def handler(event, context):\n    open(event['file'], 'w').write(repr((event, context.client_context.custom)))\n"
    file = tmp_path / "seen"
    event = {"file": str(file), "ä": "\ud800", "n": 1e300}
    with kept(tmp_path) as (lambda_, _):
        create(lambda_, "g", text)
        lambda_.call("PutFunctionConcurrency", {"FunctionName": "g", "ReservedConcurrentExecutions": 0})
        context = "eyJjdXN0b20iOiB7ImEiOiAiXHVkODAwIn19"  # {"custom": {"a": "\ud800"}}
        payload = json.dumps(event).encode()
        lambda_.call(
            "Invoke",
            {"FunctionName": "g", "InvocationType": "Event", "Payload": payload, "ClientContext": context},
        )
    with kept(tmp_path) as (lambda_, database):
        lambda_.call("DeleteFunctionConcurrency", {"FunctionName": "g"})
        until(lambda: not left(database))
    assert file.read_text() == repr((event, {"a": "\ud800"}))
