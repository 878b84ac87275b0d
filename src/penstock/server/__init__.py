"""The services on one port, over HTTP."""
