"""moto in this process, for the clients of a run only.

`moto.mock_aws` would redirect every boto3 client of the process and its environment's credentials for as long as a run lasts.
Here the clients that Penstock makes hand their requests to moto's backends themselves; whoever else uses boto3 notices nothing. The
backends are the process's own, so what a test put there within `mock_aws()` is there, and the other way round.
"""

from __future__ import annotations

from typing import Any


class NotInMoto(Exception):
    """moto does not know the service or the operation."""


def attach(client: Any, *, account: str | None) -> None:
    """Makes moto answer all that `client` sends. `account` is the caller's; None leaves it to the credentials."""

    def answer(request: Any, **_: Any) -> Any:
        return answered(request, account=account)

    client.meta.events.register_first("before-send", answer)


def answered(request: Any, *, account: str | None = None) -> Any:
    """moto's AWSResponse to a prepared request. Never None: that would send the request to Amazon. Raises NotInMoto."""
    from botocore.awsrequest import AWSResponse
    from moto.core.botocore_stubber import MockRawResponse
    from moto.core.models import botocore_stubber

    if account is not None:
        request.headers["x-moto-account-id"] = account
    try:
        found = botocore_stubber.process_request(request)
    except NotImplementedError as error:
        raise NotInMoto(str(error) or "moto does not have this operation") from None
    except ModuleNotFoundError as error:
        raise NotInMoto(f"moto needs the package {error.name}: pip install 'penstock[moto]'") from None
    except Exception as error:
        # moto raises what its own code runs into; the request has had no answer.
        raise NotInMoto(f"moto failed on {request.url.partition('?')[0]}: {type(error).__name__}: {error}") from error
    if found is None or (found[0] == 404 and found[2] == "Not yet implemented"):
        raise NotInMoto(f"moto does not have {request.url.partition('?')[0]}")
    status, headers, body = found
    return AWSResponse(request.url, status, headers, MockRawResponse(body))
