"""How well classes are told apart."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """How studies were classified by what was learnt from other studies.

    Attributes
    ----------
    classes : tuple of str
        The classes.
    truth : ndarray of int64, shape (n_studies,)
        Which class each study is of.
    probabilities : ndarray of float64, shape (n_studies, n_classes)
        What was found for it.
    """

    classes: tuple[str, ...]
    truth: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    @property
    def found(self) -> NDArray[np.int64]:
        """The most probable class of each study."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def accuracy(self) -> float:
        """Mean over the classes of the share of studies put in the right one.

        By chance it is one divided by the number of classes, however unequal they are.
        """
        right = self.found == self.truth
        return float(np.mean([right[self.truth == k].mean() for k in self._range]))

    @property
    def log_loss(self) -> float:
        """Mean of -log P(right class): 0 is perfect."""
        own = self.probabilities[np.arange(len(self.truth)), self.truth]
        return float(-np.log(np.maximum(own, 1e-300)).mean())

    @property
    def _range(self) -> range:
        return range(len(self.classes))

    def confusion(self) -> pd.DataFrame:
        """Count studies by class (rows) and by what they were taken for (columns)."""
        return confusion_table(self.truth, self.found, self.classes, "class")

    def __repr__(self) -> str:
        chance = 1 / len(self.classes)
        return (
            f"<CrossValidation of {len(self.truth):,} studies of "
            f"{len(self.classes)} classes: {100 * self.accuracy:.1f} % right "
            f"(by chance {100 * chance:.1f} %)>"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>{self.confusion().to_html()}"


def confusion_table(
    truth: NDArray[np.int64],
    found: NDArray[np.int64],
    names: Sequence[str],
    what: str,
) -> pd.DataFrame:
    """Count pairs of what is and what was found.

    Parameters
    ----------
    truth, found : ndarray of int64, shape (n_studies,)
        Positions in ``names``.
    names : sequence of str
        Of classes.
    what : str
        Name of the index.

    Returns
    -------
    pandas.DataFrame
        A row for each true class, a column for each that was found.
    """
    import pandas as pd

    n = len(names)
    counts = np.bincount(truth * n + found, minlength=n * n)
    return pd.DataFrame(counts.reshape(n, n), pd.Index(names, name=what), list(names))
