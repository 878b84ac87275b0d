"""`penstock explain`: what a diagnostic code means."""

from __future__ import annotations

import textwrap
from difflib import get_close_matches
from typing import Protocol

import click

from penstock.cli import output
from penstock.errors import UsageError


class Page(Protocol):
    """An entry of any catalogue."""

    @property
    def code(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def explanation(self) -> str: ...
    @property
    def example(self) -> str: ...
    @property
    def remedy(self) -> str: ...
    @property
    def severity(self) -> str: ...


@click.command("explain")
@click.argument("code", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(code: str | None, as_json: bool) -> None:
    """Show what the diagnostic CODE means, with an example and what to write instead.

    Without CODE, list all of them.
    """
    found = pages()
    if code is None:
        if as_json:
            output.result_json([_fields(each) for each in found.values()])
        else:
            wide = max(map(len, found))
            output.result("".join(f"{each.code:<{wide}}  {each.title}\n" for each in found.values()))
        return
    page = found.get(code.upper())
    if page is None:
        close = get_close_matches(code.upper(), found, 1)
        hint = f"did you mean {close[0]}?" if close else "penstock explain without a code lists all of them."
        raise UsageError(f"There is no diagnostic code {code!r}; {hint}")
    if as_json:
        output.result_json(_fields(page))
    else:
        output.result(render(page))


def pages() -> dict[str, Page]:
    """Every code: Penstock's own, then AWS's."""
    from penstock.asl.check.codes import CATALOGUE as AWS
    from penstock.cloudformation.codes import CATALOGUE as TEMPLATE
    from penstock.script.codes import CATALOGUE as SCRIPT
    from penstock.sfn.codes import CATALOGUE as CONSTRUCT

    found: dict[str, Page] = {}
    found.update(SCRIPT)
    found.update(CONSTRUCT)
    found.update(TEMPLATE)
    found.update(AWS)
    return found


def render(page: Page) -> str:
    """The page as text, 100 columns wide."""
    kind = "a warning" if page.severity.upper() == "WARNING" else "an error"
    parts = [f"{page.code}: {page.title} ({kind})", _wrapped(page.explanation), "For example:"]
    parts.append(textwrap.indent(page.example, "    "))
    parts.append(_wrapped(f"What to do: {page.remedy}"))
    return "\n\n".join(parts) + "\n"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)


def _fields(page: Page) -> dict[str, str]:
    names = ("code", "title", "severity", "explanation", "example", "remedy")
    return {name: str(getattr(page, name)) for name in names}
