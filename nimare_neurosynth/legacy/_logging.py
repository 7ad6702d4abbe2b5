"""The old package's switch for its log."""

from __future__ import annotations

import logging
import os

from nimare_neurosynth.errors import OptionError

_LEVELS = ("debug", "info", "warn", "warning", "error", "critical")


def set_logging_level(level: str | None = None) -> int:
    """Set the level of the logger ``neurosynth``.

    Kept for scripts that call it: this layer speaks through warnings and progress bars,
    and logs nothing.

    Parameters
    ----------
    level : {"debug", "info", "warn", "warning", "error", "critical"}, optional
        By default, what the environment variable ``NEUROSYNTH_LOGLEVEL`` says, or
        ``"warn"``.

    Returns
    -------
    int
        The level that is in force.

    Examples
    --------
    >>> set_logging_level("error")
    40
    """
    wanted = os.environ.get("NEUROSYNTH_LOGLEVEL", "warn") if level is None else level
    if not isinstance(wanted, str) or wanted.lower() not in _LEVELS:
        allowed = ", ".join(_LEVELS)
        raise OptionError(f"level must be one of {allowed}, got {wanted!r}.")
    logger = logging.getLogger("neurosynth")
    logger.setLevel(getattr(logging, wanted.upper()))
    return logger.getEffectiveLevel()
