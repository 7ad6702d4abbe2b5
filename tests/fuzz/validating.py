"""Whatever a file is, it can be checked, and its repaired copy needs no repair."""

import hashlib
import json
from pathlib import Path

from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.validation import fix, validate

_ENDINGS = (
    ".json",
    ".json.gz",
    ".csv",
    ".tsv",
    ".tsv.gz",
    ".csv.gz",
    ".txt.gz",
    ".txt",
)


def check_validation(path: Path, **given: Path) -> None:
    """Check a file and repair it: problems can be shown, the original stays as it is."""
    found = validate(path, **given)
    str(found).encode()
    json.dumps(found.to_dict(), allow_nan=False)
    assert all(problem.what for problem in found.problems), "a problem without words"
    before = _hashes(path)
    ending = next((e for e in _ENDINGS if path.name.lower().endswith(e)), "")
    out = path.parent / f"repaired-copy{ending if not given else ''}"
    if path.is_dir():
        out = path.parent / "repaired-copy"
    try:
        made = fix(path, out, **given)
    except OptionError:  # compiled databases cannot be repaired
        assert not out.exists(), "a refusal left a file"
        return
    assert _hashes(path) == before, "the original was changed"
    str(made).encode()
    json.dumps(made.to_dict(), allow_nan=False)
    assert bool(made.out) == bool(made.edits) == out.exists(), "edits without a file"
    if made.out:
        assert not made.remaining.repairable, str(made.remaining.repairable[0])
        json.loads(Path(made.log).read_text())


def _hashes(path: Path) -> dict[str, str]:
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*"))
    return {
        str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files if p.is_file()
    }
