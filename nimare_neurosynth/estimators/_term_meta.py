"""One studyset, divided by a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import Memory
from nimare.meta.kernel import MKDAKernel

from nimare_neurosynth.database import DEFAULT_THRESHOLD
from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.estimators._base import check_null_method
from nimare_neurosynth.estimators._divided import DividedEstimator
from nimare_neurosynth.estimators._labels import analyses_with

if TYPE_CHECKING:
    from nimare_neurosynth._typing import BoolArray


class TermMeta(DividedEstimator):
    """Compare the analyses that a query selects with all others of a studyset.

    This is how Neurosynth is used: one database, and a term. ``NeurosynthChi2`` on the
    two parts of the studyset gives the same maps.

    Parameters
    ----------
    query : str
        Labels of the studyset's annotations, as for :meth:`Database.select`:
        ``"emotion* & ~pain"``.
    kernel_transformer : MKDAKernel, optional
        Spheres; ``kernel__r`` is their radius in mm (10 by default, as in NiMARE).
    prior : float or None
        Prior probability of being selected, for the ``_prior`` maps.
    annotation : str, optional
        The annotation whose labels are meant, where there are several.
    threshold : float
        A label is in an analysis at this weight or more.
    func : {"sum", "mean", "min", "max"}
        How the weights of several labels that one name matches combine.
    fwe_null_method : {"label-permutation", "random-foci"}
        How ``FWECorrector(method="montecarlo")`` makes random maps.
    memory, memory_level
        NiMARE's cache; not of use here.
    random_state : int, optional
        Seed of the random maps; None is 0.
    min_studies : int or float
        Voxels that fewer analyses activate (a number, or a share below 1) have z = 0
        and p = 1.
    generate_description : bool
        Describe the method in the result.
    mask : image or masker, optional
        The voxels; that of the studyset by default.
    mask_coverage : {"brain", "gm"}
        Kept for NiMARE's sake.
    **kwargs
        ``kernel__r`` and the like.

    Examples
    --------
    >>> from nimare_neurosynth import TermMeta
    >>> TermMeta("pain", kernel__r=6).query
    'pain'
    """

    def __init__(
        self,
        query: str = "",
        kernel_transformer: Any = MKDAKernel,
        prior: float | None = 0.5,
        annotation: str | None = None,
        threshold: float = DEFAULT_THRESHOLD,
        func: str = "sum",
        fwe_null_method: str = "label-permutation",
        memory: Any = Memory(location=None, verbose=0),
        memory_level: int = 0,
        random_state: int | None = None,
        min_studies: float = 0,
        generate_description: bool = True,
        mask: Any = None,
        mask_coverage: str = "brain",
        **kwargs: Any,
    ) -> None:
        check_null_method(fwe_null_method)
        super().__init__(
            kernel_transformer=kernel_transformer,
            memory=memory,
            memory_level=memory_level,
            random_state=random_state,
            generate_description=generate_description,
            mask=mask,
            mask_coverage=mask_coverage,
            **kwargs,
        )
        self.query = query
        self.prior = prior
        self.annotation = annotation
        self.threshold = threshold
        self.func = func
        self.fwe_null_method = fwe_null_method
        self.mask = mask
        self.min_studies = min_studies

    def check_options(self) -> None:
        """Raise an OptionError unless the options can work."""
        super().check_options()
        if not isinstance(self.query, str) or not self.query.strip():
            raise OptionError(f"query must be a text, got {self.query!r}.")

    @property
    def asked_(self) -> str:
        """The query, and from which weight labels count."""
        return f"the query '{self.query}' (weights of at least {self.threshold:g})"

    def _inside(self, view: Any) -> BoolArray:
        """Say which analyses the query selects, and remember it.

        What was saved has no annotations, and NiMARE's diagnostics fit it again.
        """
        asked = (self.query, self.annotation, self.threshold, self.func)
        known = getattr(self, "_known", None)
        if not view.store.annotations and known and known[0] == asked:
            return np.array([str(key) in known[1] for key in view.keys], dtype=bool)
        inside = analyses_with(
            view,
            self.query,
            annotation=self.annotation,
            threshold=self.threshold,
            func=self.func,
        )
        self._known = (asked, frozenset(view.keys[inside].astype(str).tolist()))
        return inside
