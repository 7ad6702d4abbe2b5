"""Images as a NiMARE Studyset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nimare_neurosynth._nimare import studyset_module

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def document(
    collections: Mapping[int, Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
    files: Mapping[int, tuple[Path, str]],
) -> dict[str, Any]:
    """Describe images as a NIMADS document: a study per collection.

    Parameters
    ----------
    collections : mapping of int to mapping
        Facts of each.
    rows : sequence of mapping
        Images that are used, with ``analysis``.
    files : mapping of int to (pathlib.Path, str)
        File and SHA-256 of each image.

    Returns
    -------
    dict
    """
    grouped: dict[int, dict[str, list[Mapping[str, Any]]]] = {}
    for row in rows:
        analyses = grouped.setdefault(int(row["collection"]), {})
        analyses.setdefault(row["analysis"], []).append(row)
    studies = [
        _study(collections[number], analyses, files)
        for number, analyses in grouped.items()
    ]
    listed = ", ".join(str(number) for number in grouped)
    return {
        "id": "neurovault",
        "name": f"NeuroVault, collections {listed}",
        "studies": studies,
    }


def _study(
    facts: Mapping[str, Any],
    analyses: Mapping[str, Sequence[Mapping[str, Any]]],
    files: Mapping[int, tuple[Path, str]],
) -> dict[str, Any]:
    return {
        "id": f"neurovault-{facts['id']}",
        "name": facts["name"],
        "authors": facts["authors"],
        "publication": facts["journal"],
        "description": facts["description"],
        "doi": facts["doi"] or None,
        "metadata": {"url": facts["url"], "doi": facts["doi"] or None},
        "analyses": [_analysis(n, images, files) for n, images in analyses.items()],
    }


def _analysis(
    name: str,
    images: Sequence[Mapping[str, Any]],
    files: Mapping[int, tuple[Path, str]],
) -> dict[str, Any]:
    sizes = [int(row["n_subjects"]) for row in images if has_size(row)]
    metadata: dict[str, Any] = {
        "contrast": next((r["contrast"] for r in images if r["contrast"]), None),
        "task": next((r["task"] for r in images if r["task"]), None),
    }
    if sizes:
        # maps of one contrast are of the same people; where numbers differ, the
        # smallest does not claim more than there is
        metadata["sample_sizes"] = [min(sizes)]
    return {
        "id": str(min(int(row["image"]) for row in images)),
        "name": name,
        "metadata": metadata,
        "conditions": [],
        "weights": [],
        "points": [],
        "images": [_image(row, *files[int(row["image"])]) for row in images],
    }


def _image(row: Mapping[str, Any], path: Path, sha256: str) -> dict[str, Any]:
    return {
        "id": str(int(row["image"])),
        "url": row["url"],
        "filename": str(path),
        "space": "MNI",
        "value_type": row["kind"],
        "metadata": {"name": row["name"], "sha256": sha256, "source": row["file"]},
    }


def has_size(row: Mapping[str, Any]) -> bool:
    """Tell whether it is known how many people an image is of."""
    size = row["n_subjects"]
    return size is not None and size == size  # noqa: PLR0124 - NaN differs from itself


def studyset(described: Mapping[str, Any]) -> Any:
    """Make a NiMARE Studyset of a NIMADS document."""
    return studyset_module().Studyset(dict(described))
