"""A compiled database that grows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io._compiled import COMPILED, finish, open_database, write_parts
from nimare_neurosynth.io._concatenate import as_databases, concatenate
from nimare_neurosynth.io._manifest import has_manifest
from nimare_neurosynth.io._replace import replace_folder
from nimare_neurosynth.io._subset import subset

if TYPE_CHECKING:
    from nimare_neurosynth.database import Database


def append_studies(
    folder: str | Path,
    more: Database,
    *,
    skip_known: bool = False,
    activations: bool = True,
) -> int:
    """Append the studies of a database to a compiled one.

    The result is exactly what compiling all studies together would give. Activations
    that are stored for full segments of studies are kept as they are: only those of the
    last segment and of the new studies are built.

    Parameters
    ----------
    folder : str or path
        A compiled database. It is replaced as a whole: whoever opens it meanwhile has
        the old one or the new one, and two processes that append take turns.
    more : Database
        Studies to append. Labels that the compiled one lacks are added; its studies
        have weight 0 there.
    skip_known : bool
        Leave out studies whose id the compiled database has already; otherwise they
        are an error.
    activations : bool
        Build and store the activations of the default radius and mask too.

    Returns
    -------
    int
        Number of studies appended.

    Raises
    ------
    FormatError
        If the folder holds no compiled database or cannot be written, or a study is
        there already.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from nimare_neurosynth import load_demo, open_database, write_database
    >>> from nimare_neurosynth.io import subset
    >>> demo = load_demo()
    >>> first = np.arange(demo.n_studies) < 300
    >>> with TemporaryDirectory() as folder:
    ...     write_database(subset(demo, first), folder)
    ...     append_studies(folder, subset(demo, ~first))
    ...     open_database(folder).content_hash == demo.content_hash
    20
    True
    """
    as_databases([more])
    target = Path(folder)
    if not has_manifest(target):
        raise FormatError(
            f"{target} is not a compiled database: studies can only be appended to one "
            "(write_database makes it)."
        )
    appended = 0

    def write(parts: Path) -> dict[str, Any]:
        # inside the lock: what another process has appended meanwhile is there
        nonlocal appended
        present = open_database(target)
        new = _new_studies(present, more, skip_known=skip_known)
        appended = new.n_studies
        return write_parts(concatenate([present, new], about=present.about), parts)

    replace_folder(target, COMPILED, write)
    finish(target, activations=activations)
    return appended


def _new_studies(present: Database, more: Database, *, skip_known: bool) -> Database:
    known = set(present.study_ids)
    is_known = np.array([study in known for study in more.study_ids], dtype=bool)
    if not is_known.any():
        return more
    if not skip_known:
        example = more.study_ids[np.flatnonzero(is_known)[0]]
        raise FormatError(
            f"{np.count_nonzero(is_known):,} of {more.n_studies:,} studies are in the "
            f"database already (for example {example}): leave them out with "
            "skip_known, or make one database of both with merge_databases."
        )
    return subset(more, ~is_known)
