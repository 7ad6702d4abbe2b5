"""Files to read, written from plain rows."""

import gzip

from scipy import sparse

STEM = "data-tiny_version-3"
COORDINATES = "id\ttable_id\ttable_num\tpeak_id\tx\ty\tz\n"
GOOD = {
    "coordinates.tsv.gz": COORDINATES
    + "1\t11\t1\tp1\t0\t-52\t26\n"
    + "1\t12\t2\tp2\t2\t-50\t26.5\n"
    + "20\t21\t\tp3\t-40\t20\t30\n",
    "metadata.tsv.gz": "id\tdoi\tspace\ttitle\tauthors\tyear\tjournal\n"
    + "1\t10.1/a\tMNI\tOne\tA B, C D\t1999\tBrain\n"
    + "20\t\tTAL\tTwo\tE F\t\tPain\n",
    "vocab-terms_vocabulary.txt": "pain\n001",
}
MATRIX = "vocab-terms_source-abstract_type-tfidf_features.npz"
WEIGHTS = [[0.5, 0.0], [0.0, 0.25]]


def write(path, content):
    """Write text, bytes or (as npz) a table of weights; ``.gz`` is packed."""
    if isinstance(content, list):
        sparse.save_npz(path, sparse.csc_array(content))
        return path
    data = content.encode() if isinstance(content, str) else content
    packed = isinstance(content, str) and path.suffix == ".gz"
    path.write_bytes(gzip.compress(data, mtime=0) if packed else data)
    return path


def write_layout(folder, changes=None, stem=STEM):
    """Write a tiny database in the 2021+ layout.

    ``changes`` has other contents by the end of a file's name; None leaves it out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, content in {**GOOD, MATRIX: WEIGHTS, **(changes or {})}.items():
        if content is not None:
            write(folder / f"{stem}_{suffix}", content)
    return folder
