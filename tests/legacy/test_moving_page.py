"""The page "Moving from Neurosynth": each task both ways, and what comes out."""

import re
import warnings
from importlib import import_module
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth import convert, decode_region, load_demo, meta_analysis
from nimare_neurosynth.errors import NeurosynthWarning
from nimare_neurosynth.legacy import install, uninstall
from nimare_neurosynth.space import default_mask

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "moving.md").read_text(encoding="utf-8")
# one slice does, of the ten that take long
PAGE = PAGE.replace(
    "plot_stat_map(z)", "plot_stat_map(z, display_mode='z', cut_coords=[0])"
)
START = "The same task, old and new"
# what reads the files that another task writes
BEFORE = {"Decode a map": "The map of a term"}


def sections():
    """Give the Python of each section: what is common, the old side, the new side."""
    found = {}
    for part in re.split(r"^##+ ", PAGE, flags=re.MULTILINE)[1:]:
        title, text = part.split("\n", 1)
        blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        sides = {"old": [], "new": [], "common": []}
        for block in blocks:
            side = re.match(r"# (old|new)\n", block)
            sides[side[1] if side else "common"].append(block)
        if blocks:
            found[title] = {name: "\n".join(code) for name, code in sides.items()}
    return found


SECTIONS = sections()
TASKS = [title for title in SECTIONS if SECTIONS[title]["old"] and title != START]


def _execute(code, names):
    from matplotlib import pyplot as plt

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeurosynthWarning)
        exec(code, names)
    plt.close("all")


class Sides:
    """Runs both sides of a task after the lines that all tasks begin with."""

    def __init__(self):
        self.begun = {}
        self.done = set()

    def run(self, title):
        """Give the names that the two sides have when they have run."""
        for earlier in (START, BEFORE.get(title)):
            if earlier is not None and earlier not in self.done:
                self.done.add(earlier)
                self._run(earlier, keep=earlier == START)
        return self._run(title)

    def _run(self, title, keep=False):
        _execute(SECTIONS[title]["common"], {})
        made = []
        for side in ("old", "new"):
            names = dict(self.begun.get(side, {}))
            _execute(SECTIONS[title][side], names)
            made.append(names)
            if keep:
                self.begun[side] = names
        return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Make the files that the page speaks of."""
    folder = tmp_path_factory.mktemp("moving")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeurosynthWarning)
        convert(load_demo(), folder / "old", to="neurosynth-legacy")
    mask = default_mask()
    atlas = np.zeros(mask.n_voxels, dtype=np.int16)
    for number, place in enumerate([(-44, 8, 30), (44, 8, 30), (0, 20, 46)], start=1):
        atlas[((mask.xyz_mm - place) ** 2).sum(axis=1) <= 100] = number
    mask.to_image(atlas).to_filename(folder / "atlas.nii.gz")
    mask.to_image((atlas == 1).astype("u1")).to_filename(folder / "region.nii.gz")
    install()
    yield folder
    uninstall()


@pytest.fixture(scope="module")
def all_sides(folder):
    """Keep what the first lines of the page made."""
    return Sides()


@pytest.fixture
def sides(all_sides, folder, monkeypatch):
    """Give what runs a task, in the folder of its files."""
    monkeypatch.chdir(folder)
    return all_sides


def volume(image):
    """Give values of an image from left to right, whichever way they run."""
    image = nib.load(image) if isinstance(image, str) else image
    return nib.as_closest_canonical(image).get_fdata()


def check_same(old, new, dataset, atol=1e-5):
    """Check that two images are the same in the old brain."""
    inside = volume(dataset.masker.volume) != 0
    assert inside.sum() == 228453
    seen = volume(old)[inside]
    assert np.ptp(seen) > 0
    np.testing.assert_allclose(seen, volume(new)[inside], rtol=0, atol=atol)


# -------------------------------------------------------------------------- tasks


def check_map_of_a_term(old, new):
    maps, dataset, ma = new["maps"], old["dataset"], old["ma"]
    assert sorted(map(str, old["ids"])) == sorted(new["db"].select("emotion*").ids)
    check_same(
        ma.images["association-test_z"], maps.image("z_desc-association"), dataset
    )
    name = "z_desc-uniformity"
    moved = maps.image(name)
    check_same(ma.images["uniformity-test_z"], moved, dataset, atol=0.01)
    same = meta_analysis(new["db"], "emotion*", mask=dataset.masker.space)
    check_same(ma.images["uniformity-test_z"], same.image(name), dataset)
    listed = sorted(path.name for path in Path("emotion_old").iterdir())
    assert listed == sorted(f"emotion_{image}.nii.gz" for image in ma.images)
    for test in ("association", "uniformity"):
        check_same(
            f"emotion_old/emotion_{test}-test_z_FDR_0.01.nii.gz",
            f"emotion_new/z_desc-{test}_corr-FDR_q-0.01.nii.gz",
            dataset,
            atol=0.01,
        )


def check_decoding(old, new):
    r = old["found"].iloc[:, 0]
    table = new["table"]
    assert len(r) == len(table) == 3
    by_name = table.set_index("term" if "term" in table else "label")["r"]
    np.testing.assert_allclose(by_name[list(r.index)], r, rtol=0, atol=5e-4)
    assert r.idxmax() == "emotion"
    saved = pd.read_csv("decoded.txt", index_col=0)
    np.testing.assert_array_equal(saved.iloc[:, 0].loc[r.index], r)
    assert Path("decoded.tsv").is_file()


def check_region(old, new):
    assert sorted(map(str, old["ids"])) == sorted(new["studies"].ids)
    z = old["found"].iloc[:, 0]
    table = new["table"]
    by_name = table.set_index("term" if "term" in table else "label")["z"]
    assert len(by_name) > 100
    np.testing.assert_allclose(z[list(by_name.index)], by_name, rtol=0, atol=6e-5)
    every = decode_region(new["db"], "region.nii.gz", min_studies_per_term=1).table()
    assert len(every) == len(z)


def check_macm(old, new):
    assert len(list(Path("macm_old").iterdir())) == 9
    check_same(
        "macm_old/ifg_association-test_z.nii.gz",
        "macm_new/z_desc-association.nii.gz",
        old["dataset"],
    )


def check_contrast(old, new):
    check_same(old["z"], new["maps"].image("z_desc-association"), old["dataset"])


def check_many_terms(old, new):
    dataset, matrix = old["dataset"], old["matrix"]
    assert matrix.shape == (228453, 3)
    motor = dataset.masker.unmask(matrix[:, 2], output="image")
    check_same(motor, "terms_old/motor_association-test_z.nii.gz", dataset)
    check_same(motor, new["stored"]["motor"].image("z_desc-association"), dataset)
    check_same(motor, "terms_nifti/motor/z_desc-association.nii.gz", dataset)


def check_atlas(old, new):
    active, table = old["active"], new["active"]
    assert active.shape == (3, 320)
    assert list(table.index) == list(map(str, old["dataset"].image_table.ids))
    assert active.max() > 0.5
    np.testing.assert_allclose(active.T, table, rtol=0, atol=1e-12)
    assert new["together"].table("z").shape == (3, 3)


def check_own_database(old, new):
    assert list(old["ids"]) == list(new["ids"]) == ["smith"]
    assert len(old["mine"].mappables) == new["mine"].n_studies == 2


def check_terms_together(old, new):
    assert old["together"].loc["emotion", "memory"] > 0
    found = new["together"].loc[old["together"].index, old["together"].columns]
    np.testing.assert_array_equal(old["together"], found)


def check_content(old, new):
    assert old["n_studies"] == new["n_studies"] == 320
    db, dataset = new["db"], old["dataset"]
    order = [list(map(str, old["n_peaks"].index)).index(i) for i in db.study_ids]
    np.testing.assert_array_equal(old["n_peaks"].to_numpy()[order], new["n_peaks"])
    named = dict(zip(new["labels"].labels, new["n_with"].tolist(), strict=True))
    assert old["n_with"] == named
    seen = np.asarray(old["n_voxels"]).ravel()
    assert 0 <= (new["n_voxels"] - seen).min() <= (new["n_voxels"] - seen).max() <= 30
    same = db.activations(mask=dataset.masker.space).sizes
    np.testing.assert_array_equal(seen, same)


def check_pictures(old, new):
    check_same(old["z"], new["z"], old["dataset"])
    assert old["z"].max() == volume(old["z"]).max() > 3
    assert len(old["z"]) == 228453


CHECKS = {
    "The map of a term": check_map_of_a_term,
    "Decode a map": check_decoding,
    "A region of interest": check_region,
    "Coactivation of a place (MACM)": check_macm,
    "A contrast": check_contrast,
    "Many terms": check_many_terms,
    "An atlas": check_atlas,
    "A database of your own": check_own_database,
    "Terms that go together": check_terms_together,
    "What is in a database": check_content,
    "Pictures": check_pictures,
}


def test_every_task_is_checked():
    assert list(CHECKS) == TASKS


@pytest.mark.parametrize("title", CHECKS)
def test_both_sides_of_a_task_agree(title, sides):
    old, new = sides.run(title)
    CHECKS[title](old, new)


def test_the_layer_is_had_as_shown(folder):
    names = {}
    _execute(SECTIONS["Run an old script"]["common"], names)
    old = import_module("neurosynth")
    assert old is names["legacy"]
    assert old.Dataset is names["Dataset"]
    assert import_module("neurosynth.analysis.decode") is names["decode"]
