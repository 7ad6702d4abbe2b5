"""Where a map came from, in words that a paper can use."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nimare_neurosynth.database import Database, Selection

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
    "{n_peaks:,} peaks). The {n_selected:,} studies selected by the query '{query}' "
    "(weights of at least {threshold:g}) were compared with {compared}. A study was "
    "taken to activate the voxels within {radius:g} mm of its reported peaks, in a "
    "mask of {n_voxels:,} voxels in MNI152 space."
)
_TALAIRACH = (
    "Talairach coordinates were brought to MNI space with the inverse of the {matrix} "
    "matrix (Lancaster et al., 2007)."
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
    versus: str | None
    universe: str | None
    radius_mm: float
    talairach: str | None
    min_studies: float
    threshold: float
    func: str

    @classmethod
    def of(
        cls,
        database: Database,
        *,
        versus: Selection | None,
        universe: Selection | None,
        **options: Any,
    ) -> Provenance:
        """Describe an analysis of a database."""
        facts = {
            **database.about.to_dict(),
            "n_studies": database.n_studies,
            "n_peaks": len(database.peaks),
            "content_hash": database.content_hash,
        }
        return cls(
            facts,
            None if versus is None else versus.description,
            None if universe is None else universe.description,
            **options,
        )

    def methods(
        self,
        query: str,
        n_selected: int,
        n_studies: int,
        n_voxels: int,
        q: float | None,
    ) -> str:
        """Write the methods paragraph of a paper."""
        rest = n_studies - n_selected
        compared = f"the remaining {rest:,}"
        if self.versus is not None:
            compared = f"the {rest:,} studies selected by '{self.versus}'"
        sentences = [
            _METHODS.format(
                version=_version("nimare-neurosynth"),
                database=f"{self.database['name']} {self.database['version']}".strip(),
                n_database=self.database["n_studies"],
                n_peaks=self.database["n_peaks"],
                n_selected=n_selected,
                query=query,
                threshold=self.threshold,
                compared=compared,
                radius=self.radius_mm,
                n_voxels=n_voxels,
            ),
            _TALAIRACH.format(matrix=self.talairach) if self.talairach else _UNMOVED,
        ]
        if self.universe is not None:
            sentences.append(
                f"Only studies selected by '{self.universe}' were counted."
            )
        sentences.append(_TESTS)
        if q is not None:
            sentences.append(_CORRECTED.format(q=q))
        return " ".join(sentences)

    def citations(self, *, corrected: bool) -> list[str]:
        """List what the methods paragraph cites, and the data's own attribution."""
        cited = [*CITATIONS]
        if self.talairach is not None:
            cited.append(_LANCASTER)
        if corrected:
            cited.append(_BENJAMINI)
        return cited

    def software(self) -> dict[str, str]:
        """List the versions of the packages that made the numbers."""
        return {name: _version(name) for name in _PACKAGES}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
