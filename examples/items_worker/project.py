"""One task makes a list, a fleet of queue workers handles its items, one task collects what they made.

The list never travels through the state machine: `put_items` answers with a small pointer, `map` fans out over it, and
every worker fetches its own item.
"""

from penstock.script import Task, map


class GenerateItems(Task):
    async def run(event, context):
        people = [{"name": name} for name in event["names"]]
        return context.state_data_client.put_items("items", people)


class Worker(Task):
    """Messages on a queue, handled by a service that scales from one to two containers; the code is in `greetings`."""

    service = "ecs:worker"
    spec = "greetings.worker:Greeter"
    timeout = 600
    concurrency = 10
    heartbeat_interval = 60
    autoscaling_min = 1
    autoscaling_max = 2


class Collect(Task):
    async def run(event, context):
        client = context.state_data_client
        return [client.get_item("greetings", index=index)["text"] for index in range(len(event["items"]["items"]))]


def process_item(data):
    Worker()


def main(data):
    data["items"] = GenerateItems(key="Generate items")
    map(data["items"], process_item, max_concurrency=5)
    data["greetings"] = Collect(key="Collect greetings")
    return data["greetings"]
