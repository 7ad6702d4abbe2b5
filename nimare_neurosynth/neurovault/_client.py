"""NeuroVault, as an object that is asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.errors import ImageError, NetworkError, OptionError, warn
from nimare_neurosynth.neurovault._choose import NOT_ASKED, USABLE, choose
from nimare_neurosynth.neurovault._images import MAX_BYTES, bring
from nimare_neurosynth.neurovault._pages import PAGE_SIZE, all_pages
from nimare_neurosynth.neurovault._records import (
    collection_facts,
    collection_key,
    describe_counts,
    image_row,
    named,
    volume_ending,
)
from nimare_neurosynth.neurovault._server import TOKEN_VARIABLE, Server
from nimare_neurosynth.neurovault._studyset import document, has_size, studyset

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from nimare_neurosynth.database import Database
    from nimare_neurosynth.decoding import Decoding
    from nimare_neurosynth.meta import TermMaps
    from nimare_neurosynth.neurovault._push import Push


class NeuroVault(Server):
    """Asks NeuroVault for collections and images, and sends maps to it.

    Reading needs no token. Nothing is sent but by :meth:`push` with
    ``dry_run=False``.

    Parameters
    ----------
    base_url : str
        Of the API.
    token : str, optional
        Needed to send, and to see your own private collections; the environment
        variable ``NEUROVAULT_TOKEN`` by default. It goes to this server alone, and is
        never shown or stored.
    cache : str or path, optional
        Where images are kept, instead of in
        :func:`~nimare_neurosynth.io.cache_folder`.
    patience : Patience, optional
        How long to wait, and how often to try again.
    progress : bool
        Show bars on standard error.

    Raises
    ------
    OptionError
        If the address or the token cannot be used.

    Examples
    --------
    >>> NeuroVault()
    <NeuroVault at https://neurovault.org/api>
    >>> vault = NeuroVault()
    >>> studyset = vault.get([457])  # doctest: +SKIP
    """

    # ------------------------------------------------------------------ looking

    def collection(self, collection: int | str) -> dict[str, Any]:
        """Say what a collection is.

        Parameters
        ----------
        collection : int or str
            Its number, or the address of its page.

        Returns
        -------
        dict
            ``id``, ``name``, ``doi``, ``authors``, ``journal``, ``description``,
            ``number_of_images`` and ``url``.

        Raises
        ------
        OptionError
            If that names no collection.
        NetworkError
            If there is no answer, or a bad one.

        Examples
        --------
        >>> NeuroVault().collection(457)["name"]  # doctest: +SKIP
        'Human Connectome Project (HCP) group maps'
        """
        key = collection_key(collection)
        with self.asking() as ask:
            return self._facts(ask, key)

    def images(self, collections: int | str | Sequence[int | str]) -> pd.DataFrame:
        """List all images of collections, however many there are.

        Parameters
        ----------
        collections : int, str, or sequence of these
            Their numbers.

        Returns
        -------
        pandas.DataFrame
            A row per image: ``image`` and ``collection`` (numbers), ``name``,
            ``map_type`` (NeuroVault's) and ``kind`` (NiMARE's: z, t, beta, varcope, or
            ""), ``level``, ``n_subjects``, ``space`` and so on.

        Raises
        ------
        OptionError
            If that names no collection.
        NetworkError
            If there is no answer, a bad one, or one with less than the server counts.

        Examples
        --------
        >>> NeuroVault().images(457)["map_type"].value_counts()  # doctest: +SKIP
        """
        keys = _keys(collections)
        with self.asking() as ask:
            rows = [row for key in keys for row in self._rows(ask, key)]
        return _table(rows)

    def _facts(self, ask: Any, key: str) -> dict[str, Any]:
        return collection_facts(ask(f"/collections/{key}/"), self.base_url)

    def _rows(self, ask: Any, key: str) -> list[dict[str, Any]]:
        found = all_pages(ask, f"/collections/{key}/images/", page_size=PAGE_SIZE)
        rows = [image_row(entry, self.base_url) for entry in found]
        number = int(key) if key.isdecimal() else None
        for row in rows:
            row["collection"] = row["collection"] or number
        return rows

    # ------------------------------------------------------------------ getting

    def get(
        self,
        collections: int | str | Sequence[int | str],
        *,
        contrasts: Mapping[str, str] | None = None,
        levels: Sequence[str] = ("group",),
        kinds: Sequence[str] = USABLE,
        thresholded: bool = False,
        skip_failed: bool = False,
        max_bytes: int = MAX_BYTES,
    ) -> Any:
        """Get collections as a NiMARE Studyset, ready for image-based meta-analysis.

        Each collection is a study, and each contrast an analysis with its z, t, beta
        and varcope maps and its sample size. Files are downloaded once; their SHA-256
        is in the metadata of each image. What is left out is counted in a warning;
        :func:`choose` says it of each image.

        Parameters
        ----------
        collections : int, str, or sequence of these
            Their numbers.
        contrasts, levels, kinds, thresholded
            Which images; see :func:`choose`.
        skip_failed : bool
            Go on without images that cannot be had, with a warning.
        max_bytes : int
            A larger image is refused.

        Returns
        -------
        nimare.studyset.Studyset

        Raises
        ------
        OptionError
            If an option has an impossible value.
        NetworkError
            If an image cannot be had; the others stay in the cache.
        ImageError
            If no image is left, or one is none.

        Examples
        --------
        >>> from nimare.meta.ibma import Stouffers  # doctest: +SKIP
        >>> studyset = NeuroVault().get([457, 1952])  # doctest: +SKIP
        >>> result = Stouffers().fit(studyset)  # doctest: +SKIP
        """
        return self.get_with_table(
            collections,
            skip_failed=skip_failed,
            max_bytes=max_bytes,
            contrasts=contrasts,
            levels=levels,
            kinds=kinds,
            thresholded=thresholded,
        )[0]

    def get_with_table(
        self,
        collections: int | str | Sequence[int | str],
        *,
        skip_failed: bool = False,
        max_bytes: int = MAX_BYTES,
        **rules: Any,
    ) -> tuple[Any, pd.DataFrame]:
        """Get collections, and what :func:`choose` says of them; see :meth:`get`."""
        _check_bytes(max_bytes)
        keys = _keys(collections)
        with self.asking() as ask:
            about = [self._facts(ask, key) for key in keys]
            rows = []
            for key, facts in zip(keys, about, strict=True):
                # images of private collections may not say of which they are
                rows += [
                    {**row, "collection": facts["id"]} for row in self._rows(ask, key)
                ]
        table = choose(_table(rows), **rules)
        used = self._used(table, len(keys))
        used, files = self._bring(used, max_bytes, skip=skip_failed)
        unknown = sum(not has_size(row) for row in used)
        if unknown:
            warn(
                f"NeuroVault does not know the sample size of {unknown:,} of "
                f"{len(used):,} images: estimators that need it leave them out."
            )
        return studyset(document({f["id"]: f for f in about}, used, files)), table

    def _used(self, table: pd.DataFrame, n_collections: int) -> list[dict[str, Any]]:
        left_out = [reason for reason in table["left_out"] if reason]
        said = describe_counts(left_out)
        used: list[dict[str, Any]] = table[table["left_out"] == ""].to_dict("records")  # type: ignore[assignment]
        if not used:
            raise ImageError(
                f"none of the {len(table):,} images of {n_collections:,} collections "
                f"can be used ({said or 'they are empty'}). See levels, kinds, "
                "contrasts and thresholded."
            )
        left_out = [reason for reason in left_out if reason != NOT_ASKED]
        said = describe_counts(left_out)
        if left_out:
            warn(f"{len(left_out):,} of {len(table):,} images are left out: {said}.")
        return used

    def _bring(
        self, rows: Sequence[dict[str, Any]], max_bytes: int, *, skip: bool
    ) -> tuple[list[dict[str, Any]], dict[int, tuple[Path, str]]]:
        """Give the images that could be had, and their files."""
        files, failed = bring(
            rows,
            self.cache,
            self.base_url,
            patience=self.patience,
            max_bytes=max_bytes,
            progress=self.progress,
        )
        _tell_failed(failed, len(rows), skip=skip)
        return [row for row in rows if int(row["image"]) in files], files

    # ----------------------------------------------------------------- decoding

    def decode(
        self,
        what: int | str,
        database: Database | TermMaps,
        terms: str | os.PathLike[str] | Sequence[str] | None = None,
        *,
        skip_failed: bool = False,
        max_bytes: int = MAX_BYTES,
        **options: Any,
    ) -> Decoding:
        """Find terms for an image of NeuroVault, or for all of a collection.

        Parameters
        ----------
        what : int or str
            An image by its number, ``"image:10426"``, ``"collection:457"``, or the
            address of the page of either.
        database : Database or TermMaps
            As for :func:`nimare_neurosynth.decode`.
        terms : str, sequence of str or path, optional
            As for :func:`nimare_neurosynth.decode`.
        skip_failed : bool
            Go on without images that cannot be had, with a warning.
        max_bytes : int
            A larger image is refused.
        **options
            As for :func:`nimare_neurosynth.decode`.

        Returns
        -------
        Decoding
            Images are called by their numbers; ``image_facts`` say which they are.

        Raises
        ------
        OptionError
            If ``what`` names nothing, or an option is impossible.
        NetworkError
            If an image cannot be had.
        ImageError
            If there is none in MNI space.

        Examples
        --------
        >>> from nimare_neurosynth import load_demo
        >>> NeuroVault().decode(10426, load_demo()).table()  # doctest: +SKIP
        """
        from nimare_neurosynth.neurovault._decode import decode_rows

        _check_bytes(max_bytes)
        kind, key = named(what, "image")
        with self.asking() as ask:
            if kind == "image":
                path = f"/images/{key}/?format=json"
                rows = [image_row(ask(path), self.base_url)]
            else:
                rows = self._rows(ask, key)
        used = [row for row in rows if volume_ending(row["file"])]
        used = [row for row in used if row["space"] == "MNI"]
        if not used:
            raise ImageError(f"{what!r} has no volume in MNI space that can be read.")
        if len(used) < len(rows):
            warn(
                f"{len(rows) - len(used):,} of {len(rows):,} images are left out: they "
                "are not in MNI space, or no volumes."
            )
        used, files = self._bring(used, max_bytes, skip=skip_failed)
        return decode_rows(used, files, database, terms, options)

    # ------------------------------------------------------------------ sending

    def push(
        self,
        maps: Any,
        collection: int | str,
        *,
        dry_run: bool = True,
        names: Sequence[str] | None = None,
        fields: Mapping[str, str] | None = None,
        journal: str | os.PathLike[str] | None = None,
    ) -> Push:
        """Send maps with their metadata to a collection, or show what would be sent.

        Parameters
        ----------
        maps : Maps, MetaResult, path, sequence or dict of paths, or Push
            Maps of one label; a result of NiMARE; a folder of maps with sidecars (from
            :meth:`Maps.save`); files; or what a dry run gave, which then sends exactly
            that.
        collection : int or str
            Yours; make it on the web first.
        dry_run : bool
            Send nothing, and ask the server nothing; give the account of each item.
        names : sequence of str, optional
            Only these maps.
        fields : mapping of str to str, optional
            NeuroVault's fields for all items, instead of those that are found out, such
            as ``{"modality": "PET FDG"}``.
        journal : str or path, optional
            Where it is noted what has arrived, so that the same call goes on; in the
            cache by default.

        Returns
        -------
        Push
            What was sent, or would be, item by item.

        Raises
        ------
        OptionError
            If there is no token, or an option cannot be used.
        ImageError, FormatError
            If a map cannot be read, or has changed since the dry run.
        NetworkError
            If the server cannot be asked what it has already. Failures of items are in
            the account; see :meth:`Push.raise_if_failed`.

        Examples
        --------
        >>> from nimare_neurosynth import load_demo, meta_analysis
        >>> maps = meta_analysis(load_demo(), "emotion")
        >>> plan = NeuroVault().push(maps, 457, names=["z_desc-association"])
        >>> plan
        <Push of 1 item to https://neurovault.org/api/collections/457/: dry run>
        >>> plan.items[0].fields["map_type"], plan.items[0].fields["analysis_level"]
        ('Z', 'M')
        >>> NeuroVault().push(plan, 457, dry_run=False)  # doctest: +SKIP
        """
        from nimare_neurosynth.neurovault._push import Push, plan_of
        from nimare_neurosynth.neurovault._sending import send_plan

        key = collection_key(collection)
        target = f"{self.base_url}/collections/{key}/"
        if isinstance(maps, Push):
            if names is not None or fields is not None:
                raise OptionError("a dry run is sent as it is: no names, no fields.")
            plan = maps.again(target)
        else:
            plan = plan_of(maps, target, names=names, fields=fields or {})
        if dry_run:
            return plan
        if not self.has_token:
            raise OptionError(
                f"a token is needed to send: set {TOKEN_VARIABLE}, or give token=."
            )
        where = None if journal is None else Path(journal)
        return send_plan(self, plan, key, where)


def _keys(given: int | str | Sequence[int | str]) -> list[str]:
    listed = (
        [given] if isinstance(given, str) or not hasattr(given, "__iter__") else given
    )
    keys = list(dict.fromkeys(collection_key(one) for one in listed))
    if not keys:
        raise OptionError("no collection is named.")
    return keys


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame(rows, columns=list(image_row({"id": 1}, "")))
    numbers = dict.fromkeys(("image", "collection", "n_subjects"), "Int64")
    return table.astype(numbers).astype({"n_subjects": object}).replace({pd.NA: None})


def _check_bytes(max_bytes: int) -> None:
    if isinstance(max_bytes, bool) or not isinstance(max_bytes, int) or max_bytes < 1:
        raise OptionError(f"max_bytes must be a number above 0, got {max_bytes!r}.")


def _tell_failed(failed: Mapping[int, str], n: int, *, skip: bool) -> None:
    """Raise or warn of images that could not be had, each with its reason."""
    if not failed:
        return
    listed = "\n".join(f"  image {image}: {why}" for image, why in failed.items())
    said = f"{len(failed):,} of {n:,} images cannot be used:\n{listed}"
    if not skip or len(failed) == n:
        raise NetworkError(
            f"{said}\nThe others are in the cache: call again to go on, or skip these "
            "(skip_failed, --skip-failed)."
        )
    warn(said)
