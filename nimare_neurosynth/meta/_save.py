"""Maps on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from nimare_neurosynth.io import atomic_folder
from nimare_neurosynth.meta._names import (
    MAPS,
    SAVED,
    check_q,
    map_info,
    thresholded_name,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nimare_neurosynth.meta._maps import Maps

THRESHOLDED = (
    "z_desc-association",
    "z_desc-uniformity",
    "prob_desc-FgA",
    "prob_desc-FgA_prior",
)
"""Maps whose thresholded form is saved too."""

PICTURE = "picture_z_desc-association.png"


def save_maps(
    maps: Maps,
    folder: str | Path,
    *,
    label: str | None,
    names: Sequence[str] | None,
    fdr_q: float | None,
    picture: bool,
) -> list[Path]:
    """Save the maps of one label; see :meth:`Maps.save`."""
    target = Path(folder)
    wanted = SAVED if names is None else tuple(names)
    for name in wanted:
        map_info(name)
    if fdr_q is not None:
        check_q(fdr_q)
    maps.row(label)
    jobs: list[tuple[str, float | None]] = [(name, None) for name in wanted]
    if fdr_q is not None:
        jobs += [(n, fdr_q) for n in wanted if n in THRESHOLDED]
    written = []
    with atomic_folder(target) as staging:
        for name, q in jobs:
            stem = name if q is None else thresholded_name(name, q)
            image = maps.image(name, label=label, fdr_q=q)
            image.header["descrip"] = f"{MAPS[name].title}"[:79].encode()
            image.to_filename(staging / f"{stem}.nii.gz")
            sidecar = maps.sidecar(name, label=label, fdr_q=q)
            text = json.dumps(sidecar, indent=2, ensure_ascii=False)
            (staging / f"{stem}.json").write_text(text + "\n", encoding="utf-8")
            written += [f"{stem}.nii.gz", f"{stem}.json"]
        if picture:
            from nimare_neurosynth.plotting import save_figure

            q = fdr_q if fdr_q is not None else 0.01
            save_figure(maps.plot(label=label, fdr_q=q), staging / PICTURE)
            written.append(PICTURE)
    return [target / name for name in written]
