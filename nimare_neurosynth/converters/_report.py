"""What a conversion carried over, and what it did not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Report:
    """An account of a conversion.

    Attributes
    ----------
    source, target : str
        Where from, where to.
    form : str
        What was written; one of :data:`nimare_neurosynth.converters.FORMATS`.
    carried : dict of str to int
        How much of what was written: studies, analyses, peaks, labels.
    changed : list of str
        What stands there in another way.
    lost : list of str
        What the form cannot hold.
    files : list of str
        The files.
    verified : bool
        Whether what was written was read again and compared.
    """

    source: str
    target: str
    form: str
    carried: dict[str, int] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    verified: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Give the account as plain types, for JSON."""
        return dict(vars(self))

    def __str__(self) -> str:
        carried = ", ".join(f"{n:,} {what}" for what, n in self.carried.items())
        lines = [f"{self.target} ({self.form}): {carried}"]
        lines += [f"  changed: {what}" for what in self.changed]
        lines += [f"  not carried: {what}" for what in self.lost]
        if not self.changed and not self.lost:
            sure = ": it was read again and is the same" if self.verified else ""
            lines.append(f"  everything was carried as it is{sure}")
        return "\n".join(lines)
