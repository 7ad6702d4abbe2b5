import json

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth import meta_analysis
from nimare_neurosynth.errors import OptionError, UnknownTermError
from nimare_neurosynth.meta import MAPS
from nimare_neurosynth.meta._names import SAVED
from nimare_neurosynth.meta._save import PICTURE, THRESHOLDED
from tests.oracles import brain_block, random_database

MASK = brain_block()


@pytest.fixture(scope="module")
def maps():
    return meta_analysis(
        random_database(), ["labela", "labelb"], mask=MASK, prior=0.3, min_studies=2
    )


def stems(paths):
    return {path.name.removesuffix(".nii.gz") for path in paths if path.suffix == ".gz"}


def check_images(maps, folder, paths, label, q):
    for stem in stems(paths):
        name, _, corrected = stem.partition("_corr-FDR_q-")
        values = maps.array(name, label=label, fdr_q=q if corrected else None)
        image = nib.load(folder / f"{stem}.nii.gz")
        np.testing.assert_array_equal(
            image.get_fdata(), MASK.to_volume(values.astype(np.float32))
        )
        assert image.header["descrip"].item().decode() in MAPS[name].title


def test_saved_maps_are_the_maps(maps, tmp_path):
    folder = tmp_path / "new" / "folder"
    paths = maps.save(folder, label="labelb", fdr_q=0.05)
    assert sorted(paths) == sorted(folder.iterdir())
    thresholded = {f"{name}_corr-FDR_q-0.05" for name in THRESHOLDED}
    assert stems(paths) == {*SAVED} | thresholded
    assert all(
        path.with_name(f"{s}.json") in paths for path in paths for s in stems([path])
    )
    check_images(maps, folder, paths, "labelb", 0.05)


@pytest.mark.parametrize("names", [["p_desc-uniformity"], ("prob_desc-A",), list(MAPS)])
def test_other_maps_can_be_saved(maps, tmp_path, names):
    paths = maps.save(tmp_path, label="labela", names=names, fdr_q=None)
    assert stems(paths) == set(names)
    check_images(maps, tmp_path, paths, "labela", None)


def test_sidecars_say_where_a_map_came_from(maps, tmp_path):
    maps.save(tmp_path, label="labela", names=["z_desc-association"], fdr_q=0.05)
    stem = "z_desc-association_corr-FDR_q-0.05"
    sidecar = json.loads((tmp_path / f"{stem}.json").read_text(encoding="utf-8"))
    assert sidecar == maps.sidecar("z_desc-association", label="labela", fdr_q=0.05)
    facts = {
        "map": stem,
        "query": "labela",
        "fdr_q": 0.05,
        "prior": 0.3,
        "min_studies": 2,
        "radius_mm": 6,
        "talairach_matrix": "icbm_spm",
        "n_studies": 118,
        "mask": {
            "n_voxels": MASK.n_voxels,
            "shape": list(MASK.shape),
            "affine": MASK.affine.tolist(),
            "key": MASK.key,
        },
    }
    assert {key: sidecar[key] for key in facts} == facts


def test_sidecars_hold_database_versions_and_citations(maps):
    db = random_database()
    sidecar = maps.sidecar("z_desc-association", label="labela")
    database = {**db.about.to_dict(), "content_hash": db.content_hash}
    assert database.items() <= sidecar["database"].items()
    assert sidecar["software"]["numpy"] == np.__version__
    assert any("Yarkoni" in citation for citation in sidecar["citations"])
    assert sidecar["fdr_q"] is None
    assert json.loads(json.dumps(sidecar)) == sidecar


def test_other_files_in_the_folder_stay(maps, tmp_path):
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    (tmp_path / "z_desc-association.json").write_text("stale", encoding="utf-8")
    maps.save(tmp_path, label="labela", names=["z_desc-association"], fdr_q=None)
    assert (tmp_path / "mine.txt").read_text(encoding="utf-8") == "keep"
    assert "stale" not in (tmp_path / "z_desc-association.json").read_text("utf-8")
    assert len(list(tmp_path.iterdir())) == 3


class FullError(Exception):
    pass


@pytest.fixture
def full_disk(monkeypatch):
    """Let the third image fail halfway."""
    written = []
    real = nib.Nifti1Image.to_filename

    def fail(self, path):
        real(self, path)
        written.append(path)
        if len(written) == 3:
            raise FullError

    monkeypatch.setattr(nib.Nifti1Image, "to_filename", fail)
    return written


def test_a_failure_leaves_nothing_new(maps, tmp_path, full_disk):
    (tmp_path / "z_desc-association.nii.gz").write_bytes(b"stale")
    with pytest.raises(FullError):
        maps.save(tmp_path, label="labela")
    assert len(full_disk) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["z_desc-association.nii.gz"]
    assert (tmp_path / "z_desc-association.nii.gz").read_bytes() == b"stale"


@pytest.mark.usefixtures("full_disk")
def test_a_failure_leaves_no_new_folder(maps, tmp_path):
    with pytest.raises(FullError):
        maps.save(tmp_path / "new", label="labela")
    assert not (tmp_path / "new").exists()


WRONG = {
    "label": ({"label": "labelx"}, UnknownTermError, "no maps of 'labelx'"),
    "no label": ({}, OptionError, "2 labels: say which"),
    "name": ({"label": "labela", "names": ["z_desc"]}, OptionError, "no map 'z_desc'"),
    "q": ({"label": "labela", "fdr_q": 2}, OptionError, "FDR q must be"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_options_are_refused_and_leave_nothing(maps, tmp_path, case):
    options, error, message = WRONG[case]
    with pytest.raises(error, match=message):
        maps.save(tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_a_picture_goes_with_the_maps(tmp_path):
    import matplotlib.image

    maps = meta_analysis(random_database(), "labela")
    names = ["z_desc-association"]
    paths = maps.save(tmp_path, names=names, picture=True, fdr_q=None)
    assert tmp_path / PICTURE in paths
    pixels = matplotlib.image.imread(tmp_path / PICTURE)
    colours = np.unique((pixels.reshape(-1, 4) * 255).astype(int), axis=0)
    assert len(colours) > 100  # an empty brain is black, white and grey
    assert min(pixels.shape[:2]) > 500


def test_saved_pictures_are_closed(maps, tmp_path):
    from matplotlib import pyplot as plt

    open_before = plt.get_fignums()
    maps.save(tmp_path, label="labela", names=["prob_desc-A"], picture=True)
    assert plt.get_fignums() == open_before


def test_another_analysis_takes_the_place_of_the_first(maps, tmp_path):
    clusters = maps.clusters(label="labela", fdr_q=0.01)
    first = maps.save(tmp_path, label="labela", tables={"clusters": clusters})
    (tmp_path / "mine.tsv").write_text("keep", encoding="utf-8")
    second = maps.save(tmp_path, label="labelb", fdr_q=0.05)
    assert {p.name for p in tmp_path.iterdir()} == {
        "mine.tsv",
        *(p.name for p in second),
    }
    assert not {*first} <= {*second}


def test_tables_have_sidecars_too(maps, tmp_path):
    table = maps.clusters(label="labela", fdr_q=0.05)
    maps.save(tmp_path, label="labela", tables={"clusters": table}, fdr_q=0.05)
    sidecar = json.loads((tmp_path / "clusters.json").read_text(encoding="utf-8"))
    assert (sidecar["table"], sidecar["query"]) == ("clusters.tsv", "labela")
    assert len(pd.read_csv(tmp_path / "clusters.tsv", sep="\t")) == len(table)


def test_one_name_may_be_given_as_text(maps, tmp_path):
    paths = maps.save(tmp_path, label="labela", names="prob_desc-A", fdr_q=None)
    assert stems(paths) == {"prob_desc-A"}


@pytest.mark.parametrize("name", ["p_desc-association", "p_desc-uniformity"])
def test_maps_where_small_is_strong_are_not_drawn(maps, name):
    for draw in (maps.clusters, maps.plot, maps.view):
        with pytest.raises(OptionError, match=r"use logp_desc-.* or z_desc-"):
            draw(name, label="labela")
