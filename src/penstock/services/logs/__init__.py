"""CloudWatch Logs on this machine: log groups that are folders, and the operations that read them."""
