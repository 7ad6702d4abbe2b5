"""What one image is decoded to: a table, and a mapping from term to score."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.legacy._frames import OldFrame

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Values(np.ndarray[Any, Any]):
    """Scores as an array, which gives a list where a mapping's values are called."""

    def __call__(self) -> list[float]:
        return [float(v) for v in np.asarray(self).ravel()]


class TermScores(OldFrame):
    """The table of one image, best terms first, that is read like a dictionary too.

    As a table it has one column, named after the image, and a row for each term. As a
    mapping it leads from term to score, in that order; ``items()`` is a list.

    Examples
    --------
    >>> scores = TermScores.of(OldFrame({"map.nii.gz": {"pain": 0.1, "touch": 0.4}}))
    >>> scores.items()[:1], scores["pain"], scores.shape
    ([('touch', 0.4)], 0.1, (2, 1))
    """

    @classmethod
    def of(cls, table: OldFrame) -> TermScores:
        """Sort a table of one column; terms without a score come last."""
        order = np.argsort(-table.to_numpy()[:, 0], kind="stable")
        return cls(table.iloc[order])

    def items(self) -> list[tuple[str, float]]:  # type: ignore[override]
        """List terms with their scores."""
        return list(zip(self.index, self.values(), strict=True))

    def keys(self) -> list[str]:  # type: ignore[override]
        """List the terms."""
        return list(self.index)

    @property
    def values(self) -> _Values:
        """The scores: an array of one column, or a list when it is called."""
        return self.to_numpy().view(_Values)

    def __iter__(self) -> Iterator[str]:
        return iter(self.index)

    def __contains__(self, key: object) -> bool:  # type: ignore[misc]
        return key in self.index or key in self.columns

    def __getitem__(self, key: Any) -> Any:
        """Give the score of a term; else what a table gives."""
        if isinstance(key, str) and key in self.index:
            return float(self.to_numpy()[self.index.get_loc(key), 0])
        return OldFrame(self)[key]

    def get(self, key: Any, default: Any = None) -> Any:
        """Give the score of a term, or a default."""
        try:
            return self[key]
        except KeyError:
            return default

    def to_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Give the table as dictionaries, or without arguments the mapping as one."""
        if args or kwargs:
            return OldFrame(self).to_dict(*args, **kwargs)
        return dict(self.items())


def _of_table(name: str) -> Any:
    """Make a method work as on a plain table, where pandas asks for its columns."""

    @wraps(getattr(OldFrame, name))
    def method(self: TermScores, *args: Any, **kwargs: Any) -> Any:
        return getattr(OldFrame(self), name)(*args, **kwargs)

    return method


for _name in ("astype", "info", "memory_usage", "to_string"):
    setattr(TermScores, _name, _of_table(_name))
