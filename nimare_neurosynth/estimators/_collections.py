"""What is analysed: studysets in every form that they come in."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError, SelectionError
from nimare_neurosynth.space import Mask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


def as_studyset(collection: Any) -> Any:
    """Take a studyset, a Dataset (deprecated), a NIMADS dict or a path as a studyset.

    Raises
    ------
    OptionError
        If it is none of these.
    """
    from nimare.studyset import Studyset, normalize_collection

    if isinstance(collection, str | PathLike):
        from nimare_neurosynth.io import open_studyset

        return open_studyset(fspath(collection))
    try:
        made = normalize_collection(collection)
    except (TypeError, ValueError) as error:
        made = error
    if not isinstance(made, Studyset):
        raise OptionError(
            "a NiMARE Studyset (or a Dataset, a NIMADS dictionary or a path) is "
            f"needed, got {type(collection).__name__}."
        )
    return made


def narrowed(studyset: Any, *, drop_invalid: bool) -> Any:
    """Keep the analyses of a studyset that have coordinates.

    Raises
    ------
    SelectionError
        If none has, or one has none and ``drop_invalid`` is False.
    """
    from nimare.studyset.requirements import Coordinates

    requirement = Coordinates()
    valid = np.asarray(requirement.validity(studyset.view))
    if not drop_invalid and not valid.all():
        raise SelectionError(
            f"{np.count_nonzero(~valid):,} of {len(valid):,} analyses have no "
            "coordinates: leave drop_invalid=True to pass over them."
        )
    if not valid.any():
        raise SelectionError(
            f"none of the {len(valid):,} analyses of this studyset has coordinates."
        )
    return studyset.select_analyses(valid)


def check_spaces(views: Sequence[Any]) -> None:
    """Refuse foci that are in several spaces, where nothing brings them together.

    Raises
    ------
    OptionError
        If a studyset has no space of its own (``target=None``) and its foci, or those
        of both groups, are in several.
    """
    names: set[str] = set()
    for view in views:
        block = view.coordinate_block()
        codes = np.unique(block.space)
        own = {str(block.space_categories[code]) for code in codes[codes >= 0]}
        if view.context.space is None or len(own) > 1:
            names |= own
    if len(names) > 1:
        raise OptionError(
            f"foci are in several spaces ({', '.join(sorted(names))}), and the "
            "studyset has none to bring them to: open it with target='mni152_2mm'."
        )


@dataclass(frozen=True)
class Later:
    """A table that is made when it is asked for."""

    make: Callable[..., Any]
    of: tuple[Any, ...]


def coordinates_of(studyset: Any, masker: Any) -> Any:
    """Give the table of foci that NiMARE's own classes work on, with voxels."""
    from nimare.utils import mm2vox

    table = studyset.view.frame("coordinates").copy()
    xyz = table[["x", "y", "z"]].to_numpy()
    table[["i", "j", "k"]] = mm2vox(xyz, masker.mask_img.affine)
    return table


class Inputs(dict[str, Any]):
    """Inputs of an estimator, of which large tables are made when they are asked for.

    NiMARE's estimators have them ready, and copy them with each result.
    """

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if isinstance(value, Later):
            value = self[key] = value.make(*value.of)
        return value

    def get(self, key: str, default: Any = None) -> Any:
        """Give an input, or something else where there is none."""
        return self[key] if key in self else default  # noqa: SIM401 - that is get

    def values(self) -> Any:
        """Give all inputs."""
        return [self[key] for key in self]

    def items(self) -> Any:
        """Give all inputs with their names."""
        return [(key, self[key]) for key in self]

    def pop(self, key: str, *default: Any) -> Any:
        """Take an input out."""
        value = super().pop(key, *default)
        return value.make(*value.of) if isinstance(value, Later) else value

    def shared(self, change: Callable[[Any], Any] = lambda s: s) -> Inputs:
        """Make another with the same inputs, without making tables.

        ``change`` is for the studysets that tables would be made of.
        """
        made = Inputs()
        for key in self:
            value = super().__getitem__(key)
            if isinstance(value, Later):
                value = Later(value.make, (change(value.of[0]), *value.of[1:]))
            made[key] = value
        return made

    def __reduce__(self) -> Any:
        plain = [(key, super(Inputs, self).__getitem__(key)) for key in self]
        return Inputs, (), None, None, iter(plain)


_MASKS: dict[int, tuple[Any, Mask]] = {}


def mask_of(masker: Any) -> Mask:
    """Take the voxels of a masker of nilearn.

    Raises
    ------
    OptionError
        If it is none of single voxels.
    """
    image = getattr(masker, "mask_img_", None)
    image = getattr(masker, "mask_img", None) if image is None else image
    if image is None or type(masker).__name__ != "NiftiMasker":
        raise OptionError(
            f"a NiftiMasker with a mask image is needed, got {type(masker).__name__}."
        )
    kept = _MASKS.get(id(image))
    if kept is None or kept[0] is not image:
        _MASKS.clear()  # one is enough: all analyses of a session share it
        kept = _MASKS[id(image)] = (image, Mask.from_image(image))
    return kept[1]


def slim(studyset: Any) -> Any:
    """Give a studyset without annotations and texts, over one shared store."""
    from nimare.studyset import ColumnStore, Studyset
    from nimare.studyset.store import derived, replace

    view = studyset.view
    kept = derived(view.store)
    if __name__ not in kept:
        texts = ColumnStore(view.store.n_analyses)
        kept[__name__] = replace(view.store, annotations={}, texts=texts)
    context = view.context
    made = Studyset(
        kept[__name__],
        target=context.space,
        mask=context.masker,
        basepath=context.basepath,
    )
    if view.point_mask is not None:
        made = made.select_points(view.point_mask)
    return made.select_analyses(view.index)


def ids_of(view: Any) -> NDArray[np.object_]:
    """Give the ids of the studies that the analyses of a view are of."""
    return np.asarray(view.store.study_key[view.store.study_idx[view.index]], object)
