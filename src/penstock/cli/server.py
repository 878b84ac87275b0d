"""`penstock server`: Step Functions on a port of this machine."""

from __future__ import annotations

import click

from penstock.cli import output
from penstock.config import Settings, load_settings


@click.command("server")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=4599, show_default=True, help="The port; 0 takes a free one."
)
@click.option(
    "--token",
    metavar="TEXT",
    envvar="PENSTOCK_TOKEN",
    show_envvar=True,
    help="What requests must show: as bearer token, or as the access key that they are signed with.",
)
def command(host: str, port: int, token: str | None) -> None:
    """Answer AWS's clients as Step Functions does, until Ctrl-C. Nothing outlives the process.

    Prints the environment that points boto3, the AWS CLI and their like here.
    """
    from penstock.server.run import serve

    settings = load_settings()
    serve(host=host, port=port, token=token, settings=settings, started=lambda url: _tell(url, token, settings))


def _tell(url: str, token: str | None, settings: Settings) -> None:
    output.note(f"Step Functions answers at {url} as account {settings.aws.account}. Ctrl-C ends it.")
    lines = [
        f"export AWS_ENDPOINT_URL_SFN={url}",
        f"export AWS_ACCESS_KEY_ID={'${PENSTOCK_TOKEN}' if token is not None else 'penstock'}",
        "export AWS_SECRET_ACCESS_KEY=penstock",
        f"export AWS_DEFAULT_REGION={settings.aws.region}",
    ]
    output.result("\n".join(lines) + "\n")
