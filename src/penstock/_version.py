"""The version, in one place; hatchling and `penstock --version` read it here."""

__version__ = "0.1.0"
