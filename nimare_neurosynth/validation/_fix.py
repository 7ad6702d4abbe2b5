"""Repaired copies, with a log of every edit."""

from __future__ import annotations

import gzip
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.errors import FormatError, OptionError, printable
from nimare_neurosynth.io import atomic_folder, check_folder, json_bytes
from nimare_neurosynth.io._nimads import JSON_ENDINGS
from nimare_neurosynth.io._read import TABLE_ENDINGS
from nimare_neurosynth.validation._problems import Validation
from nimare_neurosynth.validation._validate import (
    COMPILED,
    FORMS,
    examine,
    existing,
    optional,
    validate,
)

if TYPE_CHECKING:
    from os import PathLike

    from nimare_neurosynth.validation._folders import Writers
    from nimare_neurosynth.validation._problems import Problem

_ENDINGS = {
    "nimads": JSON_ENDINGS,
    "annotation": JSON_ENDINGS,
    "table": TABLE_ENDINGS,
    "features": TABLE_ENDINGS,
    "sleuth": (".txt",),
}


@dataclass(frozen=True)
class Repaired:
    """What was repaired, and what remains.

    Attributes
    ----------
    source : str
    out : str
        The repaired file or folder; "" if there was nothing to repair.
    log : str
        The log of edits; "" if there was nothing to repair.
    edits : list of Problem
        The problems that were repaired, each with its old and new value.
    remaining : Validation
        What is wrong with the repaired file (with the original, if none was written).
    """

    source: str
    out: str
    log: str
    edits: list[Problem] = field(default_factory=list)
    remaining: Validation = field(default_factory=lambda: Validation("", ""))

    @property
    def ok(self) -> bool:
        """Whether no errors remain."""
        return self.remaining.ok

    def to_dict(self) -> dict[str, Any]:
        """Give everything as plain types, for JSON."""
        return {
            "source": self.source,
            "out": self.out,
            "log": self.log,
            "ok": self.ok,
            "edits": [problem.to_dict() for problem in self.edits],
            "remaining": self.remaining.to_dict(),
        }

    def __str__(self) -> str:
        n = len(self.edits)
        if not self.out:
            done = (
                f"{self.source}: there is nothing that a machine can repair; nothing "
            )
            return printable(done + "was written.") + f"\n{self.remaining}"
        done = f"{n:,} repair{'s' if n != 1 else ''} of {self.source} written into "
        done += f"{self.out}; each is in {self.log}."
        return f"{printable(done)}\nWhat remains: {self.remaining}"


def fix(
    path: str | PathLike[str],
    out: str | PathLike[str],
    *,
    annotation: str | PathLike[str] | None = None,
    features: str | PathLike[str] | None = None,
) -> Repaired:
    r"""Write a repaired copy of a file or folder, and a log of every edit beside it.

    Parameters
    ----------
    path : str or path
        What to repair; it is never changed. See
        :func:`~nimare_neurosynth.validation.validate`.
    out : str or path
        The new file, which must not exist. For a folder, and where ``annotation`` or
        ``features`` are given, it is a folder that gets all files under their names.
        The log is beside it: its name with ``.log.json`` added.
    annotation, features : str or path, optional
        See :func:`~nimare_neurosynth.validation.validate`.

    Returns
    -------
    Repaired
        What was done, and what a machine cannot repair.

    Raises
    ------
    FormatError
        If ``path`` is not there or of no known form, ``out`` is there already or cannot
        be written.
    OptionError
        If such a file cannot be repaired, or ``out`` has the ending of another form.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     table = Path(folder, "mine.csv")
    ...     _ = table.write_text("id,x,y,z,space\n1,0,-52,26,MNI\n2,left,1,2,MNI\n")
    ...     repaired = fix(table, Path(folder, "good.csv"))
    ...     Path(repaired.out).read_text()
    'id,x,y,z,space\n1,0,-52,26,MNI\n'
    """
    source, target = existing(path), Path(out)
    beside = [optional(annotation), optional(features)]
    log = target.with_name(f"{target.name}.log.json") if target.name else target
    _check_target(source, target, log)
    found = examine(source, *beside)
    given = [extra for extra in beside if extra is not None]
    several = source.is_dir() or bool(given)
    if found.form == COMPILED:
        raise OptionError(
            f"{source} is {FORMS[COMPILED]}, which cannot be repaired: make it again "
            "from its source. Damaged activations can be deleted."
        )
    _check_ending(found.form, target, several=several)
    edits = [problem for problem in found.problems if problem.repair]
    if not edits or not found.writers:
        remaining = Validation(str(source), FORMS[found.form], found.problems)
        return Repaired(str(source), "", "", [], remaining)
    names = _names(source, given)
    facts = {
        "source": str(source),
        "out": str(target),
        "edits": [problem.to_dict() for problem in edits],
    }
    written = json_bytes(facts, indent=2) + b"\n"
    _write(source, target, found.writers, names if several else {}, written)
    new = [target / names[extra] if extra else None for extra in beside]
    inner = target / names[source] if several and source.is_file() else target
    remaining = validate(inner, annotation=new[0], features=new[1])
    return Repaired(str(source), str(target), str(log), edits, remaining)


def _check_target(source: Path, target: Path, log: Path) -> None:
    for path in (target, log):
        if path.exists() or path.is_symlink():
            raise FormatError(f"{path} is there already: name a new file.")
    if source.is_dir() and source.resolve() in target.resolve().parents:
        raise FormatError(
            f"{target} is in the folder to be repaired, which is never changed: "
            "name a place outside."
        )
    check_folder(target.parent)


def _check_ending(form: str, target: Path, *, several: bool) -> None:
    endings = _ENDINGS.get(form, ())
    if several or not endings or target.name.lower().endswith(endings):
        return
    raise OptionError(
        f"{FORMS[form]} is written into a file that ends in {', '.join(endings)}, got "
        f"{target}."
    )


def _names(source: Path, given: list[Path]) -> dict[Path, str]:
    """Give files the names that they have in the new folder: each another."""
    made: dict[Path, str] = {}
    for path in (source, *given):
        name, k = path.name, 2
        while name in made.values():
            name, k = f"{k}_{path.name}", k + 1
        made[path] = name
    return made


def _write(
    source: Path, target: Path, writers: Writers, names: dict[Path, str], log: bytes
) -> None:
    """Write the copy and the log: both, or neither."""
    log_name = f"{target.name}.log.json"
    try:
        with atomic_folder(target.parent) as staging:
            # both are complete before either is moved
            new = staging / target.name
            if names:
                new.mkdir()
                if source.is_dir():
                    shutil.copytree(source, new, dirs_exist_ok=True)
                for path, render in writers.items():
                    place = new / names.get(path, path.name)
                    place.unlink(missing_ok=True)
                    place.write_bytes(_packed(place, render()))
            else:
                new.write_bytes(_packed(new, next(iter(writers.values()))()))
            (staging / log_name).write_bytes(log)
    except (RecursionError, shutil.Error) as error:
        raise FormatError(f"{source} cannot be written again ({error}).") from error
    except BaseException:
        if not target.with_name(log_name).exists() and target.is_file():
            target.unlink()
        raise


def _packed(path: Path, content: bytes) -> bytes:
    packed = path.name.lower().endswith(".gz")
    return gzip.compress(content, mtime=0) if packed else content
