"""Real studies that come inside NiMARE's wheel."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth.datasets import DEMO_MIN_DF, load_demo
from nimare_neurosynth.datasets._demo import DEMO_MAX_DF
from nimare_neurosynth.space import nimare_resource

FOLDER = "nback_vs_flanker_studyset_2026-07"


@pytest.fixture(scope="module")
def demo():
    return load_demo()


@pytest.fixture(scope="module")
def released():
    def read(table):
        return pd.read_parquet(nimare_resource(FOLDER, f"{table}.parquet"))

    return read


def test_counts(demo):
    # the README of the shared data
    info = demo.info()
    assert (info.studies, info.analyses, info.peaks) == (320, 906, 9_492)
    # formats-and-services.md, section 2.2
    assert info.peak_spaces == {
        "MNI": 7_819,
        "TAL": 1_159,
        "OTHER": 347,
        "UNKNOWN": 167,
    }


def test_peaks_are_those_of_the_release(demo, released):
    coordinates = released("coordinates")
    np.testing.assert_array_equal(demo.peaks.xyz, coordinates[["x", "y", "z"]])
    ids = demo.study_ids[demo.peaks.study]
    assert ids.tolist() == coordinates["study_id"].tolist()


def test_analyses_are_those_of_the_release(demo, released):
    contrasts = demo.table("analyses")["contrast"]
    assert set(contrasts) <= set(released("analyses")["id"])
    assert contrasts.is_unique
    ids = contrasts.to_numpy()[demo.peaks.analysis]
    assert ids.tolist() == released("coordinates")["id"].tolist()
    names = released("analyses").set_index("id")["name"]
    assert demo.table("analyses")["table_label"].tolist() == names[contrasts].tolist()


def test_studies_are_those_of_the_release(demo, released):
    studies = released("studies")
    assert demo.study_ids.tolist() == studies["study_id"].tolist()
    assert demo.studies["title"].tolist() == studies["name"].fillna("").tolist()
    assert "abstract" not in demo.studies
    abstracts = demo.table("texts")["abstract"]
    assert abstracts.tolist() == studies["description"].tolist()
    assert (abstracts.str.len() > 0).all()


def test_terms_are_in_enough_and_not_too_many_studies(demo):
    terms = demo.label_sets["terms"]
    n_studies = np.diff(terms.weights.indptr)
    assert n_studies.min() == DEMO_MIN_DF
    assert n_studies.max() <= DEMO_MAX_DF * 320
    assert {"memory", "working memory", "emotion"} <= set(terms.labels)
    assert "back" not in terms.labels  # on Neurosynth's list of stop words
    assert any(f"at least {DEMO_MIN_DF}" in note for note in demo.notes)


def test_it_says_whose_it_is(demo):
    assert demo.about.version == "2026-07"
    assert "NeuroStore" in demo.about.attribution
    assert demo.about.licence


def test_it_is_loaded_once(demo):
    assert load_demo() is demo


ALONE = """
import socket, sys

def refuse(*_):
    raise RuntimeError("network")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
from nimare_neurosynth import load_demo

print(load_demo().n_studies, *(m for m in ("nimare", "nilearn") if m in sys.modules))
"""


def test_it_needs_neither_network_nor_nimare():
    run = subprocess.run(
        [sys.executable, "-c", ALONE], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["320"]
