"""What a database is and whose."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class About:
    """Where a database comes from; it travels with every result.

    Attributes
    ----------
    name : str
        What it is called, for example ``"neurosynth"``.
    version : str
        Its version, or "".
    licence : str
        Under which its data may be used, or "" where that is not known.
    attribution : str
        How to cite it.
    source : str
        What it was read from: the name of the file or folder, without its path.
    """

    name: str
    version: str = ""
    licence: str = ""
    attribution: str = ""
    source: str = ""

    def to_dict(self) -> dict[str, str]:
        """Give the fields as a dictionary."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()
