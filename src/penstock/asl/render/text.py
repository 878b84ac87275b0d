"""How wide a text is without a font at hand, and cutting it to fit."""

from __future__ import annotations

import unicodedata

# Widths of Arial/Helvetica in thousandths of the size; the families named in the pictures stay within 5 % of it.
_GROUPS = {
    222: "ijl'|‘’",
    278: " ftI!.,:;/\\[]()`´",
    333: 'r-{}*^"',
    500: "cksvxyzJ",
    556: "abdeghnopqu0123456789L_?$#",
    584: "+<>=~",
    611: "FTZ",
    667: "ABEKPSVXY&",
    722: "CDHNRUw",
    778: "GOQ",
    833: "mM",
    889: "%",
    944: "W",
    1015: "@",
    1000: "…—",
}
_WIDTHS = {character: width for width, characters in _GROUPS.items() for character in characters}


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Pixels of `text` at `size` pixels."""
    thousandths = 0
    for character in text:
        known = _WIDTHS.get(character)
        if known is None:
            if unicodedata.combining(character):
                known = 0
            else:
                known = 1000 if unicodedata.east_asian_width(character) in "WF" else 640
        thousandths += known
    return thousandths * size / 1000 * (1.09 if bold else 1.0)


def shorten(text: str, limit: int, *, middle: bool = False) -> str:
    """One line of at most `limit` characters; what is cut leaves `…`. `middle` keeps both ends."""
    line = " ".join(printable(text).split())
    if len(line) <= limit:
        return line
    if middle:
        tail = (limit - 1) * 2 // 5
        return f"{line[: limit - 1 - tail]}…{line[len(line) - tail :]}"
    return f"{line[: limit - 1]}…"


def printable(text: str) -> str:
    """`text` with what XML cannot hold (control characters, lone surrogates) shown as `�`, line ends and tabs kept."""
    return "".join(
        c if c in "\n\t" or (c >= " " and c != "\x7f" and unicodedata.category(c) not in _BAD) else "�" for c in text
    )


_BAD = frozenset(("Cc", "Cs", "Cn"))
