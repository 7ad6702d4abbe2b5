"""NiMARE's own way to the same maps, as its users go it."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path

import numpy as np
import pandas as pd


def nimare_studyset(database, folder):
    """Make a NiMARE Studyset of a database, through the tables NiMARE reads fastest."""
    from nimare.studyset import Studyset

    folder = Path(folder)
    ids = pd.Series(database.study_ids, dtype="str")
    full = ids + "-1"
    peaks = database.peaks
    spaces = np.array(peaks.spaces, dtype=object)[peaks.space]
    pd.DataFrame({"study_id": ids, "name": ids}).to_parquet(folder / "studies.parquet")
    pd.DataFrame(
        {"id": full, "study_id": ids, "contrast_id": "1", "name": "1"}
    ).to_parquet(folder / "analyses.parquet")
    pd.DataFrame(
        {
            "id": full.to_numpy()[peaks.study],
            "study_id": ids.to_numpy()[peaks.study],
            "contrast_id": "1",
            "x": peaks.xyz[:, 0],
            "y": peaks.xyz[:, 1],
            "z": peaks.xyz[:, 2],
            "space": spaces,
        }
    ).to_parquet(folder / "coordinates.parquet")
    tables = {t: f"{t}.parquet" for t in ("studies", "analyses", "coordinates")}
    manifest = {
        "format": "nimare-studyset-parquet",
        "version": 1,
        "id": "benchmark",
        "name": "benchmark",
        "tables": tables,
        "annotations": [],
    }
    (folder / "studyset.json").write_text(json.dumps(manifest))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Studyset(str(folder))


def mkda_chi2(studyset, selected_ids, *, radius_mm):
    """Fit NiMARE's MKDAChi2: these studies against all others."""
    from nimare.meta.cbma.mkda import MKDAChi2

    logging.getLogger().setLevel(logging.ERROR)
    wanted = {f"{i}-1" for i in selected_ids}
    every = list(studyset.ids)
    ours = studyset.slice([i for i in every if i in wanted])
    rest = studyset.slice([i for i in every if i not in wanted])
    estimator = MKDAChi2(kernel__r=radius_mm)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return lambda: estimator.fit(ours, rest)
