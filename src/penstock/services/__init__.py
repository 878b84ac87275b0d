"""Endpoints that AWS's clients cannot tell from AWS's: operations by AWS's names."""
