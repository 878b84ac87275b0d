"""The code of the queue worker. In AWS it goes into the container image of the service."""
