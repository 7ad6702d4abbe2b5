"""Reads what was damaged, and judges what came of it.

Good is a result that works, or a :class:`NeurosynthError` that says plainly what is
wrong. All else is a failure: other exceptions and warnings, positions out of range, what
cannot be written and read again, more than 10 seconds, or memory out of proportion.
"""

import json
import os
import re
import shutil
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np

from nimare_neurosynth import convert, open_database, read_database, write_database
from nimare_neurosynth.converters import FORMATS
from nimare_neurosynth.database import Database
from nimare_neurosynth.errors import NeurosynthError, NeurosynthWarning, OptionError
from nimare_neurosynth.io import to_bibtex, validate_database
from nimare_neurosynth.space import as_mask, region_voxels
from tests.fuzz import arrays, mutate, queries, tables
from tests.fuzz.mutate import Mutator
from tests.fuzz.sources import Files, coarse_mask, sources, write_files
from tests.fuzz.validating import check_validation
from tests.io.same import assert_same_database

MAX_SECONDS = 10.0
MAX_MB, MAX_TIMES, MAX_PACKED = 200.0, 20.0, 50.0
"""Memory that a folder may cost: 20 times its size, as tables of text take 10 times
theirs in pandas and may be there twice; packed files may unpack to 50 times theirs (real
ones to 3 to 5 times). So bombs, which unpack to 1,000 times theirs, may not be unpacked."""
MAX_MESSAGE = 2000
ENDINGS = {"nimads": ".json", "nimare": ".json", "sleuth": ".txt", "bibtex": ".bib"}


# ------------------------------------------------------------------------ readers


def _named(folder: Path, start: str, default: str) -> Path:
    """Find the file that was called so, or is by now."""
    found = sorted(path for path in folder.iterdir() if path.name.startswith(start))
    return found[0] if found else folder / default


def _read_folder(folder: Path, rng: Random) -> None:
    orders = ("metadata", "metadata", "auto", "text", "number", "coordinates")
    order, counts = (
        rng.choice(orders),
        rng.choice(["tfidf", "tfidf", "presence", "keep"]),
    )
    _validate(folder)
    check_database(read_database(folder, row_order=order, counts=counts))


def _validate(path: Path, **given: Path) -> None:
    """Check and repair, in a folder of its own: the other files are looked at again."""
    with TemporaryDirectory() as name:
        inner = Path(name, path.name)
        copy = shutil.copytree if path.is_dir() else shutil.copy
        copy(path, inner)
        with suppress(NeurosynthError):  # reading refuses it, too, and is judged
            check_validation(inner, **given)


def _read_legacy(folder: Path, _: Random) -> None:
    _validate(folder)
    check_database(read_database(folder))


def _read_tables(folder: Path, _: Random) -> None:
    peaks = _named(folder, "peaks", "peaks.csv")
    features = _named(folder, "features", "features.csv")
    if peaks.is_file():
        _validate(peaks, **({"features": features} if features.is_file() else {}))
    check_database(
        read_database(peaks, features=features if features.exists() else None)
    )


def _read_nimads(folder: Path, _: Random) -> None:
    path = _named(folder, "studyset", "studyset.json")
    if path.is_file():
        _validate(path)
    check_database(read_database(path))


def _open_compiled(folder: Path, _: Random) -> None:
    _validate(folder)
    assert all(isinstance(wrong, str) for wrong in validate_database(folder))
    check_database(open_database(folder))


def _load_mask(folder: Path, _: Random) -> None:
    path = _named(folder, "image", "image.nii")
    mask = as_mask(path)
    assert 0 < mask.n_voxels <= np.prod(mask.shape)
    assert np.isfinite(mask.xyz_mm).all()
    check_activations(tiny(), mask)
    region = region_voxels(path, coarse_mask())
    assert region.any()


def _ask(folder: Path, _: Random) -> None:
    how = json.loads((folder / "how.json").read_text())
    query = (folder / "query.txt").read_bytes().decode(errors="surrogatepass")
    kind = how.pop("kind", "query")
    database = tiny()
    if kind == "labels":
        assert database.find_labels(query)
        return
    if kind == "where":
        assert len(database.select(where=query)) <= database.n_studies
        return
    chosen = database.select(query, **how)
    facts = json.loads(json.dumps(chosen.facts()))
    again = database.select(facts["criteria"][0]["query"], **how)
    np.testing.assert_array_equal(chosen.mask, again.mask)
    assert len(chosen.table()) == len(chosen)


@cache
def tiny() -> Database:
    """Give the small database that masks and queries are tried on."""
    with TemporaryDirectory() as folder:
        write_files(sources("layout", real=False)[0], Path(folder))
        return read_database(folder)


@dataclass(frozen=True)
class Reader:
    """What reads a folder, and how its files are damaged."""

    read: Callable[[Path, Random], None]
    mutators: dict[str, Mutator]
    names_path: bool = True


def _read_mined(folder: Path, _: Random) -> None:
    _validate(folder)
    check_database(read_database(folder))


def _read_parquet(folder: Path, _: Random) -> None:
    _validate(folder)
    check_database(read_database(folder))


def _read_sleuth(folder: Path, _: Random) -> None:
    if (folder / "peaks.txt").is_file():
        _validate(folder / "peaks.txt")
    check_database(read_database(folder / "peaks.txt"))


_TEXTS = mutate.FILES | mutate.BYTES | mutate.PACKING | tables.TEXT | tables.TABLE
READERS = {
    "layout": Reader(_read_folder, _TEXTS | arrays.NPZ | mutate.JSON),
    "neuroquery": Reader(_read_folder, _TEXTS | arrays.NPZ),
    "legacy": Reader(_read_legacy, _TEXTS),
    "table": Reader(_read_tables, _TEXTS),
    "nimads": Reader(
        _read_nimads, mutate.FILES | mutate.BYTES | mutate.PACKING | mutate.JSON
    ),
    "mined": Reader(_read_mined, _TEXTS),
    "sleuth": Reader(
        _read_sleuth, mutate.FILES | mutate.BYTES | mutate.PACKING | tables.TEXT
    ),
    "parquet": Reader(
        _read_parquet,
        mutate.FILES
        | mutate.BYTES
        | mutate.JSON
        | {"parquet_table": arrays.parquet_table},
    ),
    "compiled": Reader(
        _open_compiled,
        mutate.FILES
        | {name: arrays.agreeing(f) for name, f in mutate.BYTES.items()}
        | mutate.JSON
        | arrays.COMPILED,
    ),
    "image": Reader(
        _load_mask, mutate.FILES | mutate.BYTES | mutate.PACKING | arrays.IMAGE
    ),
    "query": Reader(_ask, queries.QUERIES, names_path=False),
}


# ------------------------------------------------------------------------- checks


def check_database(database: Database) -> None:
    """Check that a database that was accepted is sound and can be worked with."""
    peaks, n = database.peaks, database.n_studies
    in_range("study", peaks.study, n, len(peaks))
    in_range("analysis", peaks.analysis, len(database.table("analyses")), len(peaks))
    in_range("space", peaks.space, len(peaks.spaces), len(peaks))
    assert peaks.xyz.shape == (len(peaks), 3), "shape of xyz"
    assert peaks.xyz.dtype == np.float64, "type of xyz"
    assert len(database.studies) == n, "number of studies"
    assert len(database.table("peaks")) == len(peaks), "number of peaks"
    assert all(isinstance(i, str) for i in database.study_ids), "ids that are no text"
    assert all(isinstance(s, str) for s in peaks.spaces), "spaces that are no text"
    for labels in database.label_sets.values():
        if labels.weights is not None:
            assert labels.weights.shape == (n, len(labels)), "shape of weights"
            in_range("label", labels.weights.indices, n, labels.weights.nnz)
            assert np.isfinite(labels.weights.data).all(), "weights not finite"
        assert all(isinstance(i, str) for i in labels.labels), "labels that are no text"
    info = database.info()
    str(info).encode()
    json.dumps(info.to_dict()).encode()
    check_activations(database, coarse_mask())
    to_bibtex(database.select(near=(0, 0, 0), radius_mm=20).table()).encode()
    with TemporaryDirectory() as folder:
        write_database(database, Path(folder, "out"), activations=False)
        assert validate_database(Path(folder, "out")) == []
        assert_same_database(open_database(Path(folder, "out")), database)
        _check_forms(database, Path(folder))


def _check_forms(database: Database, folder: Path) -> None:
    """Check that what was read can be written in every form, or is refused plainly."""
    for form in FORMATS:
        if form != "database":
            ending = ENDINGS.get(form, "")
            with suppress(NeurosynthError):
                convert(database, folder / f"{form}{ending}", to=form, verify=False)


def in_range(what: str, positions: np.ndarray, n: int, length: int) -> None:
    """Check a column of positions."""
    assert positions.shape == (length,), f"shape of {what} positions"
    assert positions.dtype.kind == "i", f"type of {what} positions"
    assert positions.min(initial=0) >= 0, f"negative {what} positions"
    assert positions.max(initial=-1) < n, f"{what} positions past the end"


def check_activations(database: Database, mask: object) -> None:
    """Check that activations can be made, and that the kernels stay inside them."""
    activations = database.activations(mask=mask, n_jobs=1)
    n_voxels = as_mask(mask).n_voxels
    assert activations.n_studies == database.n_studies, "studies of activations"
    assert activations.n_voxels == n_voxels, "voxels of activations"
    everywhere = activations.count_in(np.ones(n_voxels, dtype=bool))
    matrix = activations.to_csr()
    in_range("voxel", matrix.indices, n_voxels, matrix.nnz)
    same = np.array_equal(np.diff(matrix.indptr), everywhere)
    assert same, "sizes that are not those of the runs"


# -------------------------------------------------------------------------- cases


@dataclass(frozen=True)
class Outcome:
    """What came of a case."""

    reader: str
    case: int
    mutators: tuple[str, ...]
    status: str  # accepted, refused or failed
    what: str = ""
    trace: str = field(default="", repr=False)
    seconds: float = 0.0
    megabytes: float = 0.0

    @property
    def signature(self) -> str:
        """Give what equal failures (or refusals) have in common."""
        text = re.sub(r"(?s)\n.*", "", self.what)
        text = re.sub(r"/\S*/|'(?:[^'\\]|\\.)*'|\"[^\"]*\"", "…", text)
        text = re.sub(r"-?\d[\d.,e+-]*", "N", text)[:150]
        places = re.findall(r'File "([^"]*)", line \d+, in (\S+)', self.trace)
        ours = [p for p in places if "nimare_neurosynth/" in p[0]][-1:]
        where = [f"{Path(file).name}:{name}" for file, name in [*ours, *places[-1:]]]
        return " < ".join([text, *dict.fromkeys(reversed(where))])


def plan_case(reader: str, case: int) -> tuple[Files, tuple[str, ...], Random]:
    """Choose good files and mutators: each of these has its turn."""
    good = sources(reader)
    rng = Random(f"{reader}-{case}")
    if case < len(good):  # the first cases are undamaged
        return dict(good[case]), (), rng
    mutators = list(READERS[reader].mutators)
    names = [mutators[case % len(mutators)]]
    names += rng.choices(mutators, k=rng.choice([0, 0, 0, 1, 2]))
    return dict(rng.choice(good)), tuple(names), rng


def run_case(reader: str, case: int, folder: Path) -> Outcome:
    """Make a case in a folder, read it and judge."""
    files, names, rng = plan_case(reader, case)
    for name in names:
        READERS[reader].mutators[name](files, rng)
    target, beside = folder / "input", folder / "beside"
    beside.mkdir(parents=True)
    (beside / "keep.txt").write_text("not yours")
    write_files(files, target)
    allowed = allowed_mb(files)
    arrays.RAN.clear()
    before = reset_peak()
    start = time.process_time()  # a machine with other work to do is no hang
    status, what, trace = _judged(reader, case, target)
    seconds = time.process_time() - start
    memory = peak_mb() - before
    found: list[str] = []
    if arrays.RAN:
        found.append(arrays.RAN[0])
    if [p.name for p in folder.rglob("*") if p.parent == beside] != ["keep.txt"]:
        found.append("files outside of the folder were changed")
    if seconds > MAX_SECONDS:
        found.append("it took more than 10 seconds")
    if memory > allowed:
        found.append("it took too much memory")
    if found:
        status, what = "failed", f"{'; '.join(found)} (then: {what})"
    what, trace = _showable(what), _showable(trace)
    return Outcome(reader, case, names, status, what, trace, seconds, memory)


def _showable(text: str) -> str:
    """Replace what no file or pipe can hold; arrays hold characters that are none."""
    return text.encode(errors="surrogatepass").decode(errors="backslashreplace")


def _judged(reader: str, case: int, target: Path) -> tuple[str, str, str]:
    """Read; give status, message and traceback."""
    status, what, trace, kind = "accepted", "", "", None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            READERS[reader].read(target, Random(case))
        except NeurosynthError as error:
            status, what, kind = "refused", str(error), type(error)
            trace = traceback.format_exc()
        except Exception as error:  # noqa: BLE001 - that is the question
            return "failed", f"{type(error).__name__}: {error}", traceback.format_exc()
    strange = [w for w in caught if not issubclass(w.category, NeurosynthWarning)]
    if strange:
        first = strange[0]
        place = f'File "{first.filename}", line {first.lineno}, in warning'
        return "failed", f"{first.category.__name__}: {first.message}", place
    if status == "refused":
        try:
            of_file = READERS[reader].names_path and kind is not OptionError
            wrong = _wrong_with_message(what, target, of_file=of_file)
        except SystemError:  # text of characters that there are not, from an array
            wrong = "the message holds what is no text"
        if wrong:
            return "failed", f"{wrong}: {what}", trace
    return status, what, ""


def _wrong_with_message(message: str, target: Path, *, of_file: bool) -> str:
    """Say what is wrong with an error message; "" if it is in order."""
    if len(message.split()) < 3 or message.startswith(("Traceback", "(")):
        return "the message is not a sentence"
    if "Traceback" in message or len(message) > MAX_MESSAGE:
        return f"the message has {len(message):,} characters"
    if not of_file:
        return ""
    if str(target) not in message:
        return "the message does not name the path"
    text = message.replace(str(target), "")
    for path in sorted(target.rglob("*"), reverse=True):  # their names are not ours
        text = text.replace(path.name, "")
    if not all(c.isprintable() or c == "\n" for c in text):
        return "the message has control characters"
    return ""


# ------------------------------------------------------------------------- memory


def allowed_mb(files: Files) -> float:
    """Say how much memory the reading of some files may take."""
    size = 0.0
    for content in files.values():
        data = content or b""
        packed = data.startswith((b"\x1f\x8b", b"PK"))
        size += len(data) * (MAX_PACKED if packed else 1)
    return MAX_MB + MAX_TIMES * size / 2**20


def reset_peak() -> float:
    """Have the system forget the highest memory so far; give that of now, in MB."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:  # not Linux, or not allowed: then peaks only ever rise
        return peak_mb()
    return _status_mb("VmRSS")


def peak_mb() -> float:
    """Give the highest resident memory since the last reset, in MB."""
    if os.path.exists("/proc/self/status"):  # noqa: PTH110 - asked for each case
        return _status_mb("VmHWM")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def _status_mb(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 2**10
    return 0.0
