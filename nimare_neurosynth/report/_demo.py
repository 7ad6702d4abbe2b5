"""The main job, end to end, on real data that need no download."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.datasets import load_demo
from nimare_neurosynth.io import (
    atomic_folder,
    check_folder,
    write_atomic,
    write_table,
)
from nimare_neurosynth.meta import (
    DEFAULT_Q,
    FEW_STUDIES,
    meta_analysis,
    summarise_labels,
)
from nimare_neurosynth.plotting import save_figure
from nimare_neurosynth.report._html import embed_picture, render, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from nimare_neurosynth.database import Database
    from nimare_neurosynth.meta import Maps

DEMO_QUERY = "emotion*"


def run_demo(
    folder: str | Path,
    *,
    query: str = DEMO_QUERY,
    say: Callable[[str], object] = lambda _: None,
    progress: bool = False,
) -> Path:
    """Ask the demo database a question and write maps, pictures, tables and a page.

    Parameters
    ----------
    folder : str or path
        Made if missing.
    query : str
        The question.
    say : callable
        Is told what is being done, line by line.
    progress : bool
        Show a bar on standard error where something takes more than a second.

    Returns
    -------
    pathlib.Path
        The page, ``index.html``; it needs no other file.
    """
    target = Path(folder)
    check_folder(target)
    start = perf_counter()
    say("Reading 320 studies from NiMARE's wheel and extracting terms")
    database = load_demo()
    say(f"Asking for '{query}'")
    maps = meta_analysis(database, query)
    with atomic_folder(target) as staging:
        _write_all(database, maps, staging, say=say, progress=progress)
    path = target / "index.html"
    say(f"Done in {perf_counter() - start:.1f} s: open {path}")
    return path


def _write_all(
    database: Database,
    maps: Maps,
    folder: Path,
    *,
    say: Callable[[str], object],
    progress: bool,
) -> None:
    clusters = maps.clusters(fdr_q=DEFAULT_Q)
    say("Saving and drawing maps")
    maps.save(folder, fdr_q=DEFAULT_Q, tables={"clusters": clusters})
    pictures = _draw(maps, folder)
    say("Computing the maps of all terms")
    began = perf_counter()
    terms, peak = _all_terms(database, maps, progress=progress)
    seconds = perf_counter() - began
    sidecar = maps.sidecar("z_desc-association", fdr_q=DEFAULT_Q)
    shared = {key: sidecar[key] for key in ("database", "radius_mm", "software")}
    write_table(folder / "terms.tsv", terms, shared)
    page = render(
        "demo.html.j2",
        query=sidecar["query"],
        n_selected=sidecar["n_selected"],
        n_studies=maps.n_studies,
        radius_mm=sidecar["radius_mm"],
        q=DEFAULT_Q,
        few=FEW_STUDIES,
        clusters=rows_of(clusters.head(12)),
        largest_z=float(maps["z_desc-association"].max()),
        peak=peak,
        facts=database.info().rows(),
        methods=sidecar["methods"],
        citations=sidecar["citations"],
        n_terms=len(terms),
        seconds_terms=seconds,
        **_tables(terms),
        **pictures,
    )
    write_atomic(folder / "index.html", page)


def _draw(maps: Maps, target: Path) -> dict[str, str]:
    embedded = {}
    for test in ("association", "uniformity"):
        path = target / f"picture_z_desc-{test}.png"
        save_figure(maps.plot(f"z_desc-{test}", fdr_q=DEFAULT_Q), path)
        embedded[f"{test}_picture"] = embed_picture(path)
    return embedded


def _all_terms(
    database: Database, maps: Maps, *, progress: bool
) -> tuple[pd.DataFrame, str]:
    """Summarise every term, and name the strongest peak of the maps asked for."""
    labels = database.label_sets["terms"]
    voxel = int(np.argmax(maps["z_desc-association"]))
    x, y, z = maps.mask.xyz_mm[voxel]
    table = summarise_labels(
        database.activations(),
        labels.columns(),
        labels.labels,
        mask=maps.mask,
        at=voxel,
        progress=progress,
    )
    return table, f"({x:.0f}, {y:.0f}, {z:.0f})"


def _tables(terms: pd.DataFrame) -> dict[str, Any]:
    enough = terms[terms["n_studies"] >= FEW_STUDIES]
    at_peak = terms.sort_values("z_at", ascending=False, kind="stable").head(15)
    top = enough.sort_values("largest_z", ascending=False, kind="stable").head(15)
    return {"terms_at_peak": rows_of(at_peak), "top_terms": rows_of(top)}
