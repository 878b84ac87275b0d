"""Penstock: the Python toolkit for AWS workflows."""
