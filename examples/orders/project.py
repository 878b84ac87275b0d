"""An order, from the checks at the door to the parcel on its way, with the ways it can end early."""

from penstock.script import States, Task, context, parallel, retry, wait

MINIMUM = 10


class Charge(Task):
    """Charges the card. The gateway is busy at the first attempt; a card that ends in 0000 is declined."""

    timeout = 30

    async def run(event, context):
        class GatewayBusy(Exception):
            pass

        class CardDeclined(Exception):
            pass

        if event["attempt"] == 0:
            raise GatewayBusy("try again")
        if event["card"].endswith("0000"):
            raise CardDeclined(f"the bank refuses {event['amount']:.2f}")
        return {"amount": event["amount"], "receipt": f"R-{event['order']}"}


class Price(Task):
    async def run(event, context):
        goods = sum(line["quantity"] * line["price"] for line in event["lines"])
        return {"goods": round(goods, 2), "total": round(goods + event["shipping"]["price"], 2)}


class ReserveStock(Task):
    async def run(event, context):
        return {"reserved": sum(line["quantity"] for line in event["order"]["lines"])}


class BookCourier(Task):
    async def run(event, context):
        return {
            "courier": event["shipping"]["method"],
            "pickup_in": 3600 if event["shipping"]["method"] == "air" else 7200,
        }


class TellCustomer(Task):
    async def run(event, context):
        context.logger.info("to %s: %s", event["to"], event["text"])


def reserve(data):
    data["stock"] = ReserveStock()
    return data["stock"]


def courier(data):
    data["courier"] = BookCourier()
    return data["courier"]


def main(data):
    if data["order"].get("customer") is None:
        raise NoCustomer("an order needs a customer")
    if bool(data["order"]["customer"].get("blocked", False)):
        return {"order": data["order"]["id"], "status": "refused"}

    match data["order"]["country"]:
        case "CH" | "LI":
            data["shipping"] = {"method": "road", "price": 7.0}
        case "DE" | "AT" | "FR" | "IT":
            data["shipping"] = {"method": "road", "price": 15.0}
        case "US":
            data["shipping"] = {"method": "air", "price": 49.0}
        case _:
            raise NoShipping(f"we do not ship to {data['order']['country']}")

    data["price"] = Price({"lines": data["order"]["lines"], "shipping": data["shipping"]})

    if data["price"]["goods"] < MINIMUM:
        raise TooSmall(f"an order starts at {MINIMUM}, this one is {data['price']['goods']}")

    try:
        with retry(on_exceptions=[GatewayBusy], interval=2, max_attempts=3, backoff_rate=2.0):
            data["payment"] = Charge(
                {
                    "order": data["order"]["id"],
                    "card": data["order"]["card"],
                    "amount": data["price"]["total"],
                    "attempt": context.state.retry_count,
                }
            )
    except CardDeclined:
        TellCustomer({"to": data["order"]["customer"]["email"], "text": "Your card was declined."})
        return {"order": data["order"]["id"], "status": "declined"}
    except (GatewayBusy, States.Timeout):
        raise PaymentUnavailable("the payment gateway does not answer")

    data["fulfilment"] = parallel(reserve, courier)
    wait(seconds=data["fulfilment"][1]["pickup_in"])
    TellCustomer({"to": data["order"]["customer"]["email"], "text": "Your parcel is on its way."})
    return {"order": data["order"]["id"], "status": "shipped", "payment": data["payment"], "shipping": data["shipping"]}
