"""Real studies that come inside NiMARE's wheel."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.database import About
from nimare_neurosynth.io import Parts, build
from nimare_neurosynth.mining import extract_terms
from nimare_neurosynth.space import nimare_resource

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from nimare_neurosynth.database import Database

DEMO_MIN_DF = 10
"""Studies that must use a term: 3 % of the demo's 320.

Neurosynth's own 0.5 % would be two studies here, too few for a map.
"""

DEMO_MAX_DF = 0.75
"""Share of studies above which a term is left out; Neurosynth's own is one half.

Half of the demo's studies are of n-back tasks, so that "memory" would be left out.
"""

_FOLDER = "nback_vs_flanker_studyset_2026-07"
_ATTRIBUTION = (
    "320 studies of n-back and flanker tasks from NeuroStore (https://neurostore.org), "
    "release 2026-07, as distributed with NiMARE. Cite NiMARE (Salo et al. 2023, "
    "Aperture Neuro 3)."
)


@cache
def load_demo() -> Database:
    """Load 320 real studies, with terms from their abstracts.

    They are studies of n-back and flanker tasks that come with NiMARE; nothing is
    downloaded, and NiMARE is not imported.

    Returns
    -------
    Database
        320 studies, 906 analyses, 9,492 peaks; label set ``terms``: words and pairs of
        words that at least 10 abstracts use, by Neurosynth's recipe. That recipe cuts
        "n-back" to "back", as single letters are no words, and then drops it, as "back"
        is on its list of stop words: n-back studies are found by ``working memory``.

    Examples
    --------
    >>> load_demo().n_studies
    320
    """
    folder = nimare_resource(_FOLDER)
    studies = _studies(folder)
    coordinates = _read(folder, "coordinates")
    names = _read(folder, "analyses").set_index("id")["name"]
    abstracts = studies.pop("abstract")
    import pandas as pd

    position = pd.Index(studies["study_id"]).get_indexer(coordinates["study_id"])
    peak_columns = pd.DataFrame(
        {
            "contrast": coordinates["id"],
            "table_label": coordinates["id"].map(names),
            "kind": coordinates["kind"],
        }
    )
    return build(
        Parts(
            about=About(
                "NeuroStore n-back and flanker studies",
                "2026-07",
                "see NeuroStore's terms of use",
                _ATTRIBUTION,
                f"nimare/resources/{_FOLDER}",
            ),
            studies=studies,
            peak_study=position,
            xyz=coordinates[["x", "y", "z"]].to_numpy(dtype=np.float64),
            space=coordinates["space"].fillna("").tolist(),
            peak_columns=peak_columns,
            label_sets=[
                extract_terms(
                    abstracts.tolist(), min_df=DEMO_MIN_DF, max_df=DEMO_MAX_DF
                )
            ],
            texts=pd.DataFrame(
                {"study_id": studies["study_id"], "abstract": abstracts}
            ),
            notes=[
                f"terms: words and pairs of words that at least {DEMO_MIN_DF} and at "
                f"most {DEMO_MAX_DF:.0%} of the abstracts use"
            ],
        )
    )


def _read(folder: Path, table: str) -> pd.DataFrame:
    import pandas as pd

    return pd.read_parquet(folder / f"{table}.parquet")


def _studies(folder: Path) -> pd.DataFrame:
    studies = _read(folder, "studies")
    return studies.rename(
        columns={"name": "title", "publication": "journal", "description": "abstract"}
    )[["study_id", "title", "authors", "journal", "abstract"]].fillna("")
