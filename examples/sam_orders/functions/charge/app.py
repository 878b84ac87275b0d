"""Charges a card, unless it is too much for this stage."""

import os


class TooMuch(Exception):
    pass


def lambda_handler(event, context):
    amount = event["amount"]
    if amount > int(os.environ["LIMIT"]):
        raise TooMuch(f"{amount} is more than {os.environ['LIMIT']} in {os.environ['STAGE']}")
    print(f"charged {amount}")
    return {"charged": amount, "request": context.aws_request_id}
