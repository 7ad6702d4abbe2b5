"""What replaces each old call, and the switch between old and corrected numbers."""

from __future__ import annotations

import sys
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from nimare_neurosynth.errors import LegacyWarning, OptionError, warn

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

ADVICE: dict[str, str] = {
    "Dataset": 'database = read_database("database.txt", features="features.txt")',
    "Dataset.load": 'database = open_database("folder")',
    "Dataset.save": 'write_database(database, "folder")',
    "Dataset.add_features": 'read_database("database.txt", features="features.txt")',
    "Dataset.create_image_table": "database.activations(radius_mm=6)",
    "Dataset.get_studies": 'database.select("emot* & ~(reward | pain)", '
    'near=[0, -52, 26], region="mask.nii.gz")',
    "Dataset.get_ids_by_features": 'database.select("emot*", threshold=0.001).ids',
    "Dataset.get_ids_by_expression": 'database.select("emotion & ~pain").ids',
    "Dataset.get_ids_by_mask": 'database.select(region="mask.nii.gz", '
    "min_proportion=0.1).ids",
    "Dataset.get_ids_by_peaks": "database.select(near=[0, -52, 26], radius_mm=10).ids",
    "Dataset.get_image_data": "database.activations().to_csr()",
    "Dataset.get_feature_data": 'database.label_sets["features"].weights',
    "Dataset.get_feature_names": 'database.label_sets["features"].labels',
    "Dataset.get_feature_counts": 'database.label_sets["features"]'
    ".columns(threshold=0.001).sizes",
    "Dataset.get_coordinates": 'database.mni("icbm_spm")',
    "Dataset.download": 'database = fetch("neurosynth")',
    "Dataset.mappables": "database.studies",
    "Dataset.activations": "database.peaks",
    "Dataset.image_table": "database.activations()",
    "Dataset.feature_table": 'database.label_sets["features"]',
    "Dataset.masker": "maps.mask",
    "ImageTable.get_image_data": "database.activations().to_csr()",
    "ImageTable.save_images_to_file": "database.activations().to_csr()",
    "ImageTable.trim": 'meta_analysis(database, selection, universe="pain")',
    "FeatureTable.add_features": 'read_database("database.txt", '
    'features="features.txt")',
    "FeatureTable.get_feature_data": 'database.label_sets["features"].weights',
    "FeatureTable.get_features_by_ids": "decode_studies(database, selection)",
    "FeatureTable.get_ids": 'database.select("emot*", threshold=0.001).ids',
    "FeatureTable.get_ids_by_expression": 'database.select("emotion & ~pain").ids',
    "FeatureTable.get_ordered_names": 'database.find_labels("emot*")',
    "FeatureTable.search_features": 'database.find_labels("emot*")',
    "download": 'database = fetch("neurosynth")',
    "download_abstracts": 'database.table("texts")',
    "Masker": 'Mask.from_image("mask.nii.gz")',
    "Masker.add": 'space.region_voxels("region.nii.gz", mask)',
    "Masker.get_header": "mask.affine",
    "Masker.get_image": 'space.read_volume("map.nii.gz")',
    "Masker.get_mask": 'space.region_voxels("region.nii.gz", mask)',
    "Masker.mask": 'decoding.read_patterns("map.nii.gz", mask)',
    "Masker.remove": "Mask.from_array(inside, mask.affine)",
    "Masker.reset": "Mask.from_array(inside, mask.affine)",
    "Masker.set_mask": "Mask.from_array(inside, mask.affine)",
    "Masker.unmask": "mask.to_volume(values)",
    "MetaAnalysis": "maps = meta_analysis(database, selection)",
    "MetaAnalysis.save_results": 'maps.save("folder")',
    "MetaAnalysis.images": 'maps.image("z_desc-association", fdr_q=0.01)',
    "analyze_features": 'term_maps(database, "folder")',
    "compare_images": "meta_analysis(database, one, versus=other)",
    "Decoder": 'decode(database, "map.nii.gz")',
    "Decoder.decode": 'decode(database, "map.nii.gz")',
    "Decoder.load_features": 'decode(database, "map.nii.gz", ["pain", "emot*"])',
    "Decoder.plot_polar": 'decode(database, "map.nii.gz").plot("radar")',
    "Decoder.set_method": 'decode(database, "map.nii.gz", method="cosine")',
    "Decoder.train_classifiers": 'decoding.Classifier.of(database, ["pain", "memory"])',
    "roi.get_studies": 'database.select(region="region.nii.gz", min_proportion=0.1)',
    "roi.decode": 'decode_region(database, "region.nii.gz")',
    "roi.average": 'networks.average_within_regions(database, "region.nii.gz")',
    "coactivation": "macm(database, [0, -52, 26])",
    "magic": 'networks.parcellate(database, "region.nii.gz", 5)',
    "Clusterable": "database.activations().to_csr()",
    "Clusterable.transform": 'networks.parcellate(database, "region.nii.gz", 5, '
    "reducer=reducer)",
    "Clusterer": 'networks.parcellate(database, "region.nii.gz", 5)',
    "Clusterer.cluster": 'networks.parcellate(database, "region.nii.gz", 5)',
    "Clusterer.create_distance_matrix": "sklearn.metrics.pairwise_distances(X)",
    "Clusterer.set_algorithm": 'networks.parcellate(database, "region.nii.gz", 5, '
    'algorithm="agglomerative")',
    "average_within_regions": "networks.average_within_regions(database, atlas)",
    "apply_grid": "networks.average_within_regions(database, Parcels.grid(10))",
    "get_random_voxels": "database.activations().to_csr()",
    "run_lda": "mining.fit_topics(words, 50)",
    "topic_models": "mining.fit_topics(words, 50)",
    "get_studies_by_regions": "networks.classify_regions(database, regions)",
    "classify_regions": "networks.classify_regions(database, regions)",
    "feature_selection": "sklearn.feature_selection.SelectKBest(k=100)",
    "get_score": "sklearn.metrics.accuracy_score(y, model.predict(X))",
    "classify_by_features": "networks.classify_regions(database, regions)",
    "regularize": "sklearn.preprocessing.scale(X, with_mean=False)",
    "get_feature_order": 'database.label_sets["features"].index["pain"]',
    "classify": "sklearn.model_selection.cross_val_score(model, X, y)",
    "Classifier": "sklearn.model_selection.cross_val_score(model, X, y)",
    "Classifier.cross_val_fit": "sklearn.model_selection.cross_val_score(model, X, y)",
    "Classifier.feat_select_cvs": "sklearn.pipeline.make_pipeline(selector, model)",
    "Classifier.fit": "model.fit(X, y)",
    "Classifier.fit_dataset": "networks.classify_regions(database, regions)",
    "Classifier.set_class_weight": 'model.set_params(class_weight="balanced")',
    "create_grid": "Parcels.grid(8)",
    "get_sphere": "space.sphere_voxels([0, -52, 26], 6, mask)",
    "map_peaks_to_image": "engine.build_activations(xyz, study, n_studies, "
    "mask=mask, radius_mm=6)",
    "load_imgs": 'decoding.read_patterns("map.nii.gz", mask)',
    "save_img": 'mask.to_image(values).to_filename("map.nii.gz")',
    "threshold_img": 'maps.image("z_desc-association", fdr_q=0.01)',
    "transform": "space.talairach_to_mni(xyz, rows, 'icbm_spm')",
    "Transformer": "space.talairach_to_mni(xyz, rows, 'icbm_spm')",
    "t88_to_mni": 'space.TALAIRACH_MATRICES["icbm_spm"]',
    "xyz_to_mat": "space.mm_to_voxel(xyz, mask.affine)",
    "mat_to_xyz": "mask.xyz_mm",
    "Lexer": 'database.select("emotion & ~pain")',
    "Parser": 'database.select("emotion & ~pain")',
    "two_way": "stats.association_and_uniformity_z(counts, ...)",
    "one_way": "stats.association_and_uniformity_z(counts, ...)",
    "fdr": "stats.fdr_threshold(p, q)",
    "pearson": "numpy.corrcoef(x, y)",
    "convert_neurosynth_to_dict": "database.to_dataset()",
    "convert_neurosynth_to_dataset": "database.to_dataset()",
    "convert_neurosynth_to_json": 'convert("database.txt", "dataset.json", '
    'to="nimare")',
}
"""For each old call, the line of new code that does the same."""

_told: set[str] = set()
_teller: Callable[[str], None] | None = None
_strict = False


def strict(on: bool = True) -> None:
    """Give the old package's numbers where ours differ on purpose.

    Parameters
    ----------
    on : bool
        True from now on, False as before. What exists already stays as it is.

    Notes
    -----
    Strict are: z that stops at 33.11, queries read from right to left with ``>``
    meaning at least, patterns that are regular expressions, Talairach coordinates cut
    to whole millimetres where the file has whole numbers only, regions that must be
    exceeded rather than reached (averages within regions reached rather than exceeded),
    p values of tables with an empty row or column, and a plain table where one image is
    decoded.

    Examples
    --------
    >>> strict(True)
    >>> strict(False)
    """
    if not isinstance(on, bool):
        raise OptionError(f"strict takes True or False, got {on!r}.")
    global _strict  # noqa: PLW0603 - a switch is what it is
    _strict = on


def is_strict() -> bool:
    """Tell whether the old numbers are asked for."""
    return _strict


def advise(name: str) -> None:
    """Warn, once for each old call, with the line that replaces it."""
    if name in _told:
        return
    _told.add(name)
    advice = f"neurosynth: {name} lives on as\n    {ADVICE[name]}"
    if _teller is None:
        warn(advice, LegacyWarning)
    else:
        _teller(advice)


def tell_with(teller: Callable[[str], None] | None) -> None:
    """Have advice given by a function, whatever warnings a script hides.

    Parameters
    ----------
    teller : callable or None
        Gets the text; with None, there are warnings again.
    """
    global _teller  # noqa: PLW0603 - as above
    _teller = teller


def forget_advice() -> None:
    """Have every old call warn again, as in a new process."""
    _told.clear()


def old(name: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Mark a function as an old call: users who call it are told what replaces it.

    Parameters
    ----------
    name : str
        One of :data:`ADVICE`.
    """

    def mark(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> T:
            caller = sys._getframe(1).f_globals.get("__name__", "")  # noqa: SLF001
            if not caller.startswith(__package__):  # the layer's own calls are silent
                advise(name)
            return function(*args, **kwargs)

        return called

    return mark
