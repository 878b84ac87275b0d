"""A server with a few functions, and each kind of client of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.clients import Boto3, Cli, Client
from tests.server.process import Server, started

FUNCTIONS = '''
import pathlib

HERE = pathlib.Path(__file__).parent


def double(event, context):
    return event * 2


def remember(event, context):
    """Keeps a task token where the test finds it, as a queue would."""
    (HERE / event["name"]).write_text(event["token"])


def flaky(event, context):
    """Fails until somebody has mended it."""
    if not (HERE / event["mended"]).exists():
        raise RuntimeError("not mended yet")
    return "mended"
'''
SETTINGS = '[functions]\ndouble = "app:double"\nremember = "app:remember"\nflaky = "app:flaky"\n'


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("e2e")
    (folder / "app.py").write_text(FUNCTIONS, encoding="utf-8")
    (folder / "penstock.toml").write_text(SETTINGS, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def server(folder: Path) -> Iterator[Server]:
    with started(folder) as server:
        yield server


@pytest.fixture(scope="session", params=["boto3", "cli"])
def client(request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Client:
    if request.param == "boto3":
        return Boto3(server.environment)
    return Cli(server.environment, tmp_path_factory.mktemp("home"))


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name for what the test makes, by the test and its client."""
    return "".join(c if c.isalnum() else "-" for c in request.node.name)[:60]
