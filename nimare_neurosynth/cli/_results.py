"""What commands print, and what those write that make maps of one selection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from nimare_neurosynth.meta import FamilyWise, Maps


def print_json(facts: Any) -> None:
    """Print what is asked for with ``--json``."""
    click.echo(json.dumps(facts, indent=2, ensure_ascii=False))


def print_account(account: Any, *, as_json: bool) -> None:
    """Print an account that knows both forms: text, and ``to_dict``."""
    if as_json:
        print_json(account.to_dict())
    else:
        click.echo(str(account))


def number(text: str) -> float:
    """Tell a number of studies (1) from a share of them (0.01)."""
    from nimare_neurosynth.errors import OptionError

    try:
        return int(text) if text.strip().isdigit() else float(text)
    except ValueError:
        raise OptionError(
            f"--min-studies must be a whole number or a share, got {text!r}."
        ) from None


def write_maps(
    maps: Maps,
    out: Path,
    *,
    studies: pd.DataFrame,
    q: float,
    picture: bool,
    as_json: bool,
    family: FamilyWise | None = None,
) -> None:
    """Print what was found, and write it into a folder."""
    clusters = maps.clusters(fdr_q=q)
    facts = _facts_of(maps, clusters, q)
    if family is not None:
        facts["significant_voxels_fwe"] = int((family.p() < 0.05).sum())
    if not as_json:
        click.echo(_summary_of(facts, clusters))
    if picture:
        click.echo("Saving and drawing ...", err=True)
    tables = {"clusters": clusters, "studies": studies}
    files = maps.save(out, fdr_q=q, picture=picture, tables=tables, family=family)
    if as_json:
        facts["files"] = [str(path) for path in files]
        print_json(facts)
    else:
        click.echo(f"{len(files)} files in {out}")


def _facts_of(maps: Maps, clusters: pd.DataFrame, q: float) -> dict[str, Any]:
    """Give the facts of an analysis that are printed."""
    z = maps["z_desc-association"]
    best = int(z.argmax())
    return {
        "query": maps.labels[0],
        "n_selected": int(maps.n_selected[0]),
        "n_studies": maps.n_studies,
        "fdr_q": q,
        "significant_voxels": {
            test: int((maps.array(f"z_desc-{test}", fdr_q=q) != 0).sum())
            for test in ("association", "uniformity")
        },
        "largest_association_z": float(z[best]),
        "largest_association_z_at_mm": maps.mask.xyz_mm[best].tolist(),
        "clusters": int(clusters["cluster"].str.isdigit().sum())
        if len(clusters)
        else 0,
    }


def _summary_of(facts: dict[str, Any], clusters: pd.DataFrame) -> str:
    """Say what was found, in a few lines."""
    at = ", ".join(f"{v:g}" for v in facts["largest_association_z_at_mm"])
    voxels = facts["significant_voxels"]
    lines = [
        f"{facts['n_selected']:,} of {facts['n_studies']:,} studies: {facts['query']}",
        f"largest association z {facts['largest_association_z']:.2f} at ({at}) mm",
        f"significant voxels (FDR q {facts['fdr_q']:g}): association "
        f"{voxels['association']:,}, uniformity {voxels['uniformity']:,}",
    ]
    if "significant_voxels_fwe" in facts:
        n = facts["significant_voxels_fwe"]
        lines.append(f"by permutation (family-wise p < 0.05): association {n:,}")
    if len(clusters):
        shown = clusters.head(8).round({"value": 2})
        lines += ["", shown.to_string(index=False, na_rep=""), ""]
    return "\n".join(lines)
