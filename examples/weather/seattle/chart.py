"""The chart, as SVG by hand: the band between the weeks' mean highs and lows, and the rain of every month under it."""

from __future__ import annotations

from datetime import date
from typing import Any
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 1040, 560
LEFT, RIGHT, TOP, MIDDLE, BOTTOM = 64, 24, 92, 372, 508

INK, FAINT, GRID = "#22303c", "#66737f", "#e3e8ec"
WARM, BAND, COLD, RAIN = "#c8452f", "#f3c6a5", "#2f6fb0", "#4f93c9"


def chart(years: list[dict[str, Any]], *, title: str, subtitle: str, records: dict[str, Any]) -> str:
    """A complete SVG document for the summaries of `statistics.summarise`, in order of their years."""
    first, last = date(years[0]["year"], 1, 1), date(years[-1]["year"] + 1, 1, 1)
    weeks = [(date.fromisoformat(week["from"]), week) for year in years for week in year["weeks"]]
    months = [
        (date(year["year"], month, 1), rain)
        for year in years
        for month, rain in enumerate(year["rain_by_month"], start=1)
    ]
    warmest = max(records["hottest"]["value"], *(week["high"] for _, week in weeks))
    coldest = min(records["coldest"]["value"], *(week["low"] for _, week in weeks))
    ceiling = 10 * (int(warmest) // 10 + 1)
    floor = 10 * (int(coldest // 10))
    most = 100 * (int(max(rain for _, rain in months)) // 100 + 1)

    def x(day: date) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (day - first).days / (last - first).days

    def y(degrees: float) -> float:
        return MIDDLE - (MIDDLE - TOP) * (degrees - floor) / (ceiling - floor)

    def y_rain(millimetres: float) -> float:
        return BOTTOM - (BOTTOM - MIDDLE - 28) * millimetres / most

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="Helvetica, Arial, sans-serif" font-size="13" fill="{FAINT}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="36" font-size="21" font-weight="bold" fill="{INK}">{escape(title)}</text>',
        f'<text x="{LEFT}" y="60" font-size="14">{escape(subtitle)}</text>',
    ]

    for degrees in range(floor, ceiling + 1, 10):
        parts += [_rule(y(degrees)), _label(LEFT - 10, y(degrees) + 4, f"{degrees} °C", anchor="end")]
    for millimetres in (0, most // 2, most):
        parts += [
            _rule(y_rain(millimetres)),
            _label(LEFT - 10, y_rain(millimetres) + 4, f"{millimetres} mm", anchor="end"),
        ]
    for year in years:
        start, end = x(date(year["year"], 1, 1)), x(date(year["year"] + 1, 1, 1))
        parts.append(f'<line x1="{start:.1f}" y1="{TOP}" x2="{start:.1f}" y2="{BOTTOM}" stroke="{GRID}"/>')
        parts.append(
            _label((start + end) / 2, BOTTOM + 24, str(year["year"]), anchor="middle", weight="bold", colour=INK)
        )
        parts.append(
            _label((start + end) / 2, BOTTOM + 41, f"{year['mean']:.1f} °C, {year['rain']:,.0f} mm", anchor="middle")
        )

    highs = " ".join(f"{x(day):.1f},{y(week['high']):.1f}" for day, week in weeks)
    lows = " ".join(f"{x(day):.1f},{y(week['low']):.1f}" for day, week in reversed(weeks))
    parts.append(f'<polygon points="{highs} {lows}" fill="{BAND}" fill-opacity="0.75"/>')
    parts.append(
        f'<polyline points="{_smooth(weeks, x, y)}" fill="none" stroke="{WARM}" stroke-width="2.2" stroke-linejoin="round"/>'
    )

    width = (WIDTH - LEFT - RIGHT) / len(months)
    for day, rain in months:
        top = y_rain(rain)
        parts.append(
            f'<rect x="{x(day) + width * 0.14:.1f}" y="{top:.1f}" width="{width * 0.72:.1f}" '
            f'height="{BOTTOM - top:.1f}" rx="1.5" fill="{RAIN}"/>'
        )

    for name, colour, shift in (("hottest", WARM, -10), ("coldest", COLD, 20)):
        record = records[name]
        px, py = x(date.fromisoformat(record["date"])), y(record["value"])
        parts.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="4" fill="{colour}" stroke="#ffffff" stroke-width="1.5"/>')
        parts.append(_label(px, py + shift, f"{record['value']:g} °C", anchor="middle", weight="bold", colour=colour))

    parts += [
        f'<rect x="{WIDTH - 452}" y="50" width="16" height="12" fill="{BAND}"/>',
        _label(WIDTH - 430, 60, "weekly mean high to low"),
        f'<line x1="{WIDTH - 266}" y1="56" x2="{WIDTH - 246}" y2="56" stroke="{WARM}" stroke-width="2.2"/>',
        _label(WIDTH - 240, 60, "five-week mean"),
        f'<rect x="{WIDTH - 128}" y="50" width="12" height="12" rx="1.5" fill="{RAIN}"/>',
        _label(WIDTH - 110, 60, "rain in a month"),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _smooth(weeks: list[tuple[date, dict[str, Any]]], x: Any, y: Any) -> str:
    """The middle of the band, averaged over two weeks before and after."""
    middles = [(week["high"] + week["low"]) / 2 for _, week in weeks]
    points = []
    for index, (day, _) in enumerate(weeks):
        near = middles[max(0, index - 2) : index + 3]
        points.append(f"{x(day):.1f},{y(sum(near) / len(near)):.1f}")
    return " ".join(points)


def _rule(y: float) -> str:
    return f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="{GRID}"/>'


def _label(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "normal", colour: str = FAINT) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" fill="{colour}">{escape(text)}</text>'
