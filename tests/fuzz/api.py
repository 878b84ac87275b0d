"""`python -m tests.fuzz.api --requests 10000`: each operation of the API, so many requests made from the model.

The server is a process of its own in an empty folder, with a database, buckets in a folder, and logs. A finding is: an answer
of 5xx, or none within 30 s; an answer that is not JSON in the protocol's form; a traceback or a fault in the server's log; a
server that is gone; a file opened, made or changed that is none of the server's business. What the server does to files is
told by itself (sys.addaudithook), and what its folder and its neighbours hold is compared before and after.

Exit code 1 for findings; each is written to build/fuzz/ with the request that made it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from secrets import token_hex

from tests.fuzz.requests import DEFINITIONS, PREFIX, ROLE, Known, body, parameters
from tests.server.process import Server, started

from penstock.services.stepfunctions.model import operations

OUT = Path("build/fuzz")
CONNECTIONS = 12
SECONDS = 30
ROOT = Path(__file__).resolve().parents[2]

WATCH = """
import os as _os
_told = _os.open({audit!r}, _os.O_WRONLY | _os.O_CREAT | _os.O_APPEND)
_names = {{"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.truncate",
          "os.utime", "os.chown", "shutil.rmtree", "shutil.copyfile", "shutil.move", "subprocess.Popen", "os.exec", "os.posix_spawn",
          "os.system", "os.fork", "socket.connect", "sqlite3.connect", "ctypes.dlopen"}}
_seen = set()
def _hook(event, arguments):
    if event in _names:
        line = (event, repr(arguments[:2]), arguments[2] if event == "open" and len(arguments) > 2 else 0)
        if line not in _seen and len(_seen) < 100000:
            _seen.add(line)
            _os.write(_told, (repr(line) + chr(10)).encode("utf-8", "backslashreplace"))
sys.addaudithook(_hook)
import penstock.client as _client
_client.start_service.__kwdefaults__["poll_seconds"] = 0.02
"""


@dataclass
class Findings:
    """What came out that must not, each kind once, with the request that made it."""

    found: dict[str, bytes] = field(default_factory=dict)
    went: Counter[str] = field(default_factory=Counter)
    codes: dict[str, Counter[str]] = field(default_factory=dict)
    requests: int = 0

    def add(self, what: str, request: bytes = b"") -> None:
        self.found.setdefault(what[:300], request)


def raw(operation: str, data: bytes, place: tuple[str, int]) -> bytes:
    head = (
        f"POST / HTTP/1.1\r\nHost: {place[0]}:{place[1]}\r\nX-Amz-Target: AWSStepFunctions.{operation}\r\n"
        f"Content-Type: application/x-amz-json-1.0\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


def judged(operation: str, status: int, answer: bytes, findings: Findings, request: bytes) -> object:
    """The answer, if it is one of 200."""
    findings.requests += 1
    findings.went[str(status)] += 1
    if status >= 500:
        findings.add(f"{operation}: {status} {answer[:200]!r}", request)
        return None
    if b"Traceback" in answer:
        findings.add(f"{operation}: a traceback in the answer", request)
    try:
        value = json.loads(answer)
    except ValueError:
        findings.add(f"{operation}: {status} with an answer that is not JSON: {answer[:100]!r}", request)
        return None
    code = "200" if status == 200 else str(value.get("__type"))
    findings.codes.setdefault(operation, Counter())[code] += 1
    if status != 200 and not re.fullmatch(r"[A-Z][A-Za-z]+", code):
        findings.add(f"{operation}: {status} without an error's name: {answer[:200]!r}", request)
    return value if status == 200 else None


class Connections:
    """Several requests at once, over plain sockets, each answered within SECONDS or found."""

    def __init__(self, place: tuple[str, int], findings: Findings) -> None:
        self._place = place
        self._findings = findings
        self.alive = True
        """False when the server takes no connection, or lets a request wait for too long: it is of no use to go on."""

    def ask(self, operation: str, datas: list[bytes]) -> Iterator[object]:
        import selectors
        import socket

        waiting = [raw(operation, data, self._place) for data in datas]
        with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:

            def send() -> None:
                request = waiting.pop()
                try:
                    connection = stack.enter_context(socket.create_connection(self._place, timeout=SECONDS))
                except OSError as error:
                    self.alive = False
                    self._findings.add(f"{operation}: no connection: {error}", request)
                    waiting.clear()
                    return
                connection.sendall(request)
                selector.register(connection, selectors.EVENT_READ, [request, b""])

            def again(connection: socket.socket) -> None:
                if waiting:
                    request = waiting.pop()
                    try:
                        connection.sendall(request)
                    except OSError:
                        waiting.append(request)
                        selector.unregister(connection)
                        send()
                        return
                    selector.modify(connection, selectors.EVENT_READ, [request, b""])
                else:
                    selector.unregister(connection)

            for _ in range(min(CONNECTIONS, len(waiting))):
                send()
            while selector.get_map():
                ready = selector.select(SECONDS)
                if not ready:
                    self.alive = False
                    for key in selector.get_map().values():
                        self._findings.add(f"{operation}: no answer within {SECONDS} s", key.data[0])
                    return
                for key, _ in ready:
                    connection, held = key.fileobj, key.data
                    assert isinstance(connection, socket.socket)
                    try:
                        got = connection.recv(1 << 18)
                    except OSError:
                        got = b""
                    held[1] += got
                    head, found, rest = held[1].partition(b"\r\n\r\n")
                    length = re.search(rb"content-length: (\d+)", head)
                    if found and length is not None and len(rest) >= int(length[1]):
                        yield judged(operation, int(head.split(b" ", 2)[1]), rest, self._findings, held[0])
                        if b"connection: close" in head:
                            selector.unregister(connection)
                            if waiting:
                                send()
                        else:
                            again(connection)
                    elif not got:
                        self._findings.add(f"{operation}: the connection ended without an answer", held[0])
                        selector.unregister(connection)
                        if waiting:
                            send()


def prepare(folder: Path) -> Path:
    """A folder for the server, with buckets whose neighbours hold what nobody may read."""
    served = folder / "served"
    (served / "objects" / "bucket").mkdir(parents=True)
    (served / "objects" / "bucket" / "items.json").write_text("[1, 2, 3]", encoding="utf-8")
    (served / "objects" / "bucket" / "link").symlink_to("/")
    (folder / "secret.txt").write_text("canary", encoding="utf-8")
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    return served


def listing(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_symlink()}


def strange(folder: Path, audit: Path, before: set[str]) -> Iterator[str]:
    """What happened to files that should not have."""
    ours = [Path("served/.penstock"), Path("served/objects/bucket"), Path("tmp"), Path(audit.name)]
    for name in sorted(listing(folder) - before):
        path = Path(name)
        if not any(path.is_relative_to(each) for each in ours) and not name.startswith("served/x.db"):
            yield f"made: {name}"
    installed = [
        sys.prefix,
        sys.base_prefix,
        str(ROOT / "src"),
        sysconfig.get_path("stdlib"),
        str(Path(sys.executable).resolve().parent),
    ]
    own = (f"{folder}/served/", f"{folder}/tmp/")
    allowed = (*own, "/dev/null", "/dev/urandom", "/proc/", "/usr/share/zoneinfo", "/sys/fs/cgroup")
    system = (
        "/etc/mime.types",
        "/etc/localtime",
        "/etc/ld.so.cache",
        "/etc/nsswitch.conf",
        "/etc/hosts",
        "/etc/resolv.conf",
        "/lib",
        "/usr/lib",
        "/usr/share/locale",
    )
    for line in audit.read_text("utf-8").splitlines():
        event, arguments, flags = eval(line, {"__builtins__": {}})  # noqa: S307  (our own server's repr, of texts and numbers)
        found = re.match(r"\((?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|b'((?:[^'\\]|\\.)*)')", arguments)
        if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
            yield f"{event} {arguments}"
        elif event == "socket.connect":
            if "127.0.0.1" not in arguments and "::1" not in arguments:
                yield f"{event} {arguments}"
        elif found is not None and event not in ("os.fork", "ctypes.dlopen"):
            name = (
                next(group for group in found.groups() if group is not None)
                .encode()
                .decode("unicode_escape", "replace")
            )
            path = os.path.normpath(os.path.join(folder / "served", name))
            writes = event not in ("open", "sqlite3.connect") or bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
            if f"{path}/".startswith(allowed) or path.startswith(allowed):
                continue
            if not writes and (path.startswith((*installed, *system))):
                continue
            if writes and "__pycache__" in path:
                continue
            yield f"{event} {path}"


def fuzz(each: int, seed: str, only: list[str] | None = None, tell: bool = False) -> Findings:
    findings = Findings()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        served = prepare(folder)
        audit = folder / "audit.txt"
        before = listing(folder)
        environment = {
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "PENSTOCK_AWS_OBJECTS": str(served / "objects"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        watch = WATCH.format(audit=str(audit))
        with (
            contextlib.suppress(AssertionError),
            started(served, "--db", "x.db", "--log-format", "json", before=watch, env=environment) as server,
        ):
            _each(server, each, seed, only or sorted(operations()), findings, tell)
            _still_there(server, findings)
        for line in server.log.splitlines():
            if line.startswith("{") and json.loads(line).get("level") in ("error", "critical"):
                findings.add(f"log: {json.loads(line)['message']} {json.loads(line).get('fault', '')[-400:]}")
        trace = re.search(r"^Traceback", server.log, re.MULTILINE)
        if trace is not None:
            findings.add(f"log: {server.log[trace.start() :][:1000]}")
        if server.process.returncode != 0:
            findings.add(f"the server ended with {server.process.returncode}")
        for what in strange(folder, audit, before):
            findings.add(f"files: {what}")
    return findings


def _each(server: Server, each: int, seed: str, names: list[str], findings: Findings, tell: bool) -> None:
    known = Known()
    connections = Connections(server.place, findings)
    for operation in names:
        draw = Random(f"{seed}-{operation}")
        done, began = 0, time.monotonic()
        while done < each and connections.alive:
            _basics(draw, connections, known)
            if not connections.alive:
                return
            count = min(100, each - done)
            datas = [body(draw, parameters(draw, operation, known)) for _ in range(count)]
            for answer in connections.ask(operation, datas):
                known.learn(answer)
            done += count
        if tell:
            codes = ", ".join(
                f"{code} {count}" for code, count in findings.codes.get(operation, Counter()).most_common(4)
            )
            print(
                f"{operation:<34} {done:>6} in {time.monotonic() - began:4.0f} s: {codes}", file=sys.stderr, flush=True
            )


def _basics(draw: Random, connections: Connections, known: Known) -> None:
    """What requests can name, made again where a request has deleted it."""

    def ask(operation: str, **given: object) -> dict[str, object]:
        answers = list(connections.ask(operation, [json.dumps(given).encode()]))
        for answer in answers:
            known.learn(answer)
        (answer,) = answers or [None]
        return answer if isinstance(answer, dict) else {}

    machine = f"{PREFIX}:stateMachine"
    ask("CreateActivity", name="a")
    ask("CreateStateMachine", name="m", definition=DEFINITIONS[0], roleArn=ROLE, publish=True)
    ask("CreateStateMachine", name="x", definition=DEFINITIONS[0], roleArn=ROLE, type="EXPRESS")
    ask("CreateStateMachine", name="act", definition=DEFINITIONS[4], roleArn=ROLE)
    ask("CreateStateMachine", name="map", definition=DEFINITIONS[10], roleArn=ROLE)
    some = f"w{draw.randrange(1000)}"
    ask("CreateStateMachine", name=some, definition=draw.choice(DEFINITIONS), roleArn=ROLE)
    routes = [{"stateMachineVersionArn": f"{machine}:m:1", "weight": 100}]
    ask("CreateStateMachineAlias", name="live", routingConfiguration=routes)
    ask("StartExecution", stateMachineArn=f"{machine}:m")
    for _ in range(5):
        ask("StartExecution", stateMachineArn=f"{machine}:act")
        ask("GetActivityTask", activityArn=f"{PREFIX}:activity:a")
    ask("StartExecution", stateMachineArn=f"{machine}:{some}", input='{"items":[1,2,3],"a":{"b":"../c"}}')
    run = ask("StartExecution", stateMachineArn=f"{machine}:map", input='{"items":[1,2,3]}').get("executionArn")
    ask("ListMapRuns", executionArn=run)


def _still_there(server: Server, findings: Findings) -> None:
    import urllib.request

    if server.process.poll() is not None:
        findings.add(f"the server is gone: {server.process.returncode}")
        return
    try:
        with urllib.request.urlopen(f"{server.url}/health", timeout=SECONDS) as answer:
            if json.loads(answer.read())["status"] != "ok":
                findings.add("the server is not well")
    except OSError as error:
        findings.add(f"the server does not answer: {error}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.api", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000, help="of each operation (10000)")
    parser.add_argument("--operation", action="append", help="only this one; repeatable")
    parser.add_argument("--seed", default=None, help="where the requests begin; by chance otherwise")
    options = parser.parse_args(arguments)
    seed = options.seed or token_hex(4)
    findings = fuzz(options.requests, seed, options.operation, tell=True)
    went = ", ".join(f"{count:,} {status}" for status, count in findings.went.most_common())
    print(f"seed {seed}: {findings.requests:,} requests; {went}")
    OUT.mkdir(parents=True, exist_ok=True)
    for number, (what, request) in enumerate(findings.found.items(), 1):
        print(f"\n{number}. {what}")
        if request:
            (OUT / f"api-{seed}-{number}.http").write_bytes(request)
            print(f"   the request: {OUT}/api-{seed}-{number}.http")
    return 1 if findings.found else 0


if __name__ == "__main__":
    sys.exit(main())
