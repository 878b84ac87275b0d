"""Threads of functions, where the system has no more of them for a while."""

from __future__ import annotations

import threading

import pytest

from penstock.engine.tasks.threads import Threads


def test_threads_that_cannot_be_had_are_made_later(monkeypatch: pytest.MonkeyPatch) -> None:
    threads, start = Threads(), threading.Thread.start
    refused, held, ran = threading.Event(), threading.Event(), threading.Event()
    made = 0

    def start_few(self: threading.Thread) -> None:
        nonlocal made
        if self.name == "penstock-function":
            made += 1
            if made > 2 and not refused.is_set():
                refused.set()
                raise RuntimeError("can't start new thread")
        start(self)

    def hold() -> None:
        held.wait(10)

    monkeypatch.setattr(threading.Thread, "start", start_few)
    for _ in range(4):
        threads.submit(hold)
    assert refused.wait(5)
    threads.submit(ran.set)
    assert ran.wait(5), "others hold up all threads that there are"
    held.set()
    threads.close()
