"""Where a map came from, in words that a paper can use."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.meta._names import map_info, thresholded_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nimare_neurosynth.database import Database, Selection
    from nimare_neurosynth.meta._maps import Maps

_PACKAGES = ("nimare-neurosynth", "nimare", "numpy", "scipy", "numba", "nibabel")

CITATIONS = (
    "Yarkoni T, Poldrack RA, Nichols TE, Van Essen DC, Wager TD (2011). Large-scale "
    "automated synthesis of human functional neuroimaging data. Nature Methods "
    "8:665-670. https://doi.org/10.1038/nmeth.1635",
    "Salo T, Yarkoni T, Nichols TE, et al. (2023). NiMARE: Neuroimaging Meta-Analysis "
    "Research Environment. Aperture Neuro 3. https://doi.org/10.52294/001c.87681",
)
_LANCASTER = (
    "Lancaster JL, Tordesillas-Gutiérrez D, Martinez M, et al. (2007). Bias between "
    "MNI and Talairach coordinates analyzed using the ICBM-152 brain template. Human "
    "Brain Mapping 28:1194-1205. https://doi.org/10.1002/hbm.20345"
)
_BENJAMINI = (
    "Benjamini Y, Hochberg Y (1995). Controlling the false discovery rate: a practical "
    "and powerful approach to multiple testing. Journal of the Royal Statistical "
    "Society B 57:289-300. https://doi.org/10.1111/j.2517-6161.1995.tb02031.x"
)

_METHODS = (
    "A coordinate-based meta-analysis was run with nimare_neurosynth {version}, an "
    "extension of NiMARE (Salo et al., 2023) that implements Neurosynth's method "
    "(Yarkoni et al., 2011), on the {database} database ({n_database:,} studies, "
    "{n_peaks:,} peaks). The {n_selected:,} studies selected by '{query}'{terms} were "
    "compared with {compared}. A study was taken to activate the voxels within "
    "{radius:g} mm of its reported peaks, in a mask of {n_voxels:,} voxels in MNI152 "
    "space."
)
_TERMS = " (terms count from a weight of {thresholds}, unless the query says otherwise)"
_MATRICES = {
    "icbm_spm": "icbm2tal matrix for SPM",
    "icbm_other": "icbm2tal matrix for other packages",
}
_TALAIRACH = (
    "Talairach coordinates were brought to MNI space with the inverse of Lancaster's "
    "{matrix} (Lancaster et al., 2007)."
)
_LEFT_OUT = "Voxels that fewer than {least:,} studies activate were left out."
_PRIOR = (
    "Posterior probabilities assume a prior probability of {prior:g} that a study is "
    "one of those selected."
)
_UNMOVED = "Talairach coordinates were used as they are."
_TESTS = (
    "The association test compared how often selected and other studies activate a "
    "voxel (Pearson's chi-square of a 2 x 2 table, one degree of freedom, no "
    "continuity correction); the uniformity test compared how often selected studies "
    "activate the voxel and the average voxel (one-way chi-square)."
)
_CORRECTED = (
    "Maps were thresholded at a false discovery rate of {q:g} (Benjamini & Hochberg, "
    "1995) over all voxels of the mask."
)


@dataclass(frozen=True)
class Provenance:
    """Everything about an analysis that its numbers do not show."""

    database: dict[str, Any]
    selections: dict[str, dict[str, Any]]
    versus: dict[str, Any] | None
    universe: dict[str, Any] | None
    radius_mm: float
    talairach: str | None
    min_studies: float

    @classmethod
    def of(
        cls,
        database: Database,
        selections: Sequence[Selection],
        *,
        versus: Selection | None,
        universe: Selection | None,
        **options: Any,
    ) -> Provenance:
        """Describe an analysis of a database."""
        return cls(
            database_facts(database),
            {choice.description: choice.facts() for choice in selections},
            None if versus is None else versus.facts(),
            None if universe is None else universe.facts(),
            **options,
        )

    def methods(
        self,
        query: str,
        counts: tuple[int, int, int],
        *,
        least_studies: int = 0,
        prior: float | None = None,
        q: float | None = None,
    ) -> str:
        """Write the methods paragraph of a paper.

        ``counts`` are the numbers of studies selected, of studies and of voxels.
        """
        n_selected, n_studies, n_voxels = counts
        rest = n_studies - n_selected
        compared = f"the remaining {rest:,}"
        if self.versus is not None:
            by = self.versus["description"]
            compared = f"the {rest:,} studies selected by '{by}'"
        sentences = [
            _METHODS.format(
                version=_version("nimare-neurosynth"),
                database=f"{self.database['name']} {self.database['version']}".strip(),
                n_database=self.database["n_studies"],
                n_peaks=self.database["n_peaks"],
                n_selected=n_selected,
                query=query,
                terms=self._terms(query),
                compared=compared,
                radius=self.radius_mm,
                n_voxels=n_voxels,
            ),
            _TALAIRACH.format(matrix=_MATRICES[self.talairach])
            if self.talairach
            else _UNMOVED,
        ]
        if self.universe is not None:
            by = self.universe["description"]
            sentences.append(f"Only studies selected by '{by}' were counted.")
        if least_studies > 1:
            sentences.append(_LEFT_OUT.format(least=least_studies))
        sentences.append(_TESTS)
        if prior is not None:
            sentences.append(_PRIOR.format(prior=prior))
        if q is not None:
            sentences.append(_CORRECTED.format(q=q))
        return " ".join(sentences)

    def _terms(self, query: str) -> str:
        """Say from which weight a term counts, where terms chose the studies."""
        every = [self.selections.get(query), self.versus, self.universe]
        thresholds = {
            criterion["threshold"]
            for selection in every
            if selection is not None
            for criterion in selection["criteria"]
            if criterion["kind"] == "query"
        }
        listed = " or ".join(f"{t:g}" for t in sorted(thresholds))
        return _TERMS.format(thresholds=listed) if thresholds else ""

    def citations(self, *, corrected: bool) -> list[str]:
        """List what the methods paragraph cites, and the data's own attribution."""
        cited = [*CITATIONS]
        if self.database["attribution"]:
            cited.append(self.database["attribution"])
        if self.talairach is not None:
            cited.append(_LANCASTER)
        if corrected:
            cited.append(_BENJAMINI)
        return cited


def sidecar_of(maps: Maps, name: str, row: int, fdr_q: float | None) -> dict[str, Any]:
    """Describe a map of one of the labels; see :meth:`Maps.sidecar`."""
    p = maps.provenance
    n = int(maps.n_selected[row])
    query = maps.labels[row]
    return {
        "map": name if fdr_q is None else thresholded_name(name, fdr_q),
        "description": map_info(name).title,
        "query": query,
        "n_selected": n,
        "n_studies": maps.n_studies,
        "selection": p.selections[query],
        "versus": p.versus,
        "universe": p.universe,
        "fdr_q": fdr_q,
        "radius_mm": p.radius_mm,
        "talairach_matrix": p.talairach,
        "prior": maps.prior,
        "min_studies": p.min_studies,
        "mask": {
            "n_voxels": maps.mask.n_voxels,
            "shape": list(maps.mask.shape),
            "affine": maps.mask.affine.tolist(),
            "key": maps.mask.key,
        },
        "database": p.database,
        "software": software(),
        "methods": p.methods(
            query,
            (n, maps.n_studies, maps.mask.n_voxels),
            least_studies=maps.least_studies,
            prior=maps.prior if name.endswith("_prior") else None,
            q=fdr_q,
        ),
        "citations": p.citations(corrected=fdr_q is not None),
    }


def database_facts(database: Database) -> dict[str, Any]:
    """Describe a database for a sidecar: name, version, licence, attribution, hash."""
    return {
        **database.about.to_dict(),
        "n_studies": database.n_studies,
        "n_peaks": len(database.peaks),
        "content_hash": database.content_hash,
    }


def software() -> dict[str, str]:
    """List the versions of the packages that made the numbers."""
    return {name: _version(name) for name in _PACKAGES}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
