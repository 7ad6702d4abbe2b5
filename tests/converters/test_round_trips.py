"""A to B and back to A: what A held, or what the report said would be missing."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings

from nimare_neurosynth import convert, read_database
from nimare_neurosynth.converters import diff_databases
from tests.converters.drawn import odd_databases
from tests.io.same import assert_same_database
from tests.oracles import quietly

WHOLE = ("nimads", "parquet")
"""Forms that hold everything, as the compiled one does (see the tests of that)."""

FORMS = (*WHOLE, "neurosynth", "neurosynth-legacy", "nimare")
ENDINGS = {"nimads": "json", "nimare": "json"}


def there(database, folder, form):
    """Write a database in a form, and give it as it is read again, and the report."""
    path = Path(folder, f"{form}.{ENDINGS.get(form, 'd')}")
    report = quietly(convert, database, path, to=form)
    how = {"counts": "keep"} if form == "neurosynth" else {}
    return quietly(read_database, path, **how), report


def named(what):
    """Take names out of what differs: 2 columns of peaks: a, b; or a of 3 peaks."""
    if " of " in what and ": " not in what:
        return [what.split(" of ")[0]]
    return what.partition(": ")[2].removesuffix(", ...").split(", ")


@pytest.mark.parametrize("form", WHOLE)
@settings(max_examples=60)
@given(odd_databases())
def test_what_holds_everything(tmp_path_factory, form, database):
    back, report = there(database, tmp_path_factory.mktemp("one"), form)
    assert (report.lost, report.changed) == ([], [])
    assert_same_database(back, database)


@pytest.mark.parametrize(("first", "second"), list(product(FORMS, FORMS)))
@settings(max_examples=4)
@given(odd_databases())
def test_there_and_back(tmp_path_factory, first, second, database):
    folders = [tmp_path_factory.mktemp("trip") for _ in range(3)]
    assume(database.has_peaks.any())
    held, _ = there(database, folders[0], first)
    away, report = there(held, folders[1], second)
    back, again = there(away, folders[2], first)
    found = diff_databases(held, back)
    said = " ".join([*report.lost, *report.changed, *again.lost, *again.changed])
    for what in (*found.removed, *found.changed, *found.added):
        assert all(name in said for name in named(what))
    if second in WHOLE:
        assert not found
        np.testing.assert_array_equal(back.peaks.xyz, held.peaks.xyz)
