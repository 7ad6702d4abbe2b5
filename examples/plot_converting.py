"""
Convert a database, and see what each form can hold
===================================================

Write a database in eight forms, read them again, and draw what came back.
"""

import json
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from nimare.studyset import Studyset
from scipy.sparse import csc_array

from nimare_neurosynth import convert, load_demo, read_database
from nimare_neurosynth.converters import diff_databases
from nimare_neurosynth.database import LabelSet

# %%
# The demo has studies, tables, peaks, terms and abstracts. To see what is lost, give it
# more: a second label set, and a vocabulary of which the weights are not known.

demo = load_demo()
terms = demo.label_sets["terms"]
topics = {"memory": ["memory", "back"], "conflict": ["flanker", "conflict"]}
columns = [
    terms.weights[:, [terms.index[word] for word in words if word in terms.index]]
    for words in topics.values()
]
sums = csc_array(np.column_stack([part.sum(axis=1) for part in columns]))
db = demo.with_label_set(LabelSet("topics", tuple(topics), sums, "weight"))
db = db.with_label_set(LabelSet("later", ("reward", "pain"), None))
db

# %%
# ``convert`` gives an account of what was carried. NIMADS holds everything: what was
# written is read again and compared.

folder = tempfile.TemporaryDirectory()
here = Path(folder.name)
report = convert(db, here / "demo.json")
print(str(report).replace(str(here), "."))

# %%
# A studyset can hold what a table of peaks cannot: here a study without analyses is
# added, and a note on who made it. This is what a NeuroStore export may look like.

document = json.loads((here / "demo.json").read_text(encoding="utf-8"))
document["user"] = "somebody"
document["studies"].append({"id": "silent", "name": "Nothing found", "analyses": []})
(here / "export.json").write_text(json.dumps(document), encoding="utf-8")
source = read_database(here / "export.json")
print(diff_databases(db, source))

# %%
# It comes back as it was, the note included:

convert(source, here / "again.json")
again = json.loads((here / "again.json").read_text(encoding="utf-8"))
print("the same document:", again == document)

# %%
# The form of Neurosynth before 2021 holds less, and the account says what it does not:

report = convert(source, here / "old", to="neurosynth-legacy")
print(str(report).replace(str(here), "."))

# %%
# All forms, and how long each takes:

endings = {"nimads": ".json", "nimare": ".json", "sleuth": ".txt"}
forms = ["database", "nimads", "parquet", "neurosynth", "nimare"]
forms += ["neurosynth-legacy", "csv", "sleuth"]
reports, seconds = {}, {}
for form in forms:
    target = here / form / f"written{endings.get(form, '')}"
    target.parent.mkdir()
    began = time.perf_counter()
    reports[form] = convert(source, target, to=form, verify=False)
    seconds[form] = time.perf_counter() - began

# %%
# What came back? Read each form, and count.


def read(form):
    """Read what was written; of CSV and Sleuth, several files."""
    path = Path(reports[form].target)
    if form == "csv":
        return [read_database(path / "peaks.csv", features=path / "labels_terms.csv")]
    if form == "sleuth":
        return [read_database(path.parent / name) for name in reports[form].files]
    return [read_database(path)]


def count(databases):
    """Count the parts of what was read."""
    sets = [labels for each in databases for labels in each.label_sets.values()]
    known = [labels for labels in sets if labels.weights is not None]
    texts = [each.table("texts") for each in databases if "texts" in each.table_names]
    return {
        "studies with peaks": sum(int(each.has_peaks.sum()) for each in databases),
        "studies without peaks": sum(
            int((~each.has_peaks).sum()) for each in databases
        ),
        "tables": sum(len(each.table("analyses")) for each in databases),
        "peaks": sum(len(each.peaks) for each in databases),
        "label sets": len(known),
        "kinds of weights": sum(labels.kind != "weight" for labels in known),
        "mere vocabularies": len(sets) - len(known),
        "abstracts": sum(len(table) for table in texts),
        "attribution": sum(bool(each.about.attribution) for each in databases),
        "NIMADS only": sum("nimads" in each.table_names for each in databases),
    }


held = pd.DataFrame({form: count(read(form)) for form in forms}).T
share = (held / pd.Series(count([source]))).clip(upper=1)
held

# %%
# Drawn as shares of what there was, with the size of what was written. Compiled
# databases, NIMADS and parquet hold everything. Legacy files and CSV have a file for
# each label set, of which one can be read at a time; Sleuth text has a file for each
# space, and no labels.


def ink(value):
    """Choose a colour that can be read on the cell's own."""
    return "white" if value > 0.7 else "black"


sizes = [
    sum(f.stat().st_size for f in (here / form).rglob("*") if f.is_file()) / 1e6
    for form in forms
]
figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4.6), width_ratios=(3, 1), layout="constrained"
)
left.imshow(share, cmap="Purples", vmin=0, vmax=1.4, aspect="auto")
for (row, column), value in np.ndenumerate(share.to_numpy()):
    text = f"{100 * value:.0f}" if value else "-"
    left.text(column, row, text, ha="center", va="center", color=ink(value))
left.set_xticks(range(share.shape[1]), share.columns, rotation=35, ha="right")
left.set_yticks(range(len(forms)), forms)
left.set_xticks(np.arange(0.5, share.shape[1] - 1), minor=True)
left.set_yticks(np.arange(0.5, len(forms) - 1), minor=True)
left.grid(which="minor", color="white", linewidth=2)
left.tick_params(which="both", length=0)
left.spines[:].set_visible(False)
left.set_title("what comes back, in %")
bars = right.barh(forms, sizes, color="#7a4fa3")
notes = [f"{mb:.1f} MB, {seconds[f]:.1f} s" for f, mb in zip(forms, sizes, strict=True)]
right.bar_label(bars, notes, padding=3, fontsize=9)
right.set(xlim=(0, 1.9 * max(sizes)), ylim=left.get_ylim(), title="size and time")
right.set_yticks([])
right.set_xticks([])
right.spines[["top", "right", "bottom"]].set_visible(False)

# %%
# What NIMADS holds, NiMARE opens:

studyset = Studyset(str(here / "nimads" / "written.json"))
len(studyset.study_ids), len(studyset.get_labels()), len(studyset.coordinates)

# %%

folder.cleanup()
