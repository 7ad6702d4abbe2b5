"""Every name that an image ever had, and the map it really is.

============================  ========================  ================================
name                          here                      what it is
============================  ========================  ================================
``pA``                        ``prob_desc-A``           P(activation)
``pAgF``                      ``prob_desc-AgF``         P(activation | feature)
``pFgA``                      ``prob_desc-FgA``         P(feature | activation)
``pA_given_pF=0.50``          ``prob_desc-AgF_prior``   P(activation), P(feature) = 0.5
``pAgF_given_pF=0.50``        the same                  its name until 0.3.7
``pFgA_given_pF=0.50``        ``prob_desc-FgA_prior``   P(feature | activation), so
``uniformity-test_z``         ``z_desc-uniformity``     where the studies agree
``consistency_z``             the same                  its name in 0.3.6
``pAgF_z``                    the same                  its name until 0.3.5
``association-test_z``        ``z_desc-association``    where they differ from others
``specificity_z``             the same                  its name in 0.3.6
``pFgA_z``                    the same                  its name until 0.3.5
``..._z_FDR_0.01``            the same, ``fdr_q=0.01``  z where p passes the threshold
============================  ========================  ================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nimare_neurosynth.errors import OptionError, suggest

PLAIN = {
    "pA": "prob_desc-A",
    "pAgF": "prob_desc-AgF",
    "pFgA": "prob_desc-FgA",
    "uniformity-test_z": "z_desc-uniformity",
    "consistency_z": "z_desc-uniformity",
    "pAgF_z": "z_desc-uniformity",
    "association-test_z": "z_desc-association",
    "specificity_z": "z_desc-association",
    "pFgA_z": "z_desc-association",
}
WITH_PRIOR = {
    "pA_given_pF": "prob_desc-AgF_prior",
    "pAgF_given_pF": "prob_desc-AgF_prior",
    "pFgA_given_pF": "prob_desc-FgA_prior",
}
_NUMBER = re.compile(r"(?P<stem>.+?)(?P<sign>=|_FDR_)(?P<number>\d*\.?\d+(?:e-?\d+)?)")


@dataclass(frozen=True)
class ImageName:
    """What a name means.

    Attributes
    ----------
    map : str
        Name of the map in the rest of this package.
    prior : float or None
    fdr_q : float or None
    """

    map: str
    prior: float | None = None
    fdr_q: float | None = None


def read_name(name: object, known: tuple[str, ...] = ()) -> ImageName:
    """Understand the name of an image, of whichever version.

    Raises
    ------
    OptionError
        If there was never one of this name.

    Examples
    --------
    >>> read_name("pFgA_z_FDR_0.01")
    ImageName(map='z_desc-association', prior=None, fdr_q=0.01)
    """
    text = str(name)
    if text in PLAIN:
        return ImageName(PLAIN[text])
    match = _NUMBER.fullmatch(text)
    if match is not None:
        number = float(match["number"])
        if match["sign"] == "=" and match["stem"] in WITH_PRIOR and 0 < number < 1:
            return ImageName(WITH_PRIOR[match["stem"]], prior=number)
        tested = match["stem"].endswith("_z") and match["stem"] in PLAIN
        if match["sign"] == "_FDR_" and tested and 0 < number < 1:
            return ImageName(PLAIN[match["stem"]], fdr_q=number)
    names = known or (*PLAIN, *(f"{stem}=0.50" for stem in WITH_PRIOR))
    raise OptionError(
        f"there is no image {text!r}; there is {', '.join(names)}, and the z images "
        f"with _FDR_0.01 or another rate behind them.{suggest(text, names)}"
    )
