"""Computing the maps of thousands of labels into a folder."""

from __future__ import annotations

import hashlib
import json
import zlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import (
    DEFAULT_RADIUS_MM,
    DEFAULT_TALAIRACH,
    DEFAULT_THRESHOLD,
    Database,
)
from nimare_neurosynth.engine import (
    DEFAULT_MEMORY,
    check_n_jobs,
    count_columns,
    memory_bytes,
)
from nimare_neurosynth.errors import EmptySelectionError, FormatError
from nimare_neurosynth.io import (
    PackedCounts,
    check_target,
    has_manifest,
    locked,
    replace_folder,
    write_atomic,
    write_table,
)
from nimare_neurosynth.meta._analysis import (
    DEFAULT_LEAST,
    check_least,
    choose,
    need_database,
)
from nimare_neurosynth.meta._label_facts import label_facts
from nimare_neurosynth.meta._names import DEFAULT_Q, check_q
from nimare_neurosynth.meta._provenance import Provenance, database_facts, software
from nimare_neurosynth.meta._term_maps_job import Counting, Job
from nimare_neurosynth.meta._term_maps_open import (
    INDEX,
    TERM_MAPS,
    open_term_maps,
)
from nimare_neurosynth.space import as_mask, sphere_lines, talairach_matrix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from nimare_neurosynth.database import Selection
    from nimare_neurosynth.meta._term_maps import TermMaps
    from nimare_neurosynth.space import ImageLike, Mask

_PLAN = "plan.json"


def term_maps(
    database: Database,
    folder: str | Path,
    labels: str | Sequence[str] | None = None,
    *,
    label_set: str | None = None,
    min_studies_per_term: int = DEFAULT_LEAST,
    threshold: float = DEFAULT_THRESHOLD,
    universe: str | Selection | None = None,
    radius_mm: float = DEFAULT_RADIUS_MM,
    mask: Mask | ImageLike | None = None,
    talairach: str | None = DEFAULT_TALAIRACH,
    fdr_q: float = DEFAULT_Q,
    memory_limit: float | str = DEFAULT_MEMORY,
    n_jobs: int = -1,
    progress: bool = False,
) -> TermMaps:
    """Compute the maps of all labels of a database, or of some, into a folder.

    Parameters
    ----------
    database : Database
        The studies there are. Those without any peak are not counted.
    folder : str or path
        Made if missing. If it holds term maps, they are replaced as a whole; if it
        holds just what is asked for, nothing is done. What an interrupted call has
        done is used when the call is repeated.
    labels : str or sequence of str, optional
        Names or patterns (``"emot*"``) of one label set; all its labels by default.
    label_set : str, optional
        Which label set; needed where several have weights.
    min_studies_per_term : int
        Leave out labels that fewer studies have.
    threshold : float
        A study has a label at this weight or more; above 0.
    universe : str or Selection, optional
        Count only these studies at all.
    radius_mm, mask, talairach
        See :func:`meta_analysis`.
    fdr_q : float
        False discovery rate of the summary.
    memory_limit : int or str
        Memory that the work may take, above the database itself: bytes, or a text such
        as ``"500 MB"``.
    n_jobs : int
        Threads; -1 for all cores. No bit of the result depends on it or on the memory.
    progress : bool
        Show bars on standard error where it takes more than a second.

    Returns
    -------
    TermMaps
        Beside it, the folder holds ``summary.tsv`` and ``summary.json``.

    Raises
    ------
    EmptySelectionError
        If no label is left.
    UnknownTermError, OptionError, FormatError
        If a label, an option or the folder cannot be used.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from nimare_neurosynth import load_demo
    >>> with TemporaryDirectory() as folder:
    ...     made = term_maps(load_demo(), folder, ["memory", "emotion"])
    ...     made.summary[["label", "n_studies"]].head(2)
         label  n_studies
    0  emotion         21
    1   memory        172
    """
    need_database(database)
    check_n_jobs(n_jobs)
    least = check_least(min_studies_per_term)
    target = Path(folder)
    check_target(target, TERM_MAPS)
    space = as_mask(mask)
    sphere_lines(radius_mm, space.affine)  # wrong options are told before work starts
    talairach_matrix(talairach)
    chosen_set, positions = database.choose_labels(labels, label_set=label_set)
    columns = chosen_set.columns(positions, threshold=threshold)
    counted = database.has_peaks.copy()
    within = None
    if universe is not None:
        within = choose(database, universe, label_set=label_set, threshold=threshold)
        counted &= within.mask
    kept = np.flatnonzero(columns.within(counted).sizes >= max(least, 1))
    if not len(kept):
        raise EmptySelectionError(
            f"none of the {len(positions):,} labels of {chosen_set.name!r} is in at "
            f"least {max(least, 1):,} studies (with peaks, at a weight of "
            f"{threshold:g})."
        )
    rows = [positions[i] for i in kept]
    provenance = Provenance(
        database=database_facts(database),
        selections={},
        versus=None,
        universe=None if within is None else within.facts(),
        radius_mm=float(radius_mm),
        talairach=talairach,
        min_studies=1,
    )
    job = Job(
        database=database,
        labels=tuple(chosen_set.labels[i] for i in rows),
        chosen=chosen_set.columns(rows, threshold=threshold),
        counted=counted,
        mask=space,
        provenance=provenance,
        options={
            "label_set": chosen_set.name,
            "threshold": float(threshold),
            "min_studies_per_term": least,
            "fdr_q": check_q(fdr_q),
        },
        n_jobs=n_jobs,
        memory=memory_bytes(memory_limit),
        progress=progress,
    )
    return _run(job, target)


def _run(job: Job, target: Path) -> TermMaps:
    made = _already_there(job, target)
    if made is None:
        job.rows_per_chunk()  # too little memory is told before work starts
        write = partial(_write_parts, job)
        replace_folder(
            target,
            TERM_MAPS,
            write,
            resume=job.key,
            # another process may have been at the same work: its folder is in use now
            is_done=lambda: _already_there(job, target) is not None,
        )
    with locked(target):
        made = open_term_maps(target)
        if made.facts["request"] != job.request:
            raise FormatError(
                f"another process has written other term maps into {target} meanwhile: "
                "give each its own folder."
            )
        facts = {
            "request": job.request,
            "database": job.provenance.database,
            "software": software(),
            "labels": made.summary.to_dict("records"),
        }
        write_table(target / "summary.tsv", made.summary, facts)
    return made


def _already_there(job: Job, target: Path) -> TermMaps | None:
    if not has_manifest(target):
        return None
    try:
        made = open_term_maps(target)
    except FormatError:
        return None
    wanted = made.facts["request"] == job.request
    return made if wanted and not made.validate() else None


# --------------------------------------------------------------------------- write


def _write_parts(job: Job, parts: Path) -> dict[str, Any]:
    """Write the counts chunk by chunk, then what makes them a whole; give the facts."""
    from tqdm.auto import tqdm

    for leftover in parts.glob(".*"):
        leftover.unlink()
    rows = _plan(job, parts)
    activations = job.database.activations(
        radius_mm=job.provenance.radius_mm,
        mask=job.mask,
        talairach=job.provenance.talairach,
        n_jobs=job.n_jobs,
        progress=job.progress,
    )
    counting = Counting.of(job, activations)
    described: list[dict[str, Any]] = []
    names = []
    with tqdm(
        total=len(job.labels), desc="Maps", disable=not job.progress, delay=1
    ) as bar:
        for i, first in enumerate(range(0, len(job.labels), rows)):
            names.append(f"counts-{i:05d}.bin")
            stop = min(first + rows, len(job.labels))
            done = _done(parts / names[-1], stop - first)
            if done is None:
                done = _write_chunk(job, counting, parts / names[-1], (first, stop))
            bar.update(stop - first)
            described += [{**line, "chunk": i} for line in done]
    _write_whole(job, counting, parts, described)
    return {
        "request": job.request,
        "database": job.provenance.database,
        "software": software(),
        "n_studies": counting.n_studies,
        "n_voxels": job.mask.n_voxels,
        "n_labels": len(job.labels),
        "mask": {"shape": list(job.mask.shape), "affine": job.mask.affine.tolist()},
        "chunks": names,
    }


def _plan(job: Job, parts: Path) -> int:
    """Say how many labels a chunk has: as when the work began, if it goes on."""
    most = job.rows_per_chunk()
    try:
        rows = int(json.loads((parts / _PLAN).read_text())["rows_per_chunk"])
        if 1 <= rows <= most:
            return rows
    except (OSError, ValueError, LookupError, TypeError):
        pass
    for path in parts.glob("counts-*"):  # of another size, or of nobody knows which
        path.unlink()
    write_atomic(parts / _PLAN, json.dumps({"rows_per_chunk": most}))
    return most


def _done(path: Path, n_labels: int) -> list[dict[str, Any]] | None:
    """Read what an earlier, interrupted call has written, if it is in order."""
    try:
        lines: list[dict[str, Any]] = json.loads(path.with_suffix(".json").read_text())
        if len(lines) != n_labels:
            return None
        data = path.read_bytes()
        for line in lines:
            start = line["offset"]
            if zlib.crc32(data[start : start + line["n_bytes"]]) != line["crc32"]:
                return None
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return lines


def _write_chunk(
    job: Job,
    counting: Counting,
    path: Path,
    part: tuple[int, int],
) -> list[dict[str, Any]]:
    """Count some labels, pack and describe them, and write them as one file."""
    columns = counting.columns.between(*part)
    dtype = np.min_scalar_type(int(columns.sizes.max()))
    counts = count_columns(
        counting.activations, columns, n_jobs=job.n_jobs, dtype=dtype
    )
    lines = []
    data = bytearray()
    for packed, facts in _packed(job, counting, part[0], counts):
        line = {
            "offset": len(data),
            "n_bytes": len(packed.data),
            "width": packed.width,
            "crc32": packed.crc32,
            "facts": facts,
        }
        lines.append(line)
        data += packed.data
    write_atomic(path, bytes(data))
    write_atomic(path.with_suffix(".json"), json.dumps(lines))
    return lines


def _packed(
    job: Job, counting: Counting, first: int, counts: NDArray[Any]
) -> Iterator[tuple[PackedCounts, dict[str, Any]]]:
    """Pack and describe each label of a chunk, in threads, in their order."""
    from joblib import Parallel, delayed

    def work(i: int) -> tuple[PackedCounts, dict[str, Any]]:
        maps = counting.maps(job, first + i, counts[i])
        facts = label_facts(maps, fdr_q=job.options["fdr_q"])
        return PackedCounts.pack(counts[i]), facts

    results: Iterator[tuple[PackedCounts, dict[str, Any]]] = Parallel(
        n_jobs=job.n_jobs, require="sharedmem", return_as="generator"
    )(delayed(work)(i) for i in range(len(counts)))
    return results


def _write_whole(
    job: Job, counting: Counting, parts: Path, lines: list[dict[str, Any]]
) -> None:
    """Write the index, the summary and what all labels share."""
    import pandas as pd

    index = np.zeros(len(lines), dtype=INDEX)
    for name in ("chunk", "offset", "n_bytes", "width", "crc32"):
        index[name] = [line[name] for line in lines]
    index["n_selected"] = counting.columns.sizes
    index["expected"] = counting.expected
    np.save(parts / "index.npy", index)
    np.save(parts / "totals.npy", counting.totals)
    np.save(parts / "mask.npy", job.mask.flat_index)
    ids = [str(i) for i in job.database.study_ids]
    listed = ("\n".join(ids[s] for s in job.chosen[i]) for i in range(len(job.labels)))
    names = {
        "labels": job.labels,
        "n_chosen": job.chosen.sizes.tolist(),
        "ids_sha256": [hashlib.sha256(text.encode()).hexdigest() for text in listed],
    }
    (parts / "labels.json").write_text(json.dumps(names), encoding="utf-8")
    summary = pd.DataFrame([line["facts"] for line in lines])
    summary.to_parquet(parts / "summary.parquet", index=False)
    for path in (*parts.glob("counts-*.json"), parts / _PLAN):
        path.unlink()
