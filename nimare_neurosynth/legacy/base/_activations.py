"""The table of activations: every peak in MNI space, with all that its file says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nimare_neurosynth.database import DEFAULT_TALAIRACH, About, Database
from nimare_neurosynth.errors import FormatError, OptionError
from nimare_neurosynth.io import Parts, build
from nimare_neurosynth.legacy._advice import is_strict
from nimare_neurosynth.legacy._frames import OldFrame
from nimare_neurosynth.legacy.base._features import whole_ids
from nimare_neurosynth.legacy.base.transformations import (
    Transformer,
    t88_to_mni,
    xyz_to_mat,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEEDED = ("id", "x", "y", "z", "space")


def read_transform(transform: Any, target: str) -> Transformer | None:
    """Understand the option ``transform``: True, False or a dict of matrices.

    Returns
    -------
    Transformer or None
        None where nothing is transformed.
    """
    if not isinstance(target, str):
        raise OptionError(f"target must be the name of a space, got {target!r}.")
    if transform is False or transform is None:
        return None
    if transform is True:
        both = {"T88": t88_to_mni(), "TAL": t88_to_mni()}
        return Transformer(both, target)
    if not isinstance(transform, dict):
        raise OptionError(
            "transform must be True, False or a dict from spaces to 4 x 4 matrices, "
            f"got {transform!r}."
        )
    for name, matrix in transform.items():
        if np.shape(matrix) != (4, 4):
            raise OptionError(
                f"the transformation of {name!r} must be a 4 x 4 matrix, got shape "
                f"{np.shape(matrix)}."
            )
    return Transformer(transform, target)


def activations_of(
    database: Database, transform: Any, transformer: Transformer | None
) -> tuple[OldFrame, bool]:
    """Make the table of activations of a database.

    Returns
    -------
    activations : OldFrame
        ``id``, ``x``, ``y``, ``z`` (MNI space, mm), ``space`` (as reported), what else
        the file says, and the voxel ``i``, ``j``, ``k`` (in the order z, y, x).
    plain : bool
        Whether these are the database's own coordinates in MNI space.
    """
    peaks = database.peaks
    ids = np.array(whole_ids(list(database.study_ids)), dtype=object)
    columns: dict[str, Any] = {"id": pd.Series(ids[peaks.study]).infer_objects()}
    plain = (
        transform is True and transformer is not None and transformer.target == "MNI"
    )
    xyz = _transformed(database, transformer, plain=plain)
    if is_strict() and transformer is not None and _whole(peaks.xyz):
        plain = plain and np.array_equal(xyz, np.trunc(xyz), equal_nan=True)
        xyz = np.trunc(xyz)
    columns |= dict(zip("xyz", xyz.T, strict=True))
    columns["space"] = np.asarray(peaks.spaces, dtype=object)[peaks.space]
    for name, rows in (
        ("peaks", slice(None)),
        ("analyses", peaks.analysis),
        ("studies", peaks.study),
    ):
        table = database.table(name)
        for column in table.columns:
            if column not in {*columns, "study_id", "study"}:
                columns[column] = table[column].iloc[rows].to_numpy()
    columns |= dict(zip("ijk", xyz_to_mat(xyz).T, strict=True))
    return OldFrame(columns), plain


def _transformed(
    database: Database, transformer: Transformer | None, *, plain: bool
) -> NDArray[np.float64]:
    peaks = database.peaks
    if transformer is None or plain:
        return peaks.to_mni(None if transformer is None else DEFAULT_TALAIRACH)
    xyz = peaks.xyz.copy()
    for code, space in enumerate(peaks.spaces):
        rows = peaks.space == code
        if space != transformer.target and rows.any():
            xyz[rows] = transformer.apply(space, xyz[rows])
    return xyz


def _whole(xyz: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(xyz).all() and (xyz == np.trunc(xyz)).all())


def database_of(activations: pd.DataFrame, about: About) -> Database:
    """Make a database of a table of activations, whose coordinates are MNI already.

    Raises
    ------
    FormatError
        If a column is missing, or coordinates are no numbers.
    """
    missing = [c for c in _NEEDED if c not in activations.columns]
    if missing:
        raise FormatError(
            f"activations have no column {missing[0]!r}; needed are "
            f"{', '.join(_NEEDED)}."
        )
    try:
        xyz = activations[["x", "y", "z"]].to_numpy(np.float64)
    except (TypeError, ValueError) as error:
        raise FormatError(f"coordinates must be numbers: {error}.") from error
    position, distinct = pd.factorize(activations["id"])
    if (position < 0).any():
        raise FormatError("some activations have no id.")
    others = [c for c in activations.columns if c not in {*_NEEDED, *"ijk"}]
    return build(
        Parts(
            about=about,
            studies=pd.DataFrame(
                {"study_id": pd.Series(map(str, distinct), dtype="str")}
            ),
            peak_study=position,
            xyz=xyz,
            space=[str(s) for s in activations["space"]],
            peak_columns=pd.DataFrame(activations[others]).reset_index(drop=True),
        )
    )
