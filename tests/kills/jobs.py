"""What is killed: writers, what they replace, and how to tell old content from new."""

import gzip
import json
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from nimare_neurosynth import (
    meta_analysis,
    open_database,
    open_term_maps,
    term_maps,
    write_database,
)
from nimare_neurosynth.database import About, Database, LabelSet, Peaks
from nimare_neurosynth.io import (
    append_studies,
    concatenate,
    validate_database,
    write_table,
)
from nimare_neurosynth.meta import Maps
from nimare_neurosynth.space import Mask, default_mask
from tests.io.same import assert_same_database

STAGING = ".writing-"
_DAY = 24 * 3600
_N_LABELS = 12


@dataclass(frozen=True)
class Job:
    """A writer and what it is to write.

    ``write`` replaces what ``prepare`` has made; ``again`` must succeed whatever a
    killed ``write`` has left. ``state`` says what a folder holds ("old", "new", or
    "both" where files are replaced one by one) and raises AssertionError where it is
    neither.
    """

    name: str
    prepare: Callable[[Path], object]
    write: Callable[[Path], object]
    again: Callable[[Path], object]
    state: Callable[[Path], str]


# --------------------------------------------------------------------------- data


@cache
def made(first: int, stop: int, seed: int = 0) -> Database:
    """Make studies with peaks in the brain, terms, and topics without weights."""
    rng = np.random.default_rng([seed, first])
    n = stop - first
    ids = pd.Series([f"{seed}{i:04d}" for i in range(first, stop)], dtype="str")
    study = np.repeat(np.arange(n), 5)
    places = default_mask().xyz_mm
    xyz = places[rng.integers(0, len(places), len(study))]
    weights = rng.random((n, _N_LABELS)) * (rng.random((n, _N_LABELS)) < 0.5)
    terms = tuple(f"term {i}" for i in range(_N_LABELS))
    studies = pd.DataFrame({"study_id": ids, "title": "Title " + ids})
    tables = {
        "studies": studies,
        "analyses": pd.DataFrame({"study_id": ids, "study": range(n)}),
        "peaks": pd.DataFrame({"peak_id": [str(i) for i in range(len(study))]}),
    }
    return Database(
        About("made", str(seed)),
        n_studies=n,
        peaks=Peaks.from_columns(xyz, study, study, ["MNI"] * len(study)),
        label_sets=[
            LabelSet("terms", terms, sparse.csc_array(weights), "tfidf"),
            LabelSet("topics", ("0_a", "1_b"), None),
        ],
        tables={name: (lambda t=table: t) for name, table in tables.items()},
    )


@cache
def mask() -> Mask:
    """Give a brain mask of 6 mm voxels, in which counting takes a moment."""
    fine = default_mask()
    volume = fine.to_volume(np.ones(fine.n_voxels, dtype=bool))[::3, ::3, ::3]
    affine = fine.affine.copy()
    affine[:3, :3] *= 3
    return Mask.from_array(volume, affine)


# ---------------------------------------------------------------------- databases


def _database_state(folder: Path, contents: tuple[Database, Database]) -> str:
    wrong = validate_database(folder)
    assert not wrong, "damaged: " + re.sub(r"\S*/", "", wrong[0])
    found = open_database(folder)
    old, new = contents
    is_old = found.content_hash == old.content_hash
    assert_same_database(found, old if is_old else new)
    _check_activations(found, old if is_old else new)
    return "old" if is_old else "new"


def _check_activations(found: Database, wanted: Database) -> None:
    """Compare what is stored (or built now) with what is built without any store."""
    a, b = found.activations().to_csr(), wanted.activations().to_csr()
    np.testing.assert_array_equal(a.indptr, b.indptr)
    np.testing.assert_array_equal(a.indices, b.indices)


def _compile() -> Job:
    old, new = made(0, 30), made(0, 40, seed=1)
    return Job(
        "compile",
        prepare=lambda folder: write_database(old, folder),
        write=lambda folder: write_database(new, folder),
        again=lambda folder: write_database(new, folder),
        state=lambda folder: _database_state(folder, (old, new)),
    )


def _append() -> Job:
    old, more = made(0, 30), made(30, 40)
    new = concatenate([old, more], about=old.about)
    return Job(
        "append",
        prepare=lambda folder: write_database(old, folder),
        write=lambda folder: append_studies(folder, more),
        again=lambda folder: append_studies(folder, more, skip_known=True),
        state=lambda folder: _database_state(folder, (old, new)),
    )


# ---------------------------------------------------------------------- term maps


def make_term_maps(database: Database, folder: Path) -> None:
    """Compute all labels, three per file of counts."""
    # what one thread needs, and rows of a byte per voxel
    memory = mask().n_voxels * (100 + 3)
    term_maps(
        database,
        folder,
        min_studies_per_term=1,
        mask=mask(),
        memory_limit=memory,
        n_jobs=1,
    )


def content(folder: Path) -> dict[str, Any]:
    """Read all that a folder of term maps holds."""
    maps = open_term_maps(folder)
    assert maps.validate() == []
    return {
        "labels": maps.labels,
        "request": maps.facts["request"],
        "counts": maps.counts(0, len(maps)).tobytes(),
        "totals": maps.totals.tobytes(),
        "n_selected": maps.n_selected.tolist(),
        "summary": maps.summary.to_csv(),
        "z": maps[maps.labels[0]]["z_desc-association"].tobytes(),
    }


def _term_maps() -> Job:
    old, new = made(0, 30), made(0, 40, seed=1)

    contents = {"old": old, "new": new}

    @cache
    def reference(which: str) -> dict[str, Any]:
        with TemporaryDirectory() as place:
            make_term_maps(contents[which], Path(place, "maps"))
            return content(Path(place, "maps"))

    def state(folder: Path) -> str:
        # these two stand beside the maps, each replaced in one step after them
        lines = (folder / "summary.tsv").read_text().splitlines()
        assert len(lines) == _N_LABELS + 1
        assert (
            len(json.loads((folder / "summary.json").read_text())["labels"])
            == _N_LABELS
        )
        found = content(folder)
        is_old = found["request"]["content_hash"] == old.content_hash
        which = "old" if is_old else "new"
        assert found == reference(which)
        return which

    return Job(
        "term maps",
        prepare=lambda folder: make_term_maps(old, folder),
        write=lambda folder: make_term_maps(new, folder),
        again=lambda folder: make_term_maps(new, folder),
        state=state,
    )


# --------------------------------------------------------------------------- files


def _readable(path: Path) -> bytes:
    """Give what a file says; a gzipped one must unpack."""
    data = path.read_bytes()
    return gzip.decompress(data) if path.name.endswith(".gz") else data


def files(folder: Path) -> dict[str, bytes]:
    """Read all finished files of a folder."""
    return {
        path.name: _readable(path)
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(".")
    }


def _file_job(
    name: str,
    write: Callable[[str, Path], object],
) -> Job:
    """Make a job of files that are replaced one by one."""

    @cache
    def reference(which: str) -> dict[str, bytes]:
        with TemporaryDirectory() as place:
            write(which, Path(place))
            return files(Path(place))

    def state(folder: Path) -> str:
        found = files(folder)
        old, new = reference("old"), reference("new")
        assert set(old) & set(new) <= set(found) <= set(old) | set(new)
        for file, data in found.items():
            assert data in (old.get(file), new.get(file)), f"{file} is neither"
        if found == old:
            return "old"
        return "new" if found == new else "both"

    return Job(
        name,
        prepare=lambda folder: write("old", folder),
        write=lambda folder: write("new", folder),
        again=lambda folder: write("new", folder),
        state=state,
    )


@cache
def _maps(which: str) -> Maps:
    label = "term 1" if which == "old" else "term 2"
    return meta_analysis(made(0, 80), label, mask=mask(), n_jobs=1)


def _save() -> Job:
    # the old ones have files that the new ones have not: they must go
    names = {
        "old": ("z_desc-association", "prob_desc-FgA"),
        "new": ("z_desc-association", "z_desc-uniformity"),
    }
    q = {"old": 0.01, "new": None}

    def write(which: str, folder: Path) -> None:
        _maps(which).save(folder, names=names[which], fdr_q=q[which])

    return _file_job("maps", write)


def _table() -> Job:
    def write(which: str, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        rows = 20_000 if which == "new" else 10_000
        table = pd.DataFrame({"i": range(rows), "text": which})
        write_table(folder / "table.tsv", table, {"of": which})

    return _file_job("table", write)


@cache
def all_jobs() -> dict[str, Job]:
    """Give the jobs by their names."""
    jobs = [_compile(), _append(), _term_maps(), _save(), _table()]
    return {job.name: job for job in jobs}


# ----------------------------------------------------------------------- leftovers


def paths(folder: Path) -> set[str]:
    """List the files below a folder; the random name of the parts does not count."""
    return {
        re.sub(r"^parts-\w+", "parts", str(path.relative_to(folder)))
        for path in folder.rglob("*")
        if path.is_file()
    }


def leftovers(folder: Path, wanted: set[str]) -> list[str]:
    """List what should not be there, other than staging folders of today."""
    strange = paths(folder) ^ wanted
    return sorted(name for name in strange if not _is_staging(folder, name))


def _is_staging(folder: Path, name: str) -> bool:
    below = folder
    for part in Path(name).parts:
        below = below / part
        if part.startswith(STAGING):
            return time.time() - below.stat().st_mtime < _DAY
    return False


def fresh(template: Path, target: Path) -> Path:
    """Copy what a job starts from."""
    shutil.rmtree(target, ignore_errors=True)
    return Path(shutil.copytree(template, target))
