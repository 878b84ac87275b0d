"""`examples/weather`: its arithmetic against the data, and the workflow around it through the real command."""

from __future__ import annotations

import csv
import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.examples.command import EXAMPLES, Outcome, run_example

pytest.importorskip("penstock.script")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """The CSV file, read here without the example's code."""
    from importlib.metadata import distribution

    path = Path(str(distribution("vega_datasets").locate_file("vega_datasets/_data/seattle-weather.csv")))
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Path]:
    folder = tmp_path_factory.mktemp("weather")
    return run_example("weather", folder), folder / "build" / "weather"


@pytest.fixture
def seattle() -> Iterator[None]:
    sys.path.insert(0, str(EXAMPLES / "weather"))
    yield
    sys.path.remove(str(EXAMPLES / "weather"))
    for name in [name for name in sys.modules if name.split(".")[0] == "seattle"]:
        del sys.modules[name]


def test_the_run_succeeds_and_says_where_the_report_is(outcome: tuple[Outcome, Path]) -> None:
    done, folder = outcome
    assert done.exit_code == 0, done.stderr
    assert done.output["files"] == [f"build/weather/{name}" for name in ("report.txt", "report.json", "chart.svg")]
    assert sorted(path.name for path in folder.iterdir()) == ["chart.svg", "report.json", "report.txt"]


def test_the_figures_are_those_of_the_data(outcome: tuple[Outcome, Path], rows: list[dict[str, str]]) -> None:
    _, folder = outcome
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert [year["year"] for year in report["years"]] == [2012, 2013, 2014, 2015]
    for year in report["years"]:
        days = [row for row in rows if row["date"].startswith(str(year["year"]))]
        assert year["days"] == len(days)
        assert year["rain"] == pytest.approx(sum(float(day["precipitation"]) for day in days), abs=0.06)
        assert year["hottest"]["value"] == max(float(day["temp_max"]) for day in days)
        assert year["coldest"]["value"] == min(float(day["temp_min"]) for day in days)
        assert sum(year["weather"].values()) == len(days)
    assert report["records"]["wettest"]["value"] == max(float(row["precipitation"]) for row in rows)
    assert report["records"]["hottest"]["value"] == max(float(row["temp_max"]) for row in rows)


def test_the_archive_is_retried_once_and_the_missing_year_is_handled(outcome: tuple[Outcome, Path]) -> None:
    done, folder = outcome
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert [gap["year"] for gap in report["missing"]] == [2016]
    failures = [e for e in done.history if e["type"] == "LambdaFunctionFailed"]
    errors = sorted(event["lambdaFunctionFailedEventDetails"]["error"] for event in failures)
    assert errors == ["ArchiveBusy", "NoRecords"]
    assert done.count("MapIterationSucceeded") == 5


def test_the_chart_is_a_picture(outcome: tuple[Outcome, Path]) -> None:
    _, folder = outcome
    svg = ET.parse(folder / "chart.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    bars = [rect for rect in svg.iter(f"{space}rect") if rect.get("rx") == "1.5"]
    assert len(bars) == 48 + 1, "a bar for each of 48 months, and one in the legend"
    for bar in bars:
        assert float(bar.get("height", "-1")) >= 0
    texts = [text.text for text in svg.iter(f"{space}text")]
    assert "35.6 °C" in texts
    assert "2015" in texts


def test_only_years_without_records_is_a_failure(tmp_path: Path) -> None:
    done = run_example("weather", tmp_path, value={"years": [1999], "folder": "build/weather"})
    assert done.exit_code == 1
    assert "NothingToReport" in done.stderr
    assert not (tmp_path / "build").exists()


@pytest.mark.usefixtures("seattle")
def test_a_dry_spell_ends_at_the_first_rain_day() -> None:
    from datetime import date, timedelta

    from seattle.archive import Day
    from seattle.statistics import summarise

    rain = [5.0, 0.0, 0.9, 0.0, 1.0, 0.0, 0.0]
    days = [
        Day(date=date(2020, 1, 1) + timedelta(days=n), rain=mm, high=10.0 + n, low=n, wind=1.0, weather="sun")
        for n, mm in enumerate(rain)
    ]
    year = summarise(2020, days)
    assert year["longest_dry_spell"] == {"from": "2020-01-02", "days": 3}
    assert year["rain_days"] == 2
    assert year["rain_by_month"] == [6.9, *[0] * 11]
    assert year["mean"] == 8.0


@pytest.mark.usefixtures("seattle")
def test_the_trend_is_a_least_squares_line() -> None:
    from seattle.statistics import trend

    years = [{"year": 2000 + n, "mean": 10 + 0.5 * n} for n in range(4)]
    assert trend(years) == {"degrees_per_year": 0.5, "first": 10.0, "last": 11.5, "rose_every_year": True}
    years[1]["mean"] = 10.0
    assert trend(years)["rose_every_year"] is False
    assert trend(years[:1]) == {"degrees_per_year": 0.0, "first": 10.0, "last": 10.0, "rose_every_year": False}
