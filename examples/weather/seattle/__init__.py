"""What the tasks of the weather workflow do: ordinary Python, tested without any workflow."""
