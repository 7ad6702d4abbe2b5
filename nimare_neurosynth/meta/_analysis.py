"""The meta-analysis of one or several selections of studies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from nimare_neurosynth.database import (
    DEFAULT_RADIUS_MM,
    DEFAULT_TALAIRACH,
    DEFAULT_THRESHOLD,
    Database,
    Selection,
)
from nimare_neurosynth.engine import LabelColumns, check_n_jobs, count_columns
from nimare_neurosynth.errors import (
    EmptySelectionError,
    OptionError,
    SelectionError,
    warn,
)
from nimare_neurosynth.meta._batch import expected_counts, totals_within
from nimare_neurosynth.meta._maps import Maps
from nimare_neurosynth.meta._provenance import Provenance
from nimare_neurosynth.space import as_mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.space import ImageLike, Mask

Choice: TypeAlias = "str | Selection"

FEW_STUDIES = 20
"""Below this many selected studies a warning is given."""

DEFAULT_LEAST = FEW_STUDIES
"""Terms of fewer studies are left out where all terms are asked for."""


def meta_analysis(
    database: Database,
    selection: Choice | Sequence[Choice],
    *,
    versus: Choice | None = None,
    universe: Choice | None = None,
    radius_mm: float = DEFAULT_RADIUS_MM,
    mask: Mask | ImageLike | None = None,
    prior: float = 0.5,
    min_studies: float = 1,
    label_set: str | None = None,
    threshold: float = DEFAULT_THRESHOLD,
    func: str = "sum",
    talairach: str | None = DEFAULT_TALAIRACH,
    n_jobs: int = -1,
) -> Maps:
    """Ask where in the brain some studies report activation.

    Parameters
    ----------
    database : Database
        The studies there are. Those without any peak are not counted.
    selection : str, Selection, or sequence of these
        The studies of interest, as a query or a selection; several give several maps.
    versus : str or Selection, optional
        What they are compared with; all other studies by default. A study in both is an
        error.
    universe : str or Selection, optional
        Count only these studies at all.
    radius_mm : float
        A study activates the voxels within this distance of its peaks.
    mask : Mask or image, optional
        The voxels there are; NiMARE's MNI152 2 mm brain (228,483) by default.
    prior : float
        Prior probability of being selected in the ``_prior`` maps, above 0 and below 1.
    min_studies : int or float
        Voxels that fewer studies activate (whole number), or a smaller share of them
        (below 1), are 0 in all maps, p values 1.
    label_set, threshold, func
        How queries are understood; see :meth:`Database.select`.
    talairach : {"icbm_spm", "icbm_other"} or None
        How Talairach peaks come to MNI space.
    n_jobs : int
        Threads; -1 for all cores.

    Returns
    -------
    Maps

    Raises
    ------
    EmptySelectionError
        If nothing is selected.
    SelectionError
        If ``selection`` and ``versus`` overlap, or a selection is of another database.
    QueryError, UnknownTermError, OptionError
        If a query or an option cannot be used.

    Notes
    -----
    The association test compares how often the selected and the other studies activate
    a voxel (Pearson's chi-square of a 2 x 2 table), the uniformity test how often the
    selected studies activate this voxel and the average voxel (one-way chi-square).
    See :func:`nimare_neurosynth.stats.association_and_uniformity_z` for the formulas.

    References
    ----------
    Yarkoni et al. (2011), Nature Methods 8:665-670.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo, meta_analysis
    >>> maps = meta_analysis(load_demo(), "working memory")
    >>> maps
    <Maps of 'working memory': 160 of 320 studies, 228,483 voxels>
    >>> maps["z_desc-association"].shape
    (228483,)
    """
    need_database(database)
    space = as_mask(mask)
    check_prior(prior)
    check_n_jobs(n_jobs)

    understood = {"label_set": label_set, "threshold": threshold, "func": func}
    choices = [choose(database, one, **understood) for one in _listed(selection)]
    if not choices:
        raise OptionError("no selection was given: name at least one query.")
    against = None if versus is None else choose(database, versus, **understood)
    within = None if universe is None else choose(database, universe, **understood)
    counted = _universe(database, choices, against, within)
    n_studies = int(np.count_nonzero(counted))
    least = least_studies(min_studies, n_studies)
    _check_sizes(choices, counted, n_studies, against)
    activations = database.activations(
        radius_mm=radius_mm, mask=space, talairach=talairach, n_jobs=n_jobs
    )
    columns = LabelColumns.from_masks([c.mask & counted for c in choices])
    return Maps(
        mask=space,
        labels=_unique([c.description for c in choices]),
        counts=count_columns(activations, columns, n_jobs=n_jobs),
        totals=totals_within(activations, counted),
        n_selected=columns.sizes,
        expected=expected_counts(activations, columns),
        n_studies=n_studies,
        prior=prior,
        least_studies=least,
        provenance=Provenance.of(
            database,
            choices,
            versus=against,
            universe=within,
            radius_mm=float(radius_mm),
            talairach=talairach,
            min_studies=min_studies,
        ),
    )


def need_database(database: object) -> None:
    """Raise an OptionError unless this is a Database."""
    if not isinstance(database, Database):
        raise OptionError(
            f"a Database is needed, got {type(database).__name__}: read one with "
            "read_database()."
        )


def choose(database: Database, choice: Choice, **understood: Any) -> Selection:
    """Take a selection of this database, or a query that makes one."""
    if isinstance(choice, Selection):
        choice.check_database(database)
        return choice
    return database.select(choice, **understood)


def _listed(selection: Choice | Sequence[Choice]) -> list[Choice]:
    if isinstance(selection, str | Selection):
        return [selection]
    try:
        return list(selection)
    except TypeError:
        raise OptionError(
            "selection must be a query, a Selection or a list of them, "
            f"got {selection!r}."
        ) from None


def check_prior(prior: float) -> None:
    """Raise an OptionError unless a prior probability is above 0 and below 1."""
    number = isinstance(prior, float | int | np.floating)
    if not (number and 0 < prior < 1):
        raise OptionError(f"prior must be above 0 and below 1, got {prior!r}.")


def least_studies(min_studies: float, n_studies: int) -> int:
    """Turn a minimum number or share of studies into a number."""
    whole = isinstance(min_studies, int | np.integer) and not isinstance(
        min_studies, bool
    )
    if whole and min_studies >= 0:
        return int(min_studies)
    if isinstance(min_studies, float | np.floating) and 0 <= min_studies < 1:
        # legacy kept voxels with T / N >= share: the least such T
        return int(np.ceil(min_studies * n_studies * (1 - 1e-12)))
    raise OptionError(
        "min_studies must be a whole number of studies from 0 up or a share of them, "
        f"from 0 to below 1, got {min_studies!r}."
    )


def check_least(value: int) -> int:
    """Raise an OptionError unless terms can be held to so many studies."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < 0:
        raise OptionError(
            f"min_studies_per_term must be a whole number from 0 up, got {value!r}."
        )
    return int(value)


def _universe(
    database: Database,
    choices: list[Selection],
    against: Selection | None,
    within: Selection | None,
) -> BoolArray:
    """Say which studies are counted."""
    counted = database.has_peaks.copy()
    if within is not None:
        counted &= within.mask
    if against is None:
        return counted
    if len(choices) > 1:
        raise OptionError("versus compares with one selection: give them one by one.")
    both = choices[0].mask & against.mask & counted
    if both.any():
        example = database.study_ids[np.flatnonzero(both)[0]]
        raise SelectionError(
            f"{np.count_nonzero(both):,} studies are in both "
            f"'{choices[0].description}' and '{against.description}' (for example "
            f"{example}): a contrast needs separate sets; take one from the other "
            "with &~."
        )
    if not (against.mask & counted).any():
        raise EmptySelectionError(
            f"nothing to compare with: '{against.description}' selects no study."
        )
    return counted & (choices[0].mask | against.mask)


def _check_sizes(
    choices: list[Selection],
    counted: BoolArray,
    n_studies: int,
    against: Selection | None,
) -> None:
    for choice in choices:
        n = int(np.count_nonzero(choice.mask & counted))
        if n == 0:
            reason = (
                "no study"
                if not choice.mask.any()
                else f"{len(choice):,} studies, but none of them is counted (has peaks "
                "and is in the universe)"
            )
            raise EmptySelectionError(f"'{choice.description}' selects {reason}.")
        message = ""
        if n < FEW_STUDIES:
            message = (
                f"'{choice.description}' selects only {n} studies: with fewer than "
                f"{FEW_STUDIES}, maps depend on single studies."
            )
        elif n == n_studies and against is None:
            message = (
                f"'{choice.description}' selects every study: none is left to compare "
                "with, so the association maps are 0."
            )
        if message:
            warn(message)
    if against is not None:
        n = int(np.count_nonzero(against.mask & counted))
        if n < FEW_STUDIES:
            warn(
                f"'{against.description}', to compare with, selects only {n} studies: "
                f"with fewer than {FEW_STUDIES}, maps depend on single studies."
            )


def _unique(labels: list[str]) -> tuple[str, ...]:
    repeated = {label for label in labels if labels.count(label) > 1}
    if repeated:
        raise OptionError(f"{sorted(repeated)[0]!r} is asked for more than once.")
    return tuple(labels)
