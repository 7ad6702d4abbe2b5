"""The tables of "Moving from Neurosynth": whole, and true of the package as it is."""

import ast
import inspect
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from nimare_neurosynth import load_demo, meta_analysis
from nimare_neurosynth.legacy._advice import ADVICE

DOCS = Path(__file__).parents[2] / "docs"

OLD_API = {
    # module: what it offered that others call, in version 0.3.8 or in guides
    "Dataset": """Dataset Dataset.load Dataset.save Dataset.add_features
        Dataset.create_image_table Dataset.get_studies Dataset.get_ids_by_features
        Dataset.get_ids_by_expression Dataset.get_ids_by_mask Dataset.get_ids_by_peaks
        Dataset.get_image_data Dataset.get_feature_data Dataset.get_feature_names
        Dataset.get_feature_counts Dataset.get_coordinates Dataset.mappables
        Dataset.download
        Dataset.activations Dataset.image_table Dataset.feature_table Dataset.masker
        ImageTable.get_image_data ImageTable.trim ImageTable.save_images_to_file
        FeatureTable.add_features FeatureTable.get_feature_data FeatureTable.get_ids
        FeatureTable.get_ids_by_expression FeatureTable.get_features_by_ids
        FeatureTable.get_ordered_names FeatureTable.search_features
        download download_abstracts""",
    "Masker": """Masker Masker.add Masker.remove Masker.reset Masker.get_image
        Masker.mask Masker.unmask Masker.get_mask Masker.set_mask Masker.get_header""",
    "meta": """MetaAnalysis MetaAnalysis.images MetaAnalysis.save_results
        analyze_features""",
    "decode": """Decoder Decoder.decode Decoder.set_method Decoder.load_features
        Decoder.train_classifiers Decoder.plot_polar""",
    "network": "coactivation",
    "compare": "compare_images",
    "roi": "roi.get_studies roi.decode roi.average",
    "cluster": """Clusterable Clusterable.transform magic Clusterer Clusterer.cluster
        Clusterer.set_algorithm Clusterer.create_distance_matrix""",
    "reduce": """average_within_regions apply_grid get_random_voxels run_lda
        topic_models""",
    "classify": """feature_selection get_score classify_by_features regularize
        get_studies_by_regions get_feature_order classify_regions classify Classifier
        Classifier.fit Classifier.set_class_weight Classifier.cross_val_fit
        Classifier.feat_select_cvs Classifier.fit_dataset""",
    "stats": "pearson two_way one_way fdr",
    "imageutils": """get_sphere map_peaks_to_image load_imgs save_img threshold_img
        create_grid""",
    "transformations": "transform xyz_to_mat mat_to_xyz t88_to_mni Transformer",
    "lexparser": "Lexer Parser",
    "io": """convert_neurosynth_to_dict convert_neurosynth_to_dataset
        convert_neurosynth_to_json""",
}


@pytest.fixture
def old_names(monkeypatch):
    """Give the module that makes the page's tables."""
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    return import_module("old_names")


def test_the_table_of_calls_is_whole(old_names):
    told = {
        place: {name for name, _ in c}
        for place, c in old_names.calls_by_place().items()
    }
    wanted = {place: set(names.split()) for place, names in OLD_API.items()}
    assert {place: wanted[place] - told.get(place, set()) for place in wanted} == {
        place: set() for place in wanted
    }


@pytest.mark.parametrize("place", OLD_API)
def test_the_layer_has_each_old_call(place):
    homes = {"Dataset": "base.dataset", "Masker": "base.mask", "io": "io"}
    base = ("imageutils", "transformations", "lexparser")
    home = homes.get(place, f"{'base' if place in base else 'analysis'}.{place}")
    module = import_module(f"nimare_neurosynth.legacy.{home}")
    attributes = ("activations", "image_table", "feature_table", "masker", "images")
    for name in OLD_API[place].split():
        value = module
        for part in name.removeprefix("roi.").split("."):
            if part in attributes and inspect.isclass(value):
                assert part in inspect.getdoc(value)
                break
            value = getattr(value, part)


def test_the_table_of_images_tells_the_tests_apart(old_names):
    maps = {name: shown for name, _, shown, _ in old_names.images()}
    for name in ("pAgF_z", "consistency_z", "uniformity-test_z"):
        assert "z_desc-uniformity" in maps[name]
    for name in ("pFgA_z", "specificity_z", "association-test_z"):
        assert "z_desc-association" in maps[name]
    assert "prob_desc-AgF_prior" in maps["pAgF_given_pF=0.50"]
    assert len(maps) == 16


# --------------------------------------------------------------------- the advice

KNOWN = ("decoding", "engine", "mining", "networks", "space", "stats")
# values of the user's own; what is called on them is not looked at
THEIRS = """
    X atlas counts inside model n_studies one other p q reducer regions rows selection
    selector study values words x xyz y
"""


@pytest.fixture(scope="module")
def spoken_of():
    """Give what the names in advice mean."""
    import nimare_neurosynth

    database = load_demo()
    names = {
        name: getattr(nimare_neurosynth, name) for name in nimare_neurosynth.__all__
    }
    names |= {name: import_module(f"nimare_neurosynth.{name}") for name in KNOWN}
    maps = meta_analysis(database, "emotion*")
    modules = ("feature_selection", "metrics", "model_selection", "pipeline")
    for name in (*modules, "preprocessing"):
        import_module(f"sklearn.{name}")
    return names | {
        "Mask": names["space"].Mask,
        "Parcels": names["networks"].Parcels,
        "database": database,
        "maps": maps,
        "mask": maps.mask,
        "numpy": np,
        "sklearn": import_module("sklearn"),
    }


def meaning(node, names):
    """Find what a name, or an attribute of one, stands for; None for the user's own."""
    if isinstance(node, ast.Attribute):
        owner = meaning(node.value, names)
        return None if owner is None else getattr(owner, node.attr)
    if isinstance(node, ast.Name):
        assert node.id in names or node.id in THEIRS.split(), node.id
        return names.get(node.id)
    owner = getattr(node, "value", None)
    if isinstance(node, ast.Subscript) and getattr(owner, "attr", "") == "label_sets":
        return names["database"].label_sets["terms"]
    return None


@pytest.mark.parametrize("call", ADVICE)
def test_advice_can_be_followed(call, spoken_of):
    for node in ast.walk(ast.parse(ADVICE[call])):
        if isinstance(node, ast.Attribute):
            meaning(node, spoken_of)
        if isinstance(node, ast.Call) and (function := meaning(node.func, spoken_of)):
            options = {option.arg: None for option in node.keywords}
            if Ellipsis not in [getattr(a, "value", None) for a in node.args]:
                inspect.signature(function).bind(*node.args, **options)


def test_a_wrong_advice_is_found(spoken_of):
    wrong = ast.parse("database.selekt('pain')").body[0].value
    with pytest.raises(AttributeError):
        meaning(wrong.func, spoken_of)
