"""Maps on disk."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from nimare_neurosynth.io import atomic_folder, write_json, write_table
from nimare_neurosynth.meta._names import (
    DEFAULT_Q,
    MAPS,
    SAVED,
    check_q,
    map_info,
    thresholded_name,
)
from nimare_neurosynth.plotting import save_figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from nimare_neurosynth.meta._family import FamilyWise
    from nimare_neurosynth.meta._maps import Maps

THRESHOLDED = (
    "z_desc-association",
    "z_desc-uniformity",
    "prob_desc-FgA",
    "prob_desc-FgA_prior",
)
"""Maps whose thresholded form is saved too."""

_CLUSTERS = re.compile(r"(Size|Mass)?_level-\w+$")
PICTURE = "picture_z_desc-association.png"
_BESIDE = frozenset(
    {PICTURE, "clusters.tsv", "clusters.json", "studies.tsv", "studies.json"}
)


def save_maps(
    maps: Maps,
    folder: str | Path,
    *,
    label: str | None,
    names: Sequence[str] | None,
    fdr_q: float | None,
    picture: bool,
    tables: Mapping[str, pd.DataFrame],
    family: FamilyWise | None = None,
) -> list[Path]:
    """Save the maps of one label; see :meth:`Maps.save`."""
    target = Path(folder)
    jobs = _jobs(names, fdr_q)
    maps.row(label)
    with atomic_folder(target, stale=_is_ours) as staging:
        for name, q in jobs:
            stem = name if q is None else thresholded_name(name, q)
            image = maps.image(name, label=label, fdr_q=q)
            image.header["descrip"] = f"{MAPS[name].title}"[:79].encode()
            image.to_filename(staging / f"{stem}.nii.gz")
            sidecar = maps.sidecar(name, label=label, fdr_q=q)
            write_json(staging / f"{stem}.json", sidecar)
        facts = maps.sidecar("z_desc-association", label=label, fdr_q=fdr_q)
        if family is not None:
            for stem, values in family.arrays().items():
                maps.mask.to_image(values).to_filename(staging / f"{stem}.nii.gz")
                own = {**facts, "map": stem, "family_wise_error": family.facts}
                write_json(staging / f"{stem}.json", own)
        for name, table in tables.items():
            write_table(staging / f"{name}.tsv", table, {**facts, "map": None})
        if picture:
            q = fdr_q if fdr_q is not None else DEFAULT_Q
            save_figure(maps.plot(label=label, fdr_q=q), staging / PICTURE)
        written = sorted(path.name for path in staging.iterdir())
    return [target / name for name in written]


def _jobs(
    names: Sequence[str] | None, fdr_q: float | None
) -> list[tuple[str, float | None]]:
    """List what to save: maps, and the thresholded forms of some."""
    wanted = SAVED if names is None else (names,) if isinstance(names, str) else names
    for name in wanted:
        map_info(name)
    jobs: list[tuple[str, float | None]] = [(name, None) for name in wanted]
    if fdr_q is not None:
        check_q(fdr_q)
        jobs += [(name, fdr_q) for name in wanted if name in THRESHOLDED]
    return jobs


def _is_ours(name: str) -> bool:
    """Tell whether an earlier analysis, saved into the same folder, made this file."""
    stem = (
        _CLUSTERS.sub("", name.split("_corr-", maxsplit=1)[0])
        .removesuffix(".nii.gz")
        .removesuffix(".json")
    )
    saved = stem in MAPS and name.endswith((".nii.gz", ".json"))
    return saved or name in _BESIDE
