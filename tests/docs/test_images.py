"""The pictures in the documentation are what the commands make."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.docs import snippets

IMAGES = snippets.ROOT / "docs" / "images"
WEATHER = snippets.ROOT / "examples" / "weather"


@pytest.mark.parametrize(
    ("image", "command", "made"),
    [
        ("weather.svg", f"penstock graph {WEATHER / 'project.py'} -o graph.svg", "graph.svg"),
        (
            "weather-chart.svg",
            f"penstock run {WEATHER / 'project.py'} --input @{WEATHER / 'input.json'} --time skip",
            "build/weather/chart.svg",
        ),
    ],
)
def test_an_image_is_what_its_command_makes(image: str, command: str, made: str, tmp_path: Path) -> None:
    printed, code = snippets.run(command, tmp_path)
    assert code == 0, printed
    fresh = (tmp_path / made).read_text(encoding="utf-8")
    assert (IMAGES / image).read_text(encoding="utf-8") == fresh, f"make it again: {command}"
