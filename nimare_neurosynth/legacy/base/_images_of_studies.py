"""Which voxels each study activates, as the old code looks at it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError, SelectionError, warn
from nimare_neurosynth.legacy._images import OldImage
from nimare_neurosynth.legacy.base._features import as_text
from nimare_neurosynth.legacy.base.imageutils import write_image

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.engine import Activations
    from nimare_neurosynth.legacy.base.dataset import Dataset
    from nimare_neurosynth.legacy.base.mask import Masker


def listed_ids(ids: Any) -> list[Any]:
    """List ids of studies: one, several, or those of a table of studies."""
    if isinstance(ids, str | int | np.integer):
        return [ids]
    if hasattr(ids, "columns") and "id" in ids.columns:  # what get_studies() gives
        return list(ids["id"])
    try:
        return list(ids)
    except TypeError:
        raise OptionError(f"a list of study ids is needed, got {ids!r}.") from None


def plain(study: Any) -> Any:
    """Give an id as errors show it."""
    return study.item() if isinstance(study, np.generic) else study


class ImageTable:
    """Activations of studies: voxels in rows, studies in columns, 0 or 1.

    The matrix is made when it is first looked at; analyses do without.

    Parameters
    ----------
    dataset : Dataset
        Whose radius and masker are used.
    r, use_sparse
        Not used, as before.

    Attributes
    ----------
    ids : ndarray
        Of the studies, in the order of their columns.
    """

    def __init__(self, dataset: Dataset, r: float = 6, use_sparse: bool = True) -> None:
        self.masker: Masker = dataset.masker
        self.r = dataset.r
        self.database = dataset.database
        self.talairach = dataset.talairach
        reported = np.zeros(self.database.n_studies, dtype=bool)
        reported[self.database.peaks.study] = True
        self.rows = np.flatnonzero(reported)
        every = np.asarray(dataset.whole_ids)
        self.ids = every[self.rows]
        self._data: Any = None
        self.activations()  # a wrong radius is told now

    def __repr__(self) -> str:
        return f"<ImageTable: {len(self.ids):,} studies, r={self.r:g} mm>"

    def activations(self) -> Activations:
        """Give the activations of all studies of the database."""
        return self.database.activations(
            radius_mm=self.r,
            mask=self.masker.space,
            talairach=self.talairach,
            progress=True,
        )

    @property
    def data(self) -> Any:
        """The matrix, sparse, of float64, shape (n_voxels, n_studies)."""
        if self._data is None:
            self._data = self._matrix(self.rows)
        return self._data

    def _matrix(self, rows: NDArray[np.int64]) -> csr_matrix:
        """Give studies of the database as columns of what old code multiplies by *."""
        from scipy.sparse import csr_matrix

        by_study = self.activations().to_csr(rows)
        return csr_matrix(by_study.T.tocsr().astype(np.float64))

    @property
    def counted(self) -> BoolArray:
        """The studies of the database that are in the table, shape (n_studies,)."""
        return self._marked(self.rows)

    def _marked(self, rows: NDArray[np.int64]) -> BoolArray:
        mask = np.zeros(self.database.n_studies, dtype=bool)
        mask[rows] = True
        return mask

    def places(self, ids: Any) -> NDArray[np.int64]:
        """Find the columns of studies, ascending; ids that are not there are left out.

        Ids can be numbers or their text.
        """
        wanted = {as_text(i) for i in listed_ids(ids)}
        return np.array(
            [i for i, study in enumerate(self.ids) if str(study) in wanted],
            dtype=np.int64,
        )

    def chosen(self, ids: Any, what: str = "ids") -> BoolArray:
        """Mark studies of the database, for an analysis of them.

        Raises
        ------
        SelectionError
            If none of them is there, though some were named.
        """
        listed = listed_ids(ids)
        places = self.places(listed)
        n_unknown = len({as_text(i) for i in listed}) - len(places)
        if listed and not len(places):
            raise SelectionError(
                f"none of the {len(listed):,} studies in {what} is in the Dataset: "
                f"they are like {plain(listed[0])!r}, its own like "
                f"{plain(self.ids[0])!r}."
            )
        if n_unknown:
            warn(
                f"{n_unknown:,} of the studies in {what} report no peaks in this "
                "Dataset, and are left out."
            )
        return self._marked(self.rows[places])

    def get_image_data(
        self, ids: Any = None, voxels: Any = None, dense: bool = True
    ) -> Any:
        """Give a part of the matrix, columns in the order of the table.

        Parameters
        ----------
        ids : sequence, optional
            Studies; unknown ones are left out.
        voxels : sequence of int or bool, optional
            Rows.
        dense : bool
            As an array, else sparse.
        """
        found = self.data if ids is None else self._matrix(self.rows[self.places(ids)])
        if voxels is not None:
            found = found[np.asarray(voxels)]
        return found.toarray() if dense else found

    def trim(self, ids: Any) -> None:
        """Keep only some studies, for every analysis from now on."""
        kept = self.places(ids)
        self.ids, self.rows = self.ids[kept], self.rows[kept]
        self._data = None

    def save_images_to_file(self, ids: Any, outroot: str = "./") -> None:
        """Write the activations of each study as ``{outroot}{id}.nii.gz``."""
        places = self.places(ids)
        columns = self.get_image_data(self.ids[places])
        for study, column in zip(self.ids[places], columns.T, strict=True):
            image = self.masker.space.to_volume(column)
            made = OldImage.on(image, self.masker.space.affine)
            write_image(Path(f"{outroot}{study}.nii.gz"), made)
