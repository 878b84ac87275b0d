"""Looks up how many of an article are left."""

import json
import os
from pathlib import Path

STOCK = json.loads(Path("stock.json").read_text("utf-8"))  # beside the code, as in /var/task


def lambda_handler(event, context):
    left = STOCK.get(event["article"], 0)
    return {"available": left >= event.get("count", 1), "left": left, "warehouse": os.environ["WAREHOUSE"]}
