"""The examples of docs/how-to/deploy-server.md, as far as they can be checked without Docker and without root."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.docs import snippets

from penstock.config import SERVER_ENVIRONMENT, load_settings

PAGE = snippets.ROOT / "docs" / "how-to" / "deploy-server.md"
FILES = {block.title: block.text for block in snippets.blocks(PAGE) if block.title}


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", FILES["Dockerfile"], flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines if line.strip()]


def test_the_dockerfile_is_one() -> None:
    names = [name for name, _ in instructions()]
    known = {"FROM", "RUN", "WORKDIR", "COPY", "VOLUME", "USER", "ENV", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT"}
    assert set(names) <= known
    assert names[0] == "FROM"
    given = dict(instructions())
    # hadolint's rules that matter here: a tag, no root, no cache, commands as lists.
    assert re.fullmatch(r"python:3\.\d+-slim", given["FROM"])
    assert given["USER"] != "root"
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert all("--no-cache-dir" in text for name, text in instructions() if name == "RUN" and "pip install" in text)
    assert json.loads(given["ENTRYPOINT"]) == ["penstock", "server"]
    options, _, check = given["HEALTHCHECK"].partition("CMD ")
    assert "--timeout=" in options
    command = json.loads(check)
    assert command[0] == "python"
    compile(command[2], "HEALTHCHECK", "exec")


def environments() -> list[dict[str, str]]:
    docker = dict(part.split("=", 1) for name, text in instructions() if name == "ENV" for part in shlex.split(text))
    lines = re.findall(r"^Environment=(.*)$", FILES["penstock.service"], re.MULTILINE)
    return [docker, dict(line.split("=", 1) for line in lines)]


@pytest.mark.parametrize("environment", environments(), ids=["docker", "systemd"])
def test_the_environment_is_what_the_server_knows(environment: dict[str, str], tmp_path: Path) -> None:
    ours = {name for name in environment if name.startswith("PENSTOCK_")}
    assert ours <= set(SERVER_ENVIRONMENT)
    server = load_settings(tmp_path, environ=environment).server
    assert server.db is not None
    assert server.log_format == "json"


def test_the_unit_is_one() -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(FILES["penstock.service"])
    assert set(parser.sections()) == {"Unit", "Service", "Install"}
    assert shlex.split(parser["Service"]["ExecStart"])[1:] == ["server"]
    assert float(parser["Service"]["TimeoutStopSec"]) > 5  # the server's own grace


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    # The command has to exist for systemd-analyze; what is checked is the rest.
    unit = FILES["penstock.service"].replace("/opt/penstock/bin/penstock", shutil.which("true") or "/bin/true")
    (tmp_path / "penstock.service").write_text(unit, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "penstock.service")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
    )
    complaints = [line for line in done.stderr.splitlines() if "penstock.service" in line]
    assert (done.returncode, complaints) == (0, [])
