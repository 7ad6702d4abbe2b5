"""Terms for images, however they are asked for."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.decoding._bayes import decode_bayes
from nimare_neurosynth.decoding._compare import check_draws
from nimare_neurosynth.decoding._continuous import MapDecoder
from nimare_neurosynth.decoding._images import read_patterns
from nimare_neurosynth.decoding._region import decode_region
from nimare_neurosynth.decoding._stored import StoredDecoder
from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.io import lines_of
from nimare_neurosynth.meta import TermMaps
from nimare_neurosynth.space import as_mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nimare_neurosynth.database import Database
    from nimare_neurosynth.decoding._result import Decoding

OTHER_METHODS = ("roi", "nb")
"""What else :func:`decode` can do with images."""


def decode(
    database: Database | TermMaps,
    images: Any,
    terms: str | PathLike[str] | Sequence[str] | None = None,
    *,
    method: str = "pearson",
    min_overlap: float = 0.25,
    n_permutations: int = 0,
    seed: int = 0,
    **options: Any,
) -> Decoding:
    """Find the terms whose association maps images look like.

    Parameters
    ----------
    database : Database or TermMaps
        Studies with terms; or maps that are stored already, which need no studies but
        give no p values (:class:`nimare_neurosynth.decoding.StoredDecoder`).
    images : path, nibabel image, ndarray, sequence or dict of these, or folder
        Maps in MNI space, on any grid: they are resampled to the mask. An image with
        four dimensions is one for each volume; arrays have one value per voxel of the
        mask.
    terms : str, sequence of str or pathlib.Path, optional
        Names or patterns of one label set (a path: of a text file with one on each
        line); all its labels by default.
    method : {"pearson", "spearman", "cosine", "dot", "roi", "nb"}
        ``"pearson"`` is Neurosynth's. ``"roi"`` is :func:`decode_region`, ``"nb"`` is
        :func:`decode_bayes`, with their options.
    min_overlap : float
        Share of an image's values that must lie within the brain mask.
    n_permutations, seed
        See :meth:`MapDecoder.decode`.
    **options
        As for :meth:`MapDecoder.of`.

    Returns
    -------
    Decoding

    Raises
    ------
    ImageError
        If an image cannot be read, is empty or constant, or does not look like one in
        MNI space.
    UnknownTermError, EmptySelectionError, OptionError
        If terms or options cannot be used.

    Notes
    -----
    ``r`` is Pearson's correlation of the image with the association z of a term, over
    all voxels of the mask. ``z`` and ``p`` say whether as many studies, drawn at
    random, would fit the image as well; they know nothing of the noise of the image
    itself. With thousands of studies, many terms are significant: look at ``r``.

    Examples
    --------
    >>> from nimare_neurosynth import decode, load_demo, meta_analysis
    >>> database = load_demo()
    >>> image = meta_analysis(database, "emotion").image("z_desc-association")
    >>> found = decode(database, image).table()
    >>> found["term"][0], round(float(found["r"][0]), 6)
    ('emotion', 1.0)
    """
    if method in OTHER_METHODS:
        options |= {"min_overlap": min_overlap, "seed": seed}
        options["n_permutations"] = n_permutations
        return _decode_otherwise(database, images, terms, method, options)
    if isinstance(database, TermMaps):
        if check_draws(n_permutations, seed):
            raise OptionError(
                "stored maps know no studies to permute: leave out n_permutations."
            )
        options |= {"method": method, "min_overlap": min_overlap}
        return _decode_stored(database, images, terms, options)
    # a wrong image is told before terms are prepared, which can take seconds
    space = as_mask(options.pop("mask", None))
    patterns = read_patterns(images, space, min_overlap=min_overlap)
    decoder = MapDecoder.of(database, terms, mask=space, **options)
    return decoder.decode(
        patterns, method=method, n_permutations=n_permutations, seed=seed
    )


def _decode_stored(
    maps: TermMaps,
    images: Any,
    terms: str | PathLike[str] | Sequence[str] | None,
    options: dict[str, Any],
) -> Decoding:
    known = {"method", "min_overlap", "region", "n_jobs", "progress"}
    if unknown := sorted(set(options) - known):
        raise OptionError(
            f"stored maps were made with their own options: leave out {unknown[0]!r} "
            f"(they take {', '.join(sorted(known))})."
        )
    if isinstance(terms, PathLike):
        terms = lines_of(Path(terms))
    wanted = None if terms is None else maps.find(terms)
    decoder = StoredDecoder.of(maps)
    found = decoder.decode(images, **options)
    return found if wanted is None else found.of_terms(wanted)


def _decode_otherwise(
    database: Any, images: Any, terms: Any, method: str, options: dict[str, Any]
) -> Decoding:
    """Decode regions, or by naive Bayes; leave out options that are not of these."""
    if method == "roi":
        del options["min_overlap"]
        return decode_region(database, images, terms, **options)
    if options.pop("n_permutations"):
        raise OptionError("naive Bayes has no permutation null: no n_permutations.")
    del options["seed"]
    return decode_bayes(database, images, terms, **options)
