"""The options of the command line that say how a database is read."""

import click
import numpy as np
import pytest
from scipy import sparse

from nimare_neurosynth.cli._main import group
from nimare_neurosynth.cli._options import open_any
from nimare_neurosynth.io._neurosynth import COUNTS
from nimare_neurosynth.io._rows import ROW_ORDERS
from tests.io.tables import MATRIX, STEM, write, write_layout

COUNTED = "vocab-terms_source-abstract_type-count_features.npz"


@pytest.fixture
def counted(tmp_path, monkeypatch):
    """Write a folder with counts."""
    monkeypatch.setenv("NIMARE_NEUROSYNTH_CACHE", str(tmp_path / "cache"))
    files = {MATRIX: None, COUNTED: [[3.0, 1.0], [0.0, 2.0]]}
    return write_layout(tmp_path / "counted", files)


@pytest.fixture
def trap(tmp_path, monkeypatch):
    """Write a folder whose rows are in the order of ids sorted as text."""
    monkeypatch.setenv("NIMARE_NEUROSYNTH_CACHE", str(tmp_path / "cache"))
    ids = [str(i) for i in range(60, 140)]
    labels = [f"word{i}" for i in range(80)]
    order = sorted(range(80), key=ids.__getitem__)
    rows = "".join(f"{i}\t0\t-52\t26\n" for i in ids)
    studies = "".join(
        f"{i}\t{n} in the brain\n" for i, n in zip(ids, labels, strict=True)
    )
    folder = write_layout(
        tmp_path / "trap",
        {
            "coordinates.tsv.gz": "id\tx\ty\tz\n" + rows,
            "metadata.tsv.gz": "id\ttitle\n" + studies,
            "vocab-terms_vocabulary.txt": "\n".join(labels),
            MATRIX: None,
        },
    )
    sparse.save_npz(folder / f"{STEM}_{MATRIX}", sparse.csc_array(np.eye(80)[order]))
    return folder


def _commands():
    return [
        name
        for name, command in group.commands.items()
        if any(isinstance(p, click.Argument) and p.name == "db" for p in command.params)
    ]


@pytest.mark.parametrize("name", _commands())
def test_every_command_that_reads_has_them(name):
    options = {p.opts[0]: p for p in group.commands[name].params}
    assert tuple(options["--row-order"].type.choices) == ROW_ORDERS
    assert tuple(options["--counts"].type.choices) == COUNTS
    assert options["--row-order"].default == ROW_ORDERS[0]
    assert options["--counts"].default == COUNTS[0]


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ([], "tfidf"),
        (["--counts", "presence"], "presence"),
        (["--counts=keep"], "count"),
    ],
)
def test_counts(run, counted, options, kind):
    for _ in range(2):  # the second time it comes from the cache
        result = run("info", counted, *options)
        assert result.exit_code == 0, result.output
        assert f"terms: 2 labels ({kind})" in result.stdout


def test_row_order(run, trap):
    for _ in range(2):
        told = run("select", trap, "word3")
        assert told.exit_code == 0
        assert "warning: row order in doubt: the rows of terms fit" in told.stderr
        assert "row_order='text'" in told.stderr
        assert told.stdout.splitlines()[1].split("\t")[0] != "63"
        for order in ("text", "auto"):
            result = run("select", trap, "word3", "--row-order", order)
            assert result.stdout.splitlines()[1].split("\t")[0] == "63"
            assert "warning" not in result.stderr


def test_what_they_cannot_be(run, counted):
    for option in ("--row-order", "--counts"):
        result = run("info", counted, option, "any")
        assert result.exit_code == 2
        assert f"Invalid value for '{option}'" in result.stderr


@pytest.mark.parametrize("option", ["--row-order=auto", "--counts=keep"])
def test_they_are_not_for_the_demo(run, option):
    result = run("info", "demo", option)
    assert result.exit_code == 2
    name = option.split("=")[0]
    assert f"error: the demo has its labels in it: leave out {name}." in result.stderr


def test_they_are_not_for_tables(run, tmp_path):
    table = write(tmp_path / "peaks.csv", "id,x,y,z\n1,1,2,3\n")
    result = run("info", table, "--row-order", "text")
    assert result.exit_code == 2
    assert "is only for folders in Neurosynth's layout" in result.stderr


def test_databases_are_also_opened_outside_of_a_command(counted):
    assert open_any(str(counted), None).label_sets["terms"].kind == "tfidf"
