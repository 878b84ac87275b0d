"""The state types, one module a family; `base` has what they share."""
