"""Files inside NiMARE's wheel, found without importing NiMARE (which takes seconds)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from nimare_neurosynth.errors import FormatError


def nimare_resource(*parts: str) -> Path:
    """Find a file or folder in NiMARE's ``resources`` without importing NiMARE.

    Parameters
    ----------
    *parts : str
        Path below ``nimare/resources``.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    FormatError
        If NiMARE is not installed or its version lacks that file.

    Examples
    --------
    >>> nimare_resource("neurosynth_stoplist.txt").name
    'neurosynth_stoplist.txt'
    """
    spec = find_spec("nimare")
    if spec is None or spec.origin is None:
        raise FormatError(
            "NiMARE is not installed, and its wheel holds the brain mask and the demo "
            "data: install it with `pip install nimare`."
        )
    path = Path(spec.origin).parent.joinpath("resources", *parts)
    if not path.exists():
        raise FormatError(
            f"the installed NiMARE has no {'/'.join(parts)!r} among its resources "
            f"({path}): install NiMARE 0.22.1 or newer."
        )
    return path
