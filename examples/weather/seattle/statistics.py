"""Numbers about a year of days, and about the years together. Everything returned is JSON."""

from __future__ import annotations

from collections import Counter
from itertools import groupby, pairwise
from statistics import fmean, linear_regression
from typing import Any

from seattle.archive import Day

WET = 1.0
"""A rain day has at least this many mm, as the World Meteorological Organization counts."""


def summarise(year: int, days: list[Day]) -> dict[str, Any]:
    """One year: totals and means, its extremes, rain a month, and the mean high and low of every week."""
    hottest, coldest, wettest = (
        max(days, key=lambda day: day.high),
        min(days, key=lambda day: day.low),
        max(days, key=lambda day: day.rain),
    )
    dry = max((list(run) for is_dry, run in groupby(days, lambda day: day.rain < WET) if is_dry), key=len, default=[])
    months = [[day for day in days if day.date.month == month] for month in range(1, 13)]
    weeks = [days[start : start + 7] for start in range(0, len(days), 7)]
    return {
        "year": year,
        "days": len(days),
        "mean": round(fmean((day.high + day.low) / 2 for day in days), 2),
        "rain": round(sum(day.rain for day in days), 1),
        "rain_days": sum(day.rain >= WET for day in days),
        "hottest": {"date": hottest.date.isoformat(), "value": hottest.high},
        "coldest": {"date": coldest.date.isoformat(), "value": coldest.low},
        "wettest": {"date": wettest.date.isoformat(), "value": wettest.rain},
        "longest_dry_spell": {"from": dry[0].date.isoformat() if dry else None, "days": len(dry)},
        "weather": dict(Counter(day.weather for day in days).most_common()),
        "rain_by_month": [round(sum(day.rain for day in month), 1) for month in months],
        "weeks": [
            {
                "from": week[0].date.isoformat(),
                "high": round(fmean(day.high for day in week), 1),
                "low": round(fmean(day.low for day in week), 1),
            }
            for week in weeks
        ],
    }


def records(years: list[dict[str, Any]]) -> dict[str, Any]:
    """The extremes of all years together."""
    return {
        "hottest": max((year["hottest"] for year in years), key=lambda day: day["value"]),
        "coldest": min((year["coldest"] for year in years), key=lambda day: day["value"]),
        "wettest": max((year["wettest"] for year in years), key=lambda day: day["value"]),
        "longest_dry_spell": max((year["longest_dry_spell"] for year in years), key=lambda spell: spell["days"]),
    }


def trend(years: list[dict[str, Any]]) -> dict[str, Any]:
    """How the yearly mean moved: degrees a year (least squares), from which mean to which, and whether it rose every year."""
    means = [year["mean"] for year in years]
    slope = linear_regression([year["year"] for year in years], means).slope if len(years) > 1 else 0.0
    return {
        "degrees_per_year": round(slope, 2),
        "first": means[0],
        "last": means[-1],
        "rose_every_year": len(means) > 1 and all(after > before for before, after in pairwise(means)),
    }
