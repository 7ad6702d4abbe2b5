"""Terms for regions: what studies that activate a region are about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import (
    DEFAULT_RADIUS_MM,
    DEFAULT_TALAIRACH,
    DEFAULT_THRESHOLD,
    Database,
)
from nimare_neurosynth.decoding._choice import choose_terms
from nimare_neurosynth.decoding._compare import check_draws
from nimare_neurosynth.decoding._images import read_regions
from nimare_neurosynth.decoding._result import Decoding, gathered
from nimare_neurosynth.errors import EmptySelectionError
from nimare_neurosynth.meta import DEFAULT_LEAST, need_database
from nimare_neurosynth.space import as_mask
from nimare_neurosynth.stats import PermutationNull, fdr_adjusted, power_sums, sampled_p

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.engine import Activations
    from nimare_neurosynth.space import ImageLike, Mask


@dataclass(frozen=True, eq=False, repr=False)
class RegionDecoder:
    """Terms whose weights go with how much of a region each study activates.

    Made by :meth:`of`; :func:`decode_region` makes one for a single call.

    Attributes
    ----------
    terms : tuple of str
        The terms.
    mask : Mask
        The voxels.
    activations : Activations
        Of all studies.
    counted : ndarray of bool, shape (n_studies,)
        Studies with peaks: only these count.
    weights : csr_array of float64, shape (n_terms, n_counted)
        What each term weighs in each counted study.
    n_studies : ndarray of int64, shape (n_terms,)
        Counted studies that have each term.
    facts : dict
        How it was made.
    """

    terms: tuple[str, ...]
    mask: Mask
    activations: Activations
    counted: BoolArray
    weights: csr_array
    n_studies: NDArray[np.int64]
    facts: dict[str, Any]

    @classmethod
    def of(
        cls,
        database: Database,
        terms: str | PathLike[str] | Sequence[str] | None = None,
        *,
        label_set: str | None = None,
        threshold: float = DEFAULT_THRESHOLD,
        presence: bool = False,
        min_studies_per_term: int = DEFAULT_LEAST,
        radius_mm: float = DEFAULT_RADIUS_MM,
        mask: Mask | ImageLike | None = None,
        talairach: str | None = DEFAULT_TALAIRACH,
        n_jobs: int = -1,
    ) -> RegionDecoder:
        """Prepare the terms of a database.

        Parameters
        ----------
        database : Database
            Studies with terms.
        terms : str, sequence of str or pathlib.Path, optional
            Names or patterns of one label set (a path: of a text file with one on each
            line); all its labels by default.
        label_set : str, optional
            The label set, where there are several.
        threshold : float
            A term is in a study at this weight or more.
        presence : bool
            Whether a term only counts as there (1) or not (0); by default its weights
            count, as in Neurosynth.
        min_studies_per_term : int
            Terms of fewer studies are left out.
        radius_mm, mask, talairach, n_jobs
            As for :func:`nimare_neurosynth.meta_analysis`.

        Returns
        -------
        RegionDecoder

        Raises
        ------
        EmptySelectionError
            If no term is in enough studies.
        UnknownTermError, OptionError
            If terms or options cannot be used.
        """
        need_database(database)
        space = as_mask(mask)
        chosen = choose_terms(
            database,
            terms,
            label_set=label_set,
            threshold=threshold,
            min_studies_per_term=min_studies_per_term,
        )
        activations = database.activations(
            radius_mm=radius_mm, mask=space, talairach=talairach, n_jobs=n_jobs
        )
        facts = chosen.facts(
            database,
            threshold=float(threshold),
            presence=bool(presence),
            min_studies_per_term=int(min_studies_per_term),
            radius_mm=float(radius_mm),
            talairach=talairach,
        )
        weights = (
            chosen.columns.to_csr()
            if presence
            else chosen.label_set.weights[:, chosen.rows].T.tocsr()  # type: ignore[index]
        )
        return cls(
            chosen.names,
            space,
            activations,
            chosen.counted,
            weights[:, np.flatnonzero(chosen.counted)].astype(np.float64),
            chosen.columns.sizes,
            facts,
        )

    def decode(
        self, regions: Any, *, n_permutations: int = 0, seed: int = 0
    ) -> Decoding:
        """Correlate how much of regions studies activate with weights of terms.

        Parameters
        ----------
        regions : path, nibabel image, ndarray, sequence or dict of these, or folder
            Every non-zero voxel of an image is in its region. An image with four
            dimensions is one region for each volume; arrays have one value per voxel of
            the mask.
        n_permutations : int
            So many random orders of the studies give ``p_sampled``, a check on ``p``.
        seed : int
            Of these orders.

        Returns
        -------
        Decoding
            With ``r``, ``z``, ``p``, ``q``.

        Raises
        ------
        ImageError
            If a region cannot be read, or has no voxel in the brain.
        EmptySelectionError
            If no study activates any voxel of a region.
        """
        named = read_regions(regions, self.mask)
        found = [
            self._found(name, inside, check_draws(n_permutations, seed), seed)
            for name, inside in named
        ]
        image_facts = [
            {"kind": "region", "n_voxels": int(np.count_nonzero(inside))}
            for _, inside in named
        ]
        return gathered(
            self.terms,
            [name for name, _ in named],
            found,
            n_studies=self.n_studies,
            image_facts=image_facts,
            facts={**self.facts, "method": "roi"},
        )

    def __repr__(self) -> str:
        return f"<RegionDecoder: {len(self.terms):,} terms>"

    def _found(
        self, name: str, inside: BoolArray, n_permutations: int, seed: int
    ) -> dict[str, NDArray[np.float64]]:
        active = self.activations.count_in(inside)[self.counted]
        if not active.any():
            raise EmptySelectionError(
                f"no study activates any of the {np.count_nonzero(inside):,} voxels of "
                f"the region {name!r}: there is nothing to correlate with."
            )
        share = active / np.count_nonzero(inside)
        return self._correlated(share, n_permutations, seed)

    @cached_property
    def _powers(self) -> NDArray[np.float64]:
        return power_sums(self.weights)

    def _correlated(
        self, x: NDArray[np.float64], n_permutations: int, seed: int
    ) -> dict[str, NDArray[np.float64]]:
        """Correlate a number per study with weights of terms, and test it.

        ``z`` is Fisher's, as in Neurosynth; ``p`` comes from the permutation null.
        """
        n = len(x)
        centred = x - x.mean()
        sums = self.weights @ centred
        null = PermutationNull.of(centred, self._powers)
        size = np.sqrt(np.maximum(self._powers[0], 0) * (centred**2).sum())
        r = np.divide(sums, size, out=np.zeros_like(sums), where=size > 0)
        r = np.clip(r, -1, 1)
        # 1 would be infinite
        z = np.arctanh(np.clip(r, -1 + 1e-15, 1 - 1e-15)) * np.sqrt(max(n - 3, 0))
        p = null.p(sums)
        found = {"r": r, "z": z, "p": p, "q": fdr_adjusted(p)}
        if n_permutations:
            found["p_sampled"] = sampled_p(
                centred, self.weights, sums, n_draws=n_permutations, seed=seed
            )
        return found


def decode_region(
    database: Database,
    regions: Any,
    terms: str | PathLike[str] | Sequence[str] | None = None,
    *,
    n_permutations: int = 0,
    seed: int = 0,
    **options: Any,
) -> Decoding:
    r"""Find the terms of the studies that activate regions.

    Neurosynth's ROI association: over all studies, the share of the region's voxels
    that a study activates is correlated with the weight of each term.

    Parameters
    ----------
    database : Database
        Studies with terms.
    regions : path, nibabel image, ndarray, sequence or dict of these, or folder
        Every non-zero voxel of an image is in its region; see
        :meth:`RegionDecoder.decode`, and
        :func:`nimare_neurosynth.space.sphere_voxels` for spheres.
    terms : str, sequence of str or pathlib.Path, optional
        Names or patterns of one label set (a path: of a text file with one on each
        line); all its labels by default.
    n_permutations, seed
        See :meth:`RegionDecoder.decode`.
    **options
        As for :meth:`RegionDecoder.of`.

    Returns
    -------
    Decoding
        ``r``; ``z``, the z of Fisher's transformation of r, as Neurosynth gave it; and
        ``p`` and ``q``, which do not trust it: weights of terms are far from normal.

    Raises
    ------
    ImageError, EmptySelectionError
        If a region cannot be read, is empty or outside of the brain, or no study
        activates it.
    UnknownTermError, OptionError
        If terms or options cannot be used.

    Notes
    -----
    With :math:`a_s` the active share of the region in study s, and :math:`w_s` the
    weight of a term, :math:`r = \mathrm{cor}(a, w)` over the N studies with peaks,
    and :math:`z = \mathrm{artanh}(r) \sqrt{N - 3}`. ``p`` asks whether r would be as
    large if studies activated what others did: mean, variance and skewness of
    :math:`\sum_s a_s w_s` over all orders of the studies are known exactly.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo
    >>> from nimare_neurosynth.space import default_mask, sphere_voxels
    >>> amygdala = sphere_voxels([-22, -4, -18], 8, default_mask())
    >>> decode_region(load_demo(), amygdala).table()["term"][0]
    'emotion'
    """
    # a wrong region is told before terms are prepared
    space = as_mask(options.pop("mask", None))
    named = read_regions(regions, space)
    decoder = RegionDecoder.of(database, terms, mask=space, **options)
    return decoder.decode(named, n_permutations=n_permutations, seed=seed)
