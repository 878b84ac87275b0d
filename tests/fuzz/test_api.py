"""The API's fuzzing, a short form; `make fuzz-api` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fuzz.api import Findings, fuzz, judged, listing, prepare, strange

from penstock.services.stepfunctions.model import operations


def test_requests_made_from_the_model_find_no_fault() -> None:
    findings = fuzz(60, "pytest")
    assert findings.found == {}
    assert findings.requests > 60 * len(operations())
    assert set(findings.codes) == set(operations())
    # Most operations come to their end now and then, else nothing is fuzzed but the checking of requests.
    reached = [operation for operation, codes in findings.codes.items() if codes["200"]]
    assert len(reached) > 0.8 * len(operations())


def test_answers_that_must_not_be_are_found() -> None:
    findings = Findings()
    for status, answer in (
        (500, b"{}"),
        (200, b"<html>"),
        (400, b'{"message":"x"}'),
        (400, b'{"__type":"A","message":"Traceback"}'),
    ):
        judged("X", status, answer, findings, b"request")
    assert len(findings.found) == 4
    assert set(findings.found.values()) == {b"request"}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (("open", "('/etc/passwd', 'r')", 0), True),
        (("open", "('../secret.txt', 'r')", 0), True),
        (("open", "('objects/bucket/../../../home/x', 'w')", 1), True),
        (("open", "('objects/bucket/items.json', 'rb')", 0), False),
        (("open", "('x.db', 'r')", 2), False),
        (("os.mkdir", "('/opt/x', 511)", 0), True),
        (("os.rename", "('/home/x', 'y')", 0), True),
        (("subprocess.Popen", "('sh', ['sh'])", 0), True),
        (("socket.connect", "('<socket>', ('169.254.169.254', 80))", 0), True),
        (("socket.connect", "('<socket>', ('127.0.0.1', 80))", 0), False),
    ],
)
def test_files_that_are_none_of_its_business_are_found(tmp_path: Path, line: tuple[str, str, int], found: bool) -> None:
    prepare(tmp_path)
    audit = tmp_path / "audit.txt"
    audit.write_text(repr(line) + "\n", encoding="utf-8")
    assert bool(list(strange(tmp_path, audit, listing(tmp_path)))) is found


def test_files_that_it_makes_elsewhere_are_found(tmp_path: Path) -> None:
    prepare(tmp_path)
    before = listing(tmp_path)
    (tmp_path / "audit.txt").touch()
    (tmp_path / "home" / ".penstock").touch()
    (tmp_path / "served" / "x.db-wal").touch()
    assert list(strange(tmp_path, tmp_path / "audit.txt", before)) == ["made: home/.penstock"]
