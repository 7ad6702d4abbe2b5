"""What all tests share: real data, toy data, and walls around the tests.

Tests never touch the network, the user's cache or a display; servers that they start on
this machine may be asked. Those that use the real
databases beside the project get the marker ``data``, and are skipped where these are
missing.
"""

import gzip
import json
import os
import shutil
import socket
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from scipy import sparse

# set before anything imports matplotlib
os.environ["MPLBACKEND"] = "Agg"

from nimare_neurosynth import read_database
from nimare_neurosynth.database import About, Database, LabelSet, Peaks
from tests.servers import (
    release_archive,
    serve_folder,
    serve_release,
    serving,
    serving_neurostore,
    small_annotation,
    small_studyset,
)

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

# a script that people could have written, which is run and not imported
collect_ignore = ["benchmarks/classic_script.py"]

settings.register_profile("tests", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("tests")


def pytest_collection_modifyitems(items):
    for item in items:
        if "shared_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.data)


# ------------------------------------------------------------------------- walls


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("NIMARE_NEUROSYNTH_CACHE", str(folder))
        patch.delenv("NIMARE_NEUROSYNTH_MIRROR", raising=False)
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_network():
    def guarded(real):
        def connect(self, address):
            elsewhere = not isinstance(address, tuple) or address[0] != "127.0.0.1"
            if self.family in {socket.AF_INET, socket.AF_INET6} and elsewhere:
                raise RuntimeError(f"a test tried to reach the network: {address!r}")
            return real(self, address)

        return connect

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            real = getattr(socket.socket, name)
            patch.setattr(socket.socket, name, guarded(real))
        yield


@pytest.fixture
def server():
    """Give a file server on this machine that can be told to go wrong."""
    with serving() as one:
        yield one


@pytest.fixture
def shop():
    """Give a NeuroStore on this machine, with a small studyset in it."""
    with serving_neurostore() as server:
        studyset = small_studyset()
        server.load(studyset, small_annotation(studyset))
        yield server


# --------------------------------------------------------------------- real data


@pytest.fixture(scope="session")
def shared_data():
    """Give the folder of real databases and of legacy Neurosynth's results."""
    if not SHARED.is_dir():
        pytest.skip("the real databases are not here (../shared/data of the project)")
    return SHARED


@pytest.fixture(scope="session")
def v7(shared_data):
    """Read the complete Neurosynth version 7: 14,371 studies."""
    return read_database(shared_data / "neurosynth_v7")


# ---------------------------------------------------------------------- toy data

TOY_PEAKS = (
    # study, x, y, z, space
    (0, 0.0, -52.0, 26.0, "MNI"),
    (0, 2.0, -50.0, 26.0, "MNI"),  # its sphere overlaps the one above
    (0, 40.0, 20.0, 30.0, "MNI"),
    (1, -40.0, 20.0, 30.0, "TAL"),
    (1, 10.0, 20.0, 30.0, "TAL"),
    (2, 1000.0, 1000.0, 1000.0, "MNI"),  # a study without any peak in the brain
    (3, np.nan, 10.0, 10.0, "MNI"),
    (3, 0.0, -52.0, 26.0, "MNI"),
    (4, -3.0, 17.0, -5.0, "UNKNOWN"),  # odd numbers round half to even
    (4, 0.0, -54.0, 28.0, "UNKNOWN"),
    (5, 42.0, 22.0, 30.0, "MNI"),
)
TOY_STUDIES = {
    # the last one reports no peak at all
    "study_id": ["10001", "10002", "10003", "10004", "10005", "10006", "10007"],
    "doi": ["10.1/a", "", "10.1/c", "10.1/d", "10.1/e", "10.1/f", ""],
    "title": ["Pain", "Memory", "Far away", "Pain again", "Touch", "5-HT", "Silent"],
    "authors": ["A B", "C D", "E F", "G H", "I J", "K L", "M N"],
    "year": [1999, 2005, 2010, 2010, 2012, 2015, 2018],
    "journal": ["Brain", "NeuroImage", "Brain", "Pain", "Brain", "Cortex", "Brain"],
}
TOY_TERMS = ("pain", "working memory", "emotion", "emotional", "5ht")
TOY_TERM_WEIGHTS = np.array(
    [
        [0.20, 0.00, 0.05, 0.00, 0.00],
        [0.00, 0.30, 0.00, 0.10, 0.00],
        [0.10, 0.00, 0.00, 0.00, 0.00],
        [0.15, 0.00, 0.00, 0.0005, 0.00],  # below Neurosynth's threshold of 0.001
        [0.00, 0.001, 0.20, 0.00, 0.00],  # exactly at it
        [0.00, 0.05, 0.00, 0.00, 0.40],
        [0.05, 0.00, 0.00, 0.00, 0.00],
    ]
)
TOY_TOPICS = ("0_pain_heat", "1_memory_wm")
TOY_TOPIC_WEIGHTS = np.array(
    [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4], [0.5, 0.5], [0.3, 0.7], [1.0, 0.0]]
)


def _toy_peaks():
    study, x, y, z, space = zip(*TOY_PEAKS, strict=True)
    return np.stack([x, y, z], axis=1), np.array(study), space


@pytest.fixture(scope="session")
def toy():
    """Give seven studies with every oddity that counts; see ``TOY_PEAKS``."""
    xyz, study, space = _toy_peaks()
    studies = pd.DataFrame(TOY_STUDIES).astype({"year": "Int64"})
    analyses = pd.DataFrame({"study_id": studies["study_id"], "study": range(7)})
    tables = {
        "studies": studies,
        "analyses": analyses,
        "peaks": pd.DataFrame({"peak_id": [str(i) for i in range(len(study))]}),
    }
    return Database(
        About("toy", "1", "CC0-1.0", "Made up for the tests.", "toy"),
        n_studies=7,
        peaks=Peaks.from_columns(xyz, study, study, space),
        label_sets=[
            LabelSet("terms", TOY_TERMS, sparse.csc_array(TOY_TERM_WEIGHTS), "tfidf"),
            LabelSet("topics", TOY_TOPICS, sparse.csc_array(TOY_TOPIC_WEIGHTS)),
        ],
        tables={name: (lambda t=table: t) for name, table in tables.items()},
    )


@pytest.fixture
def toy_files(tmp_path):
    """Write the toy database in the layout that Neurosynth's data have since 2021.

    Spaces stand with the studies there. The vocabulary ``LDA9`` comes without weights.
    """
    folder = tmp_path / "toy_files"
    folder.mkdir()
    stem = "data-toy_version-1"
    xyz, study, space = _toy_peaks()
    metadata = pd.DataFrame(TOY_STUDIES).rename(columns={"study_id": "id"})
    by_study = dict(zip(study.tolist(), space, strict=True))
    metadata.insert(2, "space", [by_study.get(i, "MNI") for i in range(7)])
    peaks = pd.DataFrame(xyz, columns=["x", "y", "z"])
    peaks.insert(0, "id", metadata["id"].to_numpy()[study])
    peaks.insert(1, "table_id", [f"{s}1" for s in study])
    peaks.insert(2, "table_num", "1.")
    peaks.insert(3, "peak_id", range(len(peaks)))
    for name, table in (("coordinates", peaks), ("metadata", metadata)):
        text = table.to_csv(sep="\t", index=False, na_rep="")
        path = folder / f"{stem}_{name}.tsv.gz"
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
    for vocab, labels, weights, kind in (
        ("terms", TOY_TERMS, TOY_TERM_WEIGHTS, "tfidf"),
        ("topics", TOY_TOPICS, TOY_TOPIC_WEIGHTS, "weight"),
        ("LDA9", ("0_a", "1_b"), None, ""),
    ):
        names = folder / f"{stem}_vocab-{vocab}_vocabulary.txt"
        names.write_text("\n".join(labels), encoding="utf-8")
        if weights is not None:
            entities = f"vocab-{vocab}_source-abstract_type-{kind}"
            path = folder / f"{stem}_{entities}_features.npz"
            sparse.save_npz(path, sparse.csc_array(weights))
    about = {"name": "toy topics", "description": "Two topics.", "n_topics": 2}
    described = folder / f"{stem}_vocab-topics_metadata.json"
    described.write_text(json.dumps(about), encoding="utf-8")
    return folder


# ------------------------------------------------------------- what a mirror serves


@pytest.fixture
def small(toy_files, tmp_path, server):
    """Serve seven studies as Neurosynth's version 3, and give the folder of files."""
    folder = tmp_path / "source" / "neurosynth-3"
    folder.mkdir(parents=True)
    for path in toy_files.iterdir():
        if "LDA9" not in path.name and "topics" not in path.name:
            name = path.name.replace("data-toy_version-1", "data-neurosynth_version-3")
            shutil.copy(path, folder / name)
    serve_folder(server, folder)
    return folder


@pytest.fixture
def release(server):
    """Serve a release of NeuroStore: the studies that come with NiMARE."""
    return serve_release(server, "2026-07", release_archive())
