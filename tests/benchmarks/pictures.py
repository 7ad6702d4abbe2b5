"""The picture of cost against size."""

from __future__ import annotations

import numpy as np

_JOBS = {
    "build_s": "build activations",
    "stream_s": "stream z of 3,228 labels",
    "store_s": "store maps of 256 labels",
    "append_s": "append 100 studies",
    "compile_anew_s": "compile anew",
}
_COLOURS = ("#7a4fa3", "#1f77b4", "#2a9d6f", "#d1495b", "#8c8c8c")


def draw_scaling(points, fits, limit_mb, path):
    """Draw seconds and memory against studies, with lines where they were fitted."""
    import matplotlib as mpl

    mpl.use("Agg")
    # words stay text, and the same figures give the same file
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "scaling"})
    import matplotlib.pyplot as plt

    x = np.array([point["n_studies"] for point in points]) / 1000
    figure, (seconds, memory) = plt.subplots(1, 2, figsize=(9, 3.6), layout="tight")
    for (name, title), colour in zip(_JOBS.items(), _COLOURS, strict=True):
        y = [point[name] for point in points]
        seconds.plot(x, y, "o", color=colour, label=title, markersize=4)
        if name in fits:
            line = fits[name]["per_1000_studies"] * x + fits[name]["constant"]
            seconds.plot(x, line, "-", color=colour, linewidth=1)
    seconds.set(xlabel="thousand studies", ylabel="seconds", title="Time")
    for name, title, colour in (
        ("store_mb", "store maps of 256 labels", _COLOURS[2]),
        ("stream_mb", "stream z of 3,228 labels", _COLOURS[1]),
    ):
        y = [point[name] for point in points]
        memory.plot(x, y, "o-", color=colour, label=title, linewidth=1, markersize=4)
    memory.axhline(limit_mb, color="#d1495b", linestyle="--", label="memory_limit")
    memory.set(xlabel="thousand studies", ylabel="MB", title="Memory added at the peak")
    for axes in (seconds, memory):
        axes.set_ylim(bottom=0)
        axes.set_xlim(left=0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8)
    kept_constant = {"Date": None} if str(path).endswith(".svg") else None
    figure.savefig(path, metadata=kept_constant)
