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
    (folder / "neurosynth_v7").symlink_to(shared_data / "neurosynth_v7")
    return folder


@pytest.mark.data
@pytest.mark.parametrize("page", ["decoding", "networks"])
def test_the_python_on_a_page_works(page, here, monkeypatch):
    from matplotlib import pyplot as plt

    monkeypatch.chdir(here)
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    parts = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(parts) > 4
    names = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeurosynthWarning)
        for part in parts:
            exec(part, names)
            plt.close("all")
    assert "db" in names
