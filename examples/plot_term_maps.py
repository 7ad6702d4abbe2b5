"""
Maps of all terms, stored
=========================

A folder with the maps of every term: fetch one, or see which maps are alike.
"""

import tempfile

import matplotlib.pyplot as plt
import numpy as np

from nimare_neurosynth import load_demo, term_maps

folder = tempfile.TemporaryDirectory()
stored = term_maps(load_demo(), folder.name)
stored

# %%
# ``open_term_maps`` opens it again at once. A term gives the same maps as
# ``meta_analysis``:

figure = stored["emotion"].plot()

# %%
# Which terms have maps that are alike? ``map_z`` streams the z values of all of them:
# each tile holds some terms and all voxels. Here they are compared with a few others.

names = ["working memory", "emotion", "inhibition", "parietal", "reward", "patients"]
chosen = [name for name in names if name in stored]
patterns = np.stack([stored[name]["z_desc-association"] for name in chosen])
patterns -= patterns.mean(axis=1, keepdims=True)
patterns /= np.linalg.norm(patterns, axis=1, keepdims=True)


def compare(tile):
    """Correlate the maps of a tile with the patterns."""
    z = tile.association - tile.association.mean(axis=1, keepdims=True)
    return (z @ patterns.T) / np.linalg.norm(z, axis=1, keepdims=True)


r = np.concatenate(stored.map_z(compare))

figure, panels = plt.subplots(2, 3, figsize=(10, 5), layout="constrained")
for axes, name, column in zip(panels.flat, chosen, r.T, strict=False):
    nearest = np.argsort(-column)[1:7]
    axes.barh([stored.labels[i] for i in nearest], column[nearest], color="#7a4fa3")
    axes.invert_yaxis()
    axes.set(title=name, xlabel="correlation of maps", xlim=(0, 1))
    axes.spines[["top", "right"]].set_visible(False)
for axes in panels.flat[len(chosen) :]:
    axes.set_axis_off()

# %%
# ``summary`` has a line for each term. Maps that have no significant voxel, or come
# from few studies, are marked:

table = stored.summary
print((table["warnings"] != "").sum(), "of", len(table), "with warnings")
table.nlargest(5, "largest_z")[["label", "n_studies", "largest_z", "clusters"]].round(1)

# %%
# The folder is small: it holds counts of studies, and all else follows from them.

folder.cleanup()
