"""A loop whose rounds are made by the threads of functions too: everything once, in order, and nothing left asleep."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.engine.journaling import program_of, programs
from tests.engine.support import FUNCTION

import penstock
from penstock.clock import SystemClock, VirtualClock
from penstock.engine.core import advance
from penstock.engine.driver import Driver
from penstock.engine.execution import Execution
from penstock.engine.history import events
from penstock.engine.journal import Journal
from penstock.engine.messages import Event, TimersFired
from penstock.engine.recovery import recover
from penstock.engine.running import ExecutionResult
from penstock.engine.tasks.functions import FunctionHandler
from penstock.store import Database

STEP = {"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 60}
CHAIN = {
    "StartAt": "A",
    "States": {"A": {**STEP, "Next": "B"}, "B": {**STEP, "Next": "C"}, "C": {**STEP, "End": True}},
}
FAN = {
    "StartAt": "P",
    "States": {
        "P": {
            "Type": "Parallel",
            "Branches": [
                {
                    "StartAt": "L",
                    "States": {"L": {**STEP, "Next": "W"}, "W": {"Type": "Wait", "Seconds": 0, "End": True}},
                },
                {
                    "StartAt": "M",
                    "States": {
                        "M": {
                            "Type": "Map",
                            "ItemsPath": "$.items",
                            "ItemProcessor": {"StartAt": "I", "States": {"I": {**STEP, "End": True}}},
                            "End": True,
                        }
                    },
                },
            ],
            "End": True,
        }
    },
}


@pytest.fixture(autouse=True)
def hasty_threads() -> Iterator[None]:
    """Threads change places as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


class Work:
    """A function that counts its calls, and in whose threads the rounds were made."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, event: Any, context: Any) -> Any:
        with self._lock:
            self.calls[threading.current_thread().name] += 1
        return event


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "w.db", synchronous="NORMAL")
    yield database
    database.close()


@pytest.mark.parametrize("durable", [False, True])
def test_everything_is_done_once(durable: bool, database: Database) -> None:
    work = Work()
    handler = FunctionHandler({"work": work})
    driver = Driver(handlers=[handler], shared=True, journal=Journal(database) if durable else None)
    chains = [driver.start(program_of(CHAIN), {"n": n}, name=f"c{n}") for n in range(60)]
    fans = [driver.start(program_of(FAN), {"items": list(range(n))}, name=f"f{n}") for n in range(20)]
    driver.finish()
    assert [each.execution.output for each in chains] == [{"n": n} for n in range(60)]
    assert [each.execution.output for each in fans] == [[{"items": i}, i] for i in map(list, map(range, range(20)))]
    assert sum(work.calls.values()) == 60 * 3 + sum(n + 1 for n in range(20))
    for running in (*chains, *fans):
        history = events(running.records) if not durable else []
        assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    driver.close()
    handler.close()
    if durable:
        later = Driver(journal=Journal(database))
        assert recover(later, programs).running == []  # all of them were written down as ended
        later.close()


def test_steps_one_after_another_wake_nobody() -> None:
    """The thread that ran the first step makes every round of the rest and runs every step."""
    rounds: Counter[str] = Counter()
    work = Work()
    handler = FunctionHandler({"work": work})

    class Watched(Driver):
        def round(self) -> bool:
            rounds[threading.current_thread().name] += 1
            return super().round()

    driver = Watched(handlers=[handler], shared=True)
    states = {f"S{n}": {**STEP, **({"Next": f"S{n + 1}"} if n < 200 else {"End": True})} for n in range(1, 201)}
    running = driver.start(program_of({"StartAt": "S1", "States": states}), 1)
    driver.run(running)
    driver.close()
    handler.close()
    assert rounds["penstock-function"] > 100
    assert max(work.calls.values()) > 100


def test_not_shared_is_the_loops_alone() -> None:
    work = Work()
    handler = FunctionHandler({"work": work})
    threads: set[str] = set()
    with_observer = penstock.run(
        CHAIN, 1, functions={"work": work}, observer=lambda event: threads.add(threading.current_thread().name)
    )
    assert with_observer.status == "SUCCEEDED"
    assert threads == {threading.main_thread().name}
    driver = Driver(handlers=[handler], shared=True, clock=VirtualClock(), skip_time=True)
    assert not driver.make(lambda: None, rounds=1)
    driver.close()
    handler.close()


def test_a_fault_in_a_functions_thread_comes_out_of_the_loop() -> None:
    class Broken(Driver):
        def round(self) -> bool:
            if threading.current_thread() is not threading.main_thread():
                raise MemoryError("no more")
            return super().round()

    handler = FunctionHandler({"work": slow})
    driver = Broken(handlers=[handler], shared=True)
    running = driver.start(program_of(CHAIN), 1)
    with pytest.raises(MemoryError, match="no more"):
        driver.run(running)
    driver.close(torn=True)
    handler.close()


@pytest.mark.parametrize("where", ["loop", "function"])
def test_a_turn_that_was_cut_in_two_is_nobodys_to_go_on_from(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C after the core has moved and before that is written down: nothing of it is, and the next process goes on."""

    def branch(name: str, length: int) -> dict[str, Any]:
        states = {
            f"{name}{n}": {**STEP, **({"Next": f"{name}{n + 1}"} if n < length else {"End": True})}
            for n in range(1, length + 1)
        }
        return {"StartAt": f"{name}1", "States": states}

    waiting = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "X"}, "X": {**STEP, "End": True}}}
    branches = [waiting, branch("A", 20), branch("B", 20)]
    document = {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": branches, "End": True}}}
    of_loop = where == "loop"
    told = 0

    def torn(execution: Execution, event: Event, now: float) -> Any:
        nonlocal told
        commands = advance(execution, event, now)
        told += 1
        if (isinstance(event, TimersFired) and of_loop) or (
            not of_loop and told > 5 and threading.current_thread() is not threading.main_thread()
        ):
            raise KeyboardInterrupt
        return commands

    database = Database(tmp_path / "w.db", synchronous="NORMAL")
    handler = FunctionHandler({"work": slow})
    driver = Driver(handlers=[handler], shared=True, journal=Journal(database))
    running = driver.start(program_of(document), {"n": 1}, name="x")
    with monkeypatch.context() as patched:
        patched.setattr("penstock.engine.driver.advance", torn)
        with pytest.raises(KeyboardInterrupt):
            driver.run(running)
        commits = database.commits
        SystemClock().sleep(0.4)  # functions end meanwhile
        assert database.commits == commits
        driver.close(torn=True)
    handler.close()
    database.close()
    database = Database(tmp_path / "w.db", synchronous="NORMAL")
    handler = FunctionHandler({"work": lambda event, context: event})
    driver = Driver(handlers=[handler], journal=Journal(database))
    recovered = recover(driver, programs)
    assert [driver.run(each).status for each in recovered.running] == ["SUCCEEDED"]
    driver.close()
    handler.close()
    database.close()


def test_no_thread_takes_the_wake_up_of_another() -> None:
    lasting = program_of({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 3000, "End": True}}})
    for _ in range(40):
        driver = Driver(shared=True)
        driver.start(lasting, 1)
        looping = threading.Thread(target=driver.finish, daemon=True)
        looping.start()
        left = threading.Event()

        def others(driver: Driver = driver, left: threading.Event = left) -> None:
            while not left.is_set():
                driver.make(lambda: None, rounds=1)

        making = threading.Thread(target=others, daemon=True)
        making.start()
        SystemClock().sleep(0.002)
        driver.leave()
        looping.join(20)
        left.set()
        making.join(20)
        assert not looping.is_alive()
        driver.close()


def test_a_timer_after_the_clock_was_set_forward_wakes_it() -> None:
    class Jumping(SystemClock):
        ahead = 0.0

        def now(self) -> float:
            return super().now() + self.ahead

    clock = Jumping()

    def work(event: Any, context: Any) -> Any:
        slow(event, context)
        clock.ahead = 600.0
        return event

    states = {"A": {**STEP, "TimeoutSeconds": 9000, "Next": "W"}, "W": {"Type": "Wait", "Seconds": 1, "End": True}}
    handler = FunctionHandler({"work": work})
    driver = Driver(handlers=[handler], shared=True, clock=clock)
    begun = clock.monotonic()
    assert driver.run(driver.start(program_of({"StartAt": "A", "States": states}), 1)).status == "SUCCEEDED"
    assert clock.monotonic() - begun < 30  # not only after a minute, when it looks by itself
    driver.close()
    handler.close()


def test_a_timer_that_is_sooner_than_the_loop_knows_wakes_it() -> None:
    states = {"A": {**STEP, "Next": "W"}, "W": {"Type": "Wait", "Seconds": 1, "End": True}}
    begun = SystemClock().monotonic()
    assert run_slowly(states).status == "SUCCEEDED"
    assert SystemClock().monotonic() - begun < 30  # not only after a minute, when the step's own timer would be due


def test_what_a_functions_thread_leaves_undone_wakes_it() -> None:
    states = {
        "A": {**STEP, "Next": "L"},
        "L": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericLessThan": 5500, "Next": "N"}], "Default": "E"},
        "N": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "L"},
        "E": {"Type": "Succeed"},
    }
    assert run_slowly(states).output == {"n": 5500}  # more steps than one round has


def slow(event: Any, context: Any) -> Any:
    """Takes so long that the loop's thread sleeps when it ends."""
    SystemClock().sleep(0.1)
    return event


def run_slowly(states: dict[str, Any]) -> ExecutionResult:
    handler = FunctionHandler({"work": slow})
    driver = Driver(handlers=[handler], shared=True)
    result = driver.run(driver.start(program_of({"StartAt": "A", "States": states}), {"n": 0}))
    driver.close()
    handler.close()
    return result


def test_nothing_is_made_after_the_end() -> None:
    driver = Driver(shared=True)
    assert driver.make(lambda: None, rounds=1)
    driver.close()
    assert not driver.make(lambda: None, rounds=1)


def test_closing_waits_for_the_round_that_another_makes(database: Database) -> None:
    inside, go_on = threading.Event(), threading.Event()

    class Slow(Driver):
        def round(self) -> bool:
            if threading.current_thread() is not threading.main_thread():
                inside.set()
                assert go_on.wait(20)
            return super().round()

    handler = FunctionHandler({"work": slow})
    driver = Slow(handlers=[handler], shared=True, journal=Journal(database))
    driver.start(program_of(CHAIN), 1, name="x")
    looping = threading.Thread(target=driver.finish)
    looping.start()
    assert inside.wait(20)
    driver.leave()
    closing = threading.Thread(target=driver.close)
    closing.start()
    closing.join(0.2)
    assert closing.is_alive()
    go_on.set()
    closing.join(20)
    looping.join(20)
    assert not closing.is_alive()
    assert not looping.is_alive()
    handler.close()


def test_what_a_round_prints_is_not_the_functions(capsys: pytest.CaptureFixture[str]) -> None:
    class Telling(Driver):
        def round(self) -> bool:
            if threading.current_thread() is not threading.main_thread():
                print("a round")
            return super().round()

    def work(event: Any, context: Any) -> Any:
        print("a function")
        return slow(event, context)

    handler = FunctionHandler({"work": work})
    driver = Telling(handlers=[handler], shared=True)
    driver.run(driver.start(program_of(CHAIN), 1))
    driver.close()
    handler.close()
    out, err = capsys.readouterr()
    assert "a round" in out
    assert "a function" not in out
    assert err.count("a function") == 3
    assert "a round" not in err
