"""Small good input for each reader: folders of files, as bytes.

Half of it is made up; the other half is a slice of the real databases, where they are.
"""

import csv
import gzip
import io
import json
import zipfile
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from scipy import sparse

from nimare_neurosynth import convert, open_database, read_database, write_database
from nimare_neurosynth._nimare import studyset_module
from nimare_neurosynth.space import Mask, default_mask

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"

Files = dict[str, "bytes | None"]
"""Contents by name below the folder; None is a folder in a file's place."""

TERMS = ("pain", "working memory", "emotion", "emotional", "001", "5-ht", "n-back", "é")
STUDY_COLUMNS = ("doi", "title", "authors", "year", "journal")


@cache
def coarse_mask() -> Mask:
    """Give a brain mask of 6 mm voxels: activations take a millisecond."""
    mask = default_mask()
    volume = mask.to_volume(np.ones(mask.n_voxels, dtype=bool))[::3, ::3, ::3]
    affine = mask.affine.copy()
    affine[:3, :3] *= 3
    return Mask.from_array(volume, affine)


def write_files(files: Files, folder: Path) -> None:
    """Write files below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.mkdir(exist_ok=True)
        else:
            path.write_bytes(content)


def gz(data: str | bytes) -> bytes:
    """Pack, the same way each time."""
    raw = data.encode() if isinstance(data, str) else data
    return gzip.compress(raw, 1, mtime=0)


def zipped(members: dict[str, bytes]) -> bytes:
    """Make a zip archive without the time of day in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            archive.writestr(info, content, compress_type=zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def npz(matrix: object) -> bytes:
    """Write a sparse matrix as SciPy does."""
    buffer = io.BytesIO()
    sparse.save_npz(buffer, matrix)
    with zipfile.ZipFile(buffer) as archive:
        return zipped({name: archive.read(name) for name in archive.namelist()})


def text_of(table: pd.DataFrame, separator: str = "\t") -> str:
    """Write a table; quotation marks only where commas need them."""
    quoting = csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL
    text = table.to_csv(sep=separator, index=False, quoting=quoting, quotechar='"')
    assert isinstance(text, str)
    return text


# ------------------------------------------------------------------ made-up studies


def _made(n_studies: int = 12) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up studies and their peaks (the last study has none)."""
    rng = np.random.default_rng(n_studies)
    numbers = np.arange(n_studies)
    studies = pd.DataFrame(
        {
            "id": [str(10_000_000 + 7 * i) for i in numbers],
            "doi": [f"10.1/{i}" if i % 4 else "" for i in numbers],
            "space": np.where(numbers % 3, "MNI", "TAL"),
            "title": [f"Study {i} of péople who remember faces" for i in numbers],
            "authors": "Aguirre GK, D'Esposito M",
            "year": [str(1995 + i) if i % 5 else "" for i in numbers],
            "journal": np.where(numbers % 2, "Brain", "The Journal of pain"),
        }
    )
    of = np.sort(rng.integers(0, n_studies - 1, 5 * n_studies))
    peaks = pd.DataFrame(
        {
            "id": studies["id"].to_numpy()[of],
            "table_id": [str(100 + i) for i in of],
            "table_num": "1.",
            "peak_id": [str(5000 + i) for i in range(len(of))],
        }
    )
    peaks[["x", "y", "z"]] = rng.normal(0, 30, (len(of), 3)).round(1)
    return studies, peaks


def _weights(n_studies: int, n_labels: int, seed: int = 0) -> sparse.csc_array:
    rng = np.random.default_rng(seed)
    dense = rng.random((n_studies, n_labels)) * (
        rng.random((n_studies, n_labels)) < 0.4
    )
    return sparse.csc_array(dense.round(3))


def _layout(
    stem: str,
    studies: pd.DataFrame,
    peaks: pd.DataFrame,
    vocabularies: dict[str, tuple[tuple[str, ...], sparse.csc_array | None, str]],
) -> Files:
    files: Files = {
        f"{stem}_coordinates.tsv.gz": gz(text_of(peaks)),
        f"{stem}_metadata.tsv.gz": gz(text_of(studies)),
    }
    for vocab, (labels, weights, kind) in vocabularies.items():
        start = f"{stem}_vocab-{vocab}"
        files[f"{start}_vocabulary.txt"] = "\n".join(labels).encode()
        if weights is not None:
            name = f"{start}_source-abstract_type-{kind}_features.npz"
            files[name] = npz(weights)
    about = {"name": "topics", "description": "Four topics.", "n_topics": 4}
    files[f"{stem}_vocab-LDA4_metadata.json"] = json.dumps(about).encode()
    return files


def _made_layout() -> Files:
    studies, peaks = _made()
    topics = ("0_pain_heat", "1_memory_wm_remembering_remembered_episodic_retrieval")
    topics += ("2_face_faces", "3_motor_hand_finger_tapping_aaaaaaaaaaaaaaaaaaaaaaaa")
    return _layout(
        "data-made_version-1",
        studies,
        peaks,
        {
            "terms": (TERMS, _weights(12, 8), "tfidf"),
            "LDA4": (topics, _weights(12, 4, 1), "weight"),
            "LDA9": (("0_a", "1_b"), None, ""),
        },
    )


def _made_neuroquery() -> Files:
    studies, peaks = _made(15)
    peaks = peaks.rename(columns={"table_num": "table_name"}).drop(columns="peak_id")
    files = _layout(
        "data-neuroquery_version-1",
        studies[["id", "title"]][::-1],
        peaks[["id", "table_id", "table_name", "x", "y", "z"]],
        {"neuroquery8": (TERMS, _weights(15, 8), "count")},
    )
    return {name: data for name, data in files.items() if "LDA4" not in name}


def _peaks_with_facts() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the one-table layout of legacy Neurosynth, and a table of features."""
    studies, peaks = _made(10)
    table = peaks.merge(studies, on="id")
    order = ["id", "doi", "x", "y", "z", "space", "peak_id", "table_id", "table_num"]
    features = pd.DataFrame(
        _weights(10, 4).toarray(), columns=["f1", "f 2", "pain", "é"]
    )
    features.insert(0, "pmid", studies["id"])
    return table[[*order, "title", "authors", "year", "journal"]], features


def _made_legacy() -> Files:
    table, features = _peaks_with_facts()
    return {
        "database.txt.gz": gz(text_of(table)),
        "features.txt": text_of(features).encode(),
    }


def _made_table(ending: str) -> Files:
    table, features = _peaks_with_facts()
    separator = "," if ending == "csv" else "\t"
    kept = ["id", "x", "y", "z", "space", "title", "year"]
    return {
        f"peaks.{ending}": text_of(table[kept], separator).encode(),
        f"features.{ending}": text_of(features, separator).encode(),
    }


# ---------------------------------------------------------- slices of real databases


def _head(path: Path, n_studies: int) -> tuple[pd.DataFrame, list[str]]:
    """Give the rows of the first studies of a table."""
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, nrows=3000)
    kept = list(dict.fromkeys(table["id"]))[:n_studies]
    return table[table["id"].isin(kept)], kept


def _slice(folder: Path, n_studies: int, stem: str, n_labels: int = 40) -> Files:
    """Take the first studies of a database, and their commonest labels."""
    peaks, kept = _head(next(folder.glob("*_coordinates.tsv.gz")), n_studies)
    metadata = next(folder.glob("*_metadata.tsv.gz"))
    studies = pd.read_csv(metadata, sep="\t", dtype=str, keep_default_na=False)
    rows = np.flatnonzero(studies["id"].isin(kept))
    vocabularies = {}
    for path in sorted(folder.glob("*_features.npz")):
        start, _, kind = path.name.removesuffix("_features.npz").rpartition("_type-")
        vocab = start.split("_vocab-")[1].split("_")[0]
        names = next(folder.glob(f"*_vocab-{vocab}_vocabulary.txt"))
        labels = np.array(names.read_text(encoding="utf-8").splitlines())
        weights = sparse.load_npz(path).tocsr()[rows].tocsc()
        common = np.sort(np.argsort(-np.diff(weights.indptr), kind="stable")[:n_labels])
        part = sparse.csc_array(weights[:, common])
        vocabularies[vocab] = (tuple(labels[common].tolist()), part, kind)
    return _layout(stem, studies.iloc[rows], peaks, vocabularies)


def _real_legacy() -> Files:
    table, kept = _head(SHARED / "legacy_files" / "database_v3.txt.gz", 15)
    features = pd.DataFrame(_weights(15, 3).toarray(), columns=["a", "b", "c"])
    features.insert(0, "id", kept)
    return {
        "database.txt": text_of(table).encode(),
        "features.txt.gz": gz(text_of(features)),
    }


def _real_table() -> Files:
    folder = SHARED / "legacy_files"
    table, _ = _head(folder / "test_real_dataset.txt", 20)
    return {
        "peaks.txt": text_of(table).encode(),
        "features.txt": (folder / "test_real_features.txt").read_bytes(),
    }


# -------------------------------------------------------------------- by reader


def compiled_files(layout: Files) -> Files:
    """Compile a database, with activations, under names that are always the same."""
    with TemporaryDirectory() as name:
        source, target = Path(name, "source"), Path(name, "compiled")
        write_files(layout, source)
        document = source / "studyset.json"
        database = read_database(document if document.is_file() else source)
        write_database(database, target, activations=False)
        open_database(target).activations(mask=coarse_mask())
        [parts] = (path.name for path in target.glob("parts-*"))
        return {
            str(path.relative_to(target)).replace(parts, "parts-x"): (
                path.read_bytes().replace(parts.encode(), b"parts-x")
            )
            for path in sorted(target.rglob("*"))
            if path.is_file()
        }


def _dataset() -> dict[str, object]:
    """Make up a Dataset of NiMARE's."""
    contrast = {
        "coords": {"space": "MNI", "x": [1, 2], "y": [3, 4], "z": [5, 6.5]},
        "labels": {"pain": 0.5, "heat": 1},
        "metadata": {"sample_sizes": [12]},
        "text": {"abstract": "Words."},
        "images": {"z": "z.nii.gz", "space": "MNI_2mm"},
    }
    study = {"title": "A title", "year": 2010, "contrasts": {"1": contrast, "2": {}}}
    return {f"study{i}": study for i in range(4)}


def _nimads(*, real: bool) -> list[Files]:
    """Make up a small NIMADS document, and cut one from a real export."""
    studyset_module()  # the memory that NiMARE takes is not the documents'
    studies = [
        {
            "id": f"study{i}",
            "name": f"Study {i} of péople",
            "authors": "Aguirre GK",
            "year": 1995 + i,
            "pmid": str(10_000 + i),
            "metadata": {"sample_size": 12 + i},
            "analyses": [
                {
                    "id": f"a{i}{j}",
                    "name": ("n-back", "rest", "001")[j % 3],
                    "conditions": [{"name": "task"}],
                    "weights": [1.0],
                    "points": [
                        {
                            "coordinates": [10 * i - 40, -52 + k, 8 * j],
                            "space": ("MNI", "TAL", None)[k % 3],
                            "values": [{"kind": "T", "value": 3.5}],
                        }
                        for k in range(i % 4)
                    ],
                }
                for j in range(i % 3)
            ],
        }
        for i in range(8)
    ]
    notes = [
        {"study": s["id"], "analysis": a["id"], "note": {"pain": 0.5, "included": True}}
        for s in studies
        for a in s["analyses"]
    ]
    keys = {"pain": "number", "included": {"type": "boolean"}}
    terms = {"id": "terms", "name": "terms", "note_keys": keys, "notes": notes}
    document = {"id": "made", "name": "made up", "studies": studies}
    made = [
        {"studyset.json": json.dumps({**document, "annotations": [terms]}).encode()}
    ]
    made.append({"studyset.json.gz": gz(json.dumps(document))})
    made.append({"studyset.json": json.dumps(_dataset()).encode()})
    if real:
        path = SHARED / "neurostore" / "studyset_ToisksSserJp.json"
        whole = json.loads(path.read_text(encoding="utf-8"))
        whole["studies"] = whole["studies"][:6]
        made.append({"studyset.json": json.dumps(whole).encode()})
    return made


def _images() -> list[Files]:
    from nibabel.nifti1 import Nifti1Image

    rng = np.random.default_rng(0)
    affine = np.diag([8.0, 8.0, 8.0, 1.0])
    affine[:3, 3] = -40, -60, -30
    mask = (rng.random((10, 12, 9)) < 0.6).astype(np.uint8)
    floats = rng.normal(size=(10, 12, 9)).astype(np.float32)
    plain = Nifti1Image(mask, affine).to_bytes()
    return [
        {"image.nii.gz": gz(plain)},
        {"image.nii": Nifti1Image(floats, affine).to_bytes()},
        {"image.nii": Nifti1Image(mask[..., None], affine).to_bytes()},
        {"image.nii.gz": gz(Nifti1Image(mask.astype(np.float64), affine).to_bytes())},
    ]


SLEUTH = """// Reference = MNI
// Smith, 2010: faces > houses
// Subjects = 12
-38\t-48 -20
40,-52,-18.5

//Jones, 2011: pain
//Jones, 2011: heat
//Subjects=20
0 0 0
"""


MINED = {
    "metadata.csv": "pmcid,pmid,title,publication_year\n9,35,A,2022\n7,,B,\n",
    "coordinates.csv": "pmcid,table_id,x,y,z\n7,T1,1,2,3\n9,T1,4,5,6\n",
    "coordinate_space.csv": "pmcid,coordinate_space\n7,TAL\n9,MNI\n",
    "authors.csv": "pmcid,surname,given-names\n9,Doe,J\n",
    "tables.csv": "pmcid,table_id,table_caption\n9,T1,Peaks\n",
    "text.csv": 'pmcid,abstract\n9,"Two\nlines"\n',
}


def _parquet() -> list[Files]:
    """Write tables as we do, and as NiMARE does."""
    made = []
    [document, *_] = _nimads(real=False)
    with TemporaryDirectory() as name:
        write_files(document, Path(name, "in"))
        database = read_database(Path(name, "in", "studyset.json"))
        convert(database, Path(name, "ours"), to="parquet", verify=False)
        database.to_studyset(by="table").to_parquet(str(Path(name, "theirs")))
        for folder in ("ours", "theirs"):
            files = sorted(Path(name, folder).iterdir())
            made.append({path.name: path.read_bytes() for path in files})
    return made


SMALL = {
    "parquet": _parquet,
    "image": _images,
    "query": lambda: [
        {"query.txt": b"emotion* & ~(pain | 'n-back')", "how.json": b"{}"}
    ],
    "mined": lambda: [{k: v.encode() for k, v in MINED.items()}],
    "sleuth": lambda: [{"peaks.txt": t.encode()} for t in (SLEUTH, SLEUTH * 3)],
}


@cache
def sources(reader: str, *, real: bool = SHARED.is_dir()) -> tuple[Files, ...]:
    """Give the good input of a reader; ``real`` is whether to slice real databases."""
    made: list[Files]
    if reader == "layout":
        made = [_made_layout()]
        if real:
            made.append(
                _slice(SHARED / "neurosynth_v7", 15, "data-neurosynth_version-7")
            )
            recon = SHARED / "neurosynth_recon"
            made.append(_slice(recon, 20, "data-recon_version-7"))
    elif reader == "neuroquery":
        made = [_made_neuroquery()]
        if real:
            folder = SHARED / "neuroquery_v1"
            made.append(_slice(folder, 15, "data-neuroquery_version-1"))
    elif reader == "legacy":
        made = [_made_legacy(), *([_real_legacy()] if real else [])]
    elif reader == "table":
        made = [_made_table("csv"), _made_table("tsv")]
        made += [_real_table()] if real else []
    elif reader == "nimads":
        made = _nimads(real=real)
    elif reader in SMALL:
        made = SMALL[reader]()
    else:
        layouts = sources("layout", real=real)[:2]
        documents = sources("nimads", real=real)[:1]
        made = [compiled_files(files) for files in (*layouts, *documents)]
    return tuple(made)
