"""What NiMARE's decoders on the engine share."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from nimare.decode.base import Decoder
from nimare.utils import get_masker

from nimare_neurosynth.engine import LabelColumns
from nimare_neurosynth.errors import EmptySelectionError, OptionError
from nimare_neurosynth.estimators._collections import (
    as_studyset,
    check_spaces,
    mask_of,
    narrowed,
)
from nimare_neurosynth.estimators._features import weights_of
from nimare_neurosynth.estimators._pool import pool_of
from nimare_neurosynth.space import sphere_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from scipy.sparse import csr_array

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.decoding import Decoding
    from nimare_neurosynth.engine import Activations
    from nimare_neurosynth.space import Mask


class EngineDecoder(Decoder):  # type: ignore[misc]
    """What the decoders share: they count a studyset once, and keep only that.

    After ``fit``, ``features_`` are the features that are decoded to, ``masker`` is the
    masker, and ``inputs_["id"]`` the analyses. After ``transform``, ``decoding_`` is
    the :class:`~nimare_neurosynth.decoding.Decoding`.
    """

    feature_group: str | None
    features: Sequence[str] | None
    frequency_threshold: float
    min_studies_per_term: int
    radius_mm: float
    mask: Any

    def fit(self, dataset: Any, drop_invalid: bool = True) -> Any:
        """Count which analyses activate each voxel, and which have each feature.

        Parameters
        ----------
        dataset : Studyset, path, dict or Dataset
            With coordinates and annotations.
        drop_invalid : bool
            Pass over analyses without coordinates.

        Returns
        -------
        self

        Raises
        ------
        EmptySelectionError
            If no feature is in enough analyses, and not in all.
        UnknownTermError, OptionError
            If a feature or an option cannot be used.
        """
        self._check_options()
        studyset = as_studyset(dataset)
        kept = narrowed(studyset, drop_invalid=drop_invalid)
        view = kept.view
        check_spaces([view])
        self.masker = studyset.masker if self.mask is None else get_masker(self.mask)
        mask = mask_of(self.masker)
        pool = pool_of([view], mask=mask, radius_mm=self.radius_mm)
        places = pool.places(view)
        assert places is not None  # noqa: S101 - they were pooled a line above
        n = pool.activations.n_studies
        names, weights = weights_of(
            view, places, n, group=self.feature_group, features=self.features
        )
        counted = np.zeros(n, dtype=bool)
        counted[places] = True
        rows = self._kept_rows(weights, counted)
        self.features_ = [names[i] for i in rows]
        self.inputs_ = {"id": list(kept.ids)}
        self._fitted = self._prepared(mask, pool.activations, counted, weights[rows])
        return self

    def _fit(self, dataset: Any) -> None:
        raise NotImplementedError("fit() does all of it")

    def _check_options(self) -> None:
        least = self.min_studies_per_term
        if not isinstance(least, int | np.integer) or least < 0:
            raise OptionError(
                f"min_studies_per_term must be a whole number from 0 up, got {least!r}."
            )
        limit = self.frequency_threshold
        if not isinstance(limit, float | int | np.number) or not 0 <= limit < np.inf:
            raise OptionError(
                f"frequency_threshold must be a number from 0 up, got {limit!r}."
            )
        sphere_lines(self.radius_mm, np.eye(4))  # says what is wrong with a radius

    def _kept_rows(self, weights: csr_array, counted: BoolArray) -> list[int]:
        n = self._columns(weights).sizes
        least = max(self.min_studies_per_term, 1)
        rows = np.flatnonzero((n >= least) & (n < np.count_nonzero(counted)))
        if not len(rows):
            raise EmptySelectionError(
                f"none of the {len(n):,} features is in at least {least} analyses, and "
                f"not in all {np.count_nonzero(counted):,}."
            )
        return [int(i) for i in rows]

    def _columns(self, weights: csr_array) -> LabelColumns:
        """Say which analyses have each feature."""
        weights.sort_indices()
        return LabelColumns.from_csc(
            weights.indptr,
            weights.indices,
            weights.data,
            n_studies=weights.shape[1],
            # a weight of 0 is none, whatever the threshold
            threshold=max(self.frequency_threshold, np.nextafter(0, 1)),
        )

    @abstractmethod
    def _prepared(
        self,
        mask: Mask,
        activations: Activations,
        counted: BoolArray,
        weights: csr_array,
    ) -> Any:
        """Make the decoder of arrays."""

    def _ready(self) -> Any:
        if not hasattr(self, "_fitted"):
            raise OptionError(
                f"this {type(self).__name__} has not been fitted: call fit() first."
            )
        return self._fitted

    def _table(self, found: Decoding) -> pd.DataFrame:
        """Give the table as NiMARE's decoders do: features in order, by name."""
        self.decoding_ = found
        if len(found.images) > 1:
            table = found.table()
        else:
            table = found.table(found.images[0])
            order = {name: i for i, name in enumerate(found.terms)}
            table = table.sort_values("term", key=lambda terms: terms.map(order))
        table = table.drop(columns="n_studies").rename(columns={"term": "feature"})
        return table.set_index("feature")

    def _facts(self) -> dict[str, Any]:
        return {
            "radius_mm": float(self.radius_mm),
            "frequency_threshold": float(self.frequency_threshold),
        }
