"""NiMARE's decoders on the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from nimare.utils import get_masker

from nimare_neurosynth.decoding import (
    BayesDecoder,
    MapDecoder,
    RegionDecoder,
    StoredDecoder,
    Terms,
)
from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.estimators._collections import (
    mask_of,
)
from nimare_neurosynth.estimators._engine_decoder import EngineDecoder
from nimare_neurosynth.meta import check_prior, totals_within

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from scipy.sparse import csr_array

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.engine import Activations
    from nimare_neurosynth.space import Mask


class CorrelationDecoder(EngineDecoder):
    """Decode maps by correlating them with the association map of each feature.

    What NiMARE's ``CorrelationDecoder`` does, without making or keeping a map for each
    feature, and with p and q values.

    Parameters
    ----------
    feature_group : str, optional
        Only features whose names begin so, such as ``"Neurosynth_TFIDF"``.
    features : sequence of str, optional
        Only these, with or without the group.
    frequency_threshold : float
        An analysis has a feature at this weight or more.
    radius_mm : float
        Of the spheres around foci; 10 as in NiMARE (Neurosynth used 6).
    method : {"pearson", "spearman", "cosine", "dot"}
        How images are compared.
    min_studies_per_term : int
        Features of fewer analyses are left out. p values are right from 20 up.
    mask : masker or image, optional
        That of the studyset by default.
    n_cores : int
        Threads; from 0 down, all cores.

    Examples
    --------
    >>> from nimare_neurosynth.estimators import CorrelationDecoder
    >>> CorrelationDecoder(feature_group="LDA50", radius_mm=6).radius_mm
    6
    """

    def __init__(
        self,
        feature_group: str | None = None,
        features: Sequence[str] | None = None,
        frequency_threshold: float = 0.001,
        radius_mm: float = 10.0,
        method: str = "pearson",
        min_studies_per_term: int = 1,
        mask: Any = None,
        n_cores: int = 1,
    ) -> None:
        self.feature_group = feature_group
        self.features = features
        self.frequency_threshold = frequency_threshold
        self.radius_mm = radius_mm
        self.method = method
        self.min_studies_per_term = min_studies_per_term
        self.mask = mask
        self.n_cores = n_cores

    def _prepared(
        self,
        mask: Mask,
        activations: Activations,
        counted: BoolArray,
        weights: csr_array,
    ) -> MapDecoder:
        prepared = Terms.of(
            activations,
            self._columns(weights),
            counted,
            totals_within(activations, counted),
            np.ones(mask.n_voxels, dtype=bool),
            n_jobs=self._n_jobs(),
            progress=True,
        )
        names = tuple(self.features_)
        return MapDecoder(
            names, mask, prepared, self._facts(), self._n_jobs(), progress=True
        )

    def _n_jobs(self) -> int:
        return -1 if self.n_cores <= 0 else int(self.n_cores)

    def load_imgs(self, features_imgs: Any, mask: Any = None) -> CorrelationDecoder:
        """Decode to premade maps instead of a studyset's.

        Parameters
        ----------
        features_imgs : dict of str to image, or folder
            Maps by feature; of a folder, names of files without their ending.
        mask : masker or image, optional
            NiMARE's MNI152 2 mm brain by default.

        Returns
        -------
        self
        """
        self.masker = None if mask is None else get_masker(mask)
        voxels = None if self.masker is None else mask_of(self.masker)
        self._fitted = StoredDecoder.load_imgs(
            features_imgs, voxels, n_jobs=self._n_jobs(), progress=True
        )
        self.features_ = list(self._fitted.terms)
        return self

    def transform(self, img: Any) -> pd.DataFrame:
        """Correlate images with the map of each feature.

        Parameters
        ----------
        img : path, nibabel image, ndarray, sequence of these, or folder
            In MNI space, on any grid.

        Returns
        -------
        pandas.DataFrame
            A row per feature; ``r`` (or what the method gives), ``z``, ``p``, ``q``,
            each followed by the name of the image if there are several.
        """
        return self._table(self._ready().decode(img, method=self.method))


class ROIDecoder(EngineDecoder):
    """Decode regions by correlating how much analyses activate them with features.

    What NiMARE's ``ROIAssociationDecoder`` does, for any number of regions once fitted,
    with z, p and q.

    Parameters
    ----------
    roi : path, image or array, optional
        The region (or regions) that ``transform()`` decodes if it is given none.
    feature_group, features
        Which features; see :class:`CorrelationDecoder`.
    frequency_threshold : float
        Features that no analysis has at this weight are left out; weights count as they
        are.
    radius_mm, min_studies_per_term, mask
        See :class:`CorrelationDecoder`.

    Examples
    --------
    >>> from nimare_neurosynth.estimators import ROIDecoder
    >>> ROIDecoder(radius_mm=6).get_params()["radius_mm"]
    6
    """

    def __init__(
        self,
        roi: Any = None,
        feature_group: str | None = None,
        features: Sequence[str] | None = None,
        frequency_threshold: float = 0.0,
        radius_mm: float = 10.0,
        min_studies_per_term: int = 1,
        mask: Any = None,
    ) -> None:
        self.roi = roi
        self.feature_group = feature_group
        self.features = features
        self.frequency_threshold = frequency_threshold
        self.radius_mm = radius_mm
        self.min_studies_per_term = min_studies_per_term
        self.mask = mask

    def _kept_rows(self, weights: csr_array, counted: BoolArray) -> list[int]:
        # weights that differ can be correlated, even where all analyses have some
        return super()._kept_rows(weights, np.append(counted, True))

    def _prepared(
        self,
        mask: Mask,
        activations: Activations,
        counted: BoolArray,
        weights: csr_array,
    ) -> RegionDecoder:
        own = weights[:, np.flatnonzero(counted)]
        n = self._columns(weights).sizes
        names = tuple(self.features_)
        return RegionDecoder(names, mask, activations, counted, own, n, self._facts())

    def transform(self, rois: Any = None) -> pd.DataFrame:
        """Correlate the active share of regions with the weights of features.

        Parameters
        ----------
        rois : path, nibabel image, ndarray, sequence of these, or folder, optional
            Non-zero voxels; ``roi`` by default.

        Returns
        -------
        pandas.DataFrame
            A row per feature; ``r``, ``z``, ``p``, ``q``, each followed by the name of
            the region if there are several.
        """
        fitted = self._ready()
        wanted = self.roi if rois is None else rois
        if wanted is None:
            raise OptionError(
                "no region: give transform() one, or ROIDecoder(roi=...)."
            )
        return self._table(fitted.decode(wanted))


class NaiveBayesDecoder(EngineDecoder):
    """Give P(feature | activation), for each feature on its own.

    Parameters
    ----------
    feature_group, features, frequency_threshold
        Which features; see :class:`CorrelationDecoder`.
    prior : float or "database"
        Prior probability of each feature, or the share of analyses that have it.
    smoothing : float
        Analyses like all others that are added to those with and without a feature.
    voxels_as_one : float, optional
        As many voxels count as one observation; eight spheres' by default.
    radius_mm, min_studies_per_term, mask
        See :class:`CorrelationDecoder`.

    Examples
    --------
    >>> from nimare_neurosynth.estimators import NaiveBayesDecoder
    >>> NaiveBayesDecoder(prior="database").prior
    'database'
    """

    def __init__(
        self,
        feature_group: str | None = None,
        features: Sequence[str] | None = None,
        frequency_threshold: float = 0.001,
        prior: float | str = 0.5,
        smoothing: float = 100.0,
        voxels_as_one: float | None = None,
        radius_mm: float = 10.0,
        min_studies_per_term: int = 1,
        mask: Any = None,
    ) -> None:
        self.feature_group = feature_group
        self.features = features
        self.frequency_threshold = frequency_threshold
        self.prior = prior
        self.smoothing = smoothing
        self.voxels_as_one = voxels_as_one
        self.radius_mm = radius_mm
        self.min_studies_per_term = min_studies_per_term
        self.mask = mask

    def _check_options(self) -> None:
        super()._check_options()
        if self.prior != "database":
            check_prior(self.prior)  # type: ignore[arg-type]

    def _prepared(
        self,
        mask: Mask,
        activations: Activations,
        counted: BoolArray,
        weights: csr_array,
    ) -> BayesDecoder:
        return BayesDecoder.from_parts(
            tuple(self.features_),
            mask,
            activations,
            self._columns(weights),
            counted,
            facts=self._facts(),
            prior=self.prior,
            smoothing=self.smoothing,
            voxels_as_one=self.voxels_as_one,
        )

    def transform(self, img: Any, above: float | None = None) -> pd.DataFrame:
        """Give the probability of each feature.

        Parameters
        ----------
        img : path, nibabel image, ndarray, sequence of these, or folder
            In MNI space, on any grid.
        above : float, optional
            Voxels above this value are active; see
            :meth:`nimare_neurosynth.decoding.BayesDecoder.decode`.

        Returns
        -------
        pandas.DataFrame
            A row per feature; ``posterior`` and ``evidence``, each followed by the
            name of the image if there are several.
        """
        return self._table(self._ready().decode(img, above=above))
