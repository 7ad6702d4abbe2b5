"""The version of the old package whose calls these are."""

__version__ = "0.3.8"
