"""Tasks that call HTTPS APIs (`arn:aws:states:::http:invoke`); `penstock.connections` authorises them."""

from penstock.engine.tasks.http.handler import HttpHandler

__all__ = ["HttpHandler"]
