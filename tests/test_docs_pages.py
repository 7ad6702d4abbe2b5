"""The Python on pages of the documentation, run from top to bottom on version 7."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from nimare_neurosynth import meta_analysis
from nimare_neurosynth.errors import NeurosynthWarning
from nimare_neurosynth.space import default_mask

PAGES = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def here(v7, shared_data, tmp_path_factory):
    """Make the files that the pages speak of."""
    folder = tmp_path_factory.mktemp("pages")
    mask = default_mask()
    x, y, z = mask.xyz_mm.T
    maps = meta_analysis(v7, "LDA50:*pain*", threshold=0.1)
    for name in ("my_map", "a", "b"):
        maps.image("z_desc-association").to_filename(folder / f"{name}.nii.gz")
    insula = (np.abs(x + 38) <= 5) & (np.abs(y) <= 10) & (np.abs(z - 2) <= 6)
    for name in ("insula", "my_region"):
        mask.to_image(insula.astype("u1")).to_filename(folder / f"{name}.nii.gz")
    cube = np.floor((mask.xyz_mm + 140) / 40).astype(int) @ [100, 10, 1]
    mask.to_image(cube.astype("i4")).to_filename(folder / "atlas.nii.gz")
    for name in ("neurosynth_v7", "neurosynth_v6"):  # the newest stands for both
        (folder / name).symlink_to(shared_data / "neurosynth_v7")
    (folder / "old").mkdir()
    legacy = shared_data / "legacy_files"
    for name, file in (("database", "dataset"), ("features", "features")):
        text = (legacy / f"test_real_{file}.txt").read_bytes()
        (folder / "old" / f"{name}.txt").write_bytes(text)
    return folder


NUMBERS_OF_PARTS = {
    "decoding": 5,
    "networks": 5,
    "moving-data": 6,
    "formats/index": 1,
    "formats/dataset": 1,
    "formats/parquet": 1,
    "formats/row-order": 1,
}
"""Pages with Python on them, and how many parts of it there are at least."""


@pytest.mark.data
@pytest.mark.parametrize("page", NUMBERS_OF_PARTS)
def test_the_python_on_a_page_works(page, here, monkeypatch):
    from matplotlib import pyplot as plt

    monkeypatch.chdir(here)
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    text = text.replace("n_permutations=1000", "n_permutations=20")  # as many take long
    parts = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(parts) >= NUMBERS_OF_PARTS[page]
    names = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeurosynthWarning)
        warnings.filterwarnings("ignore", "invalid value", RuntimeWarning)  # NiMARE's
        for part in parts:
            exec(part, names)
            plt.close("all")
