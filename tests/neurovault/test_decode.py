"""Terms for images of NeuroVault, and the answer that old clients read."""

import json

import numpy as np
import pytest

from nimare_neurosynth import decode, load_demo
from nimare_neurosynth.errors import (
    ImageError,
    NetworkError,
    NeurosynthWarning,
    OptionError,
    UnknownTermError,
)
from nimare_neurosynth.neurovault import to_neurosynth_json

TERMS = ["attention", "emotion", "working memory"]


@pytest.fixture(scope="module")
def demo():
    return load_demo()


@pytest.fixture
def found(filled, vault, demo):
    return vault.decode(101, demo, TERMS)


def test_an_image(filled, found, demo, vault):
    (path,) = (vault.cache / "downloads").rglob("*.nii.gz")
    same = decode(demo, {"101": path}, TERMS)
    np.testing.assert_array_equal(found.columns["r"], same.columns["r"])
    facts = found.image_facts[0]["neurovault"]
    assert facts["image"] == 101
    assert facts["url"] == f"{filled.url}/images/101/"
    assert len(facts["sha256"]) == 64


def test_a_collection(filled, vault, demo):
    filled.add_image(1, target_template_image="Dorr2008")
    with pytest.warns(NeurosynthWarning, match="1 of 4 images are left out"):
        found = vault.decode(f"{filled.url}/collections/1/", demo, TERMS)
    assert found.images == ("101", "102", "103")
    assert to_neurosynth_json(found, image="102")["data"]["neurovault_id"] == 102
    with pytest.raises(OptionError, match="there are 3"):
        to_neurosynth_json(found)
    with pytest.raises(UnknownTermError, match="104"):
        to_neurosynth_json(found, image="104")


def test_wrong_images(filled, vault, demo):
    for wrong in ("image:x", "atlas:1", "../1"):
        with pytest.raises(OptionError):
            vault.decode(wrong, demo)
    with pytest.raises(NetworkError, match="404"):
        vault.decode(999, demo)
    number = filled.add_image(1, not_mni=True)
    with pytest.raises(ImageError, match="MNI"):
        vault.decode(number, demo)


def test_the_shape_of_the_answer(filled, found):
    answer = to_neurosynth_json(found, comments="hello")
    assert set(answer) == {"data"}
    data = answer["data"]
    assert list(data) == [
        "id",
        "url",
        "neurovault_id",
        "comments",
        "image",
        "reference",
        "values",
    ]
    assert data["neurovault_id"] == 101
    assert data["image"] == filled.images[101]["file"]
    assert data["comments"] == "hello"
    assert set(data["values"]) == set(TERMS)
    table = found.table().set_index("term")["r"]
    for term, r in data["values"].items():
        assert r == round(float(table[term]), 3)
    assert to_neurosynth_json(found, comments="hello") == answer


def test_nilearn_reads_it(found, tmp_path):
    from nilearn.datasets.neurovault import neurosynth_words_vectorized

    path = tmp_path / "neurosynth_words_for_image_101.json"
    path.write_text(json.dumps(to_neurosynth_json(found), allow_nan=False))
    frequencies, words = neurosynth_words_vectorized([path], verbose=0)
    assert sorted(words) == TERMS
    assert frequencies.shape == (1, 3)


def test_only_correlations_are_answered(filled, vault, demo):
    found = vault.decode(101, demo, TERMS, method="cosine")
    with pytest.raises(OptionError, match="pearson"):
        to_neurosynth_json(found)
