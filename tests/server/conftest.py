"""One server for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.server.process import Server, started


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    (folder / "app.py").write_text("def double(event, context):\n    return event * 2\n", encoding="utf-8")
    (folder / "penstock.toml").write_text('[functions]\ndouble = "app:double"\n', encoding="utf-8")
    with started(folder) as server:
        yield server


@pytest.fixture(scope="module")
def url(server: Server) -> str:
    return server.url
