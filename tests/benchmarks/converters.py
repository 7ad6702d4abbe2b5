"""From Neurosynth's files to other forms: ``python -m tests.benchmarks.converters``.

NiMARE's own converter is timed in the same run, which takes minutes of it.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

from tests.benchmarks.measure import folder_mb, in_fresh_process, show
from tests.benchmarks.options import V7, benchmark, data_option, json_option

warnings.simplefilter("ignore")

OURS = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
from nimare_neurosynth import _nimare, convert, read_database
_nimare.studyset_module()
start = time.perf_counter()
if sys.argv[3] == "studyset":
    studyset = read_database(sys.argv[1]).to_studyset()
    seconds = time.perf_counter() - start
else:
    database = read_database(sys.argv[1])
    start = time.perf_counter()
    convert(database, sys.argv[2], to=sys.argv[3], verify=False)
    seconds = time.perf_counter() - start
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20]))
"""

BACK = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
from nimare_neurosynth import _nimare, read_database
_nimare.studyset_module()
before = read_database(sys.argv[1])
start = time.perf_counter()
after = read_database(sys.argv[2])
seconds = time.perf_counter() - start
same = all(before.table(n).equals(after.table(n)) for n in before.table_names)
print(json.dumps([seconds, same and before.content_hash == after.content_hash]))
"""

THEIRS = """
import json, logging, resource, sys, time, warnings
warnings.simplefilter("ignore")
from pathlib import Path
from nimare.io import convert_neurosynth_to_studyset
logging.getLogger().setLevel(logging.ERROR)
folder = Path(sys.argv[1])
stem = "data-neurosynth_version-7"
start = time.perf_counter()
studyset = convert_neurosynth_to_studyset(
    coordinates_file=str(folder / f"{stem}_coordinates.tsv.gz"),
    metadata_file=str(folder / f"{stem}_metadata.tsv.gz"),
    annotations_files={
        "features": str(
            folder / f"{stem}_vocab-LDA50_source-abstract_type-weight_features.npz"
        ),
        "vocabulary": str(folder / f"{stem}_vocab-LDA50_vocabulary.txt"),
    },
)
made = time.perf_counter() - start
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
start = time.perf_counter()
studyset.to_nimads(sys.argv[2] + ".json")
document = time.perf_counter() - start
start = time.perf_counter()
studyset.to_parquet(sys.argv[2])
tables = time.perf_counter() - start
print(json.dumps([made, memory, document, tables]))
"""

FORMS = {
    "nimads": (".json", "<= 30 s"),
    "parquet": ("", "<= 5 s"),
    "neurosynth": ("", ""),
    "neurosynth-legacy": ("", ""),
    "nimare": ("-dataset.json", ""),
}
LOSSLESS = ("nimads", "parquet", "neurosynth")


def rows_of_v7(source, folder):
    """Time version 7 with LDA50 into every form, and NiMARE where it has a way."""
    theirs = in_fresh_process(THEIRS, source, folder / "theirs")
    made, memory, document, tables = theirs
    seconds, own = in_fresh_process(OURS, source, "-", "studyset")
    peer = ("NiMARE's converter", made)
    yield "v7 and LDA50, from files to a Studyset", seconds, "s", "<= 5 s", peer
    yield "   peak memory", own, "GB", "<= 1 GB", None
    yield "   peak memory of NiMARE's converter", memory, "GB", "", None
    peers = {
        "nimads": ("NiMARE's, of its Studyset", document),
        "parquet": ("NiMARE's, of its Studyset", tables),
    }
    for form, (ending, target) in FORMS.items():
        path = folder / f"{form}{ending}"
        seconds, memory = in_fresh_process(OURS, source, path, form)
        yield f"to {form}", seconds, "s", target, peers.get(form)
        size = folder_mb(path) if path.is_dir() else path.stat().st_size / 1e6
        yield "   its size", size, "MB", "", None
        yield "   peak memory, of reading the source too", memory, "GB", "", None
        if form in LOSSLESS:
            seconds, same = in_fresh_process(BACK, source, path)
            yield "   read again", seconds, "s", "", None
            yield "   the same to the bit (1 is yes)", float(same), "", "1", None


@benchmark
@data_option(V7, "The folder of version 7.")
@json_option
def main(data, out):
    """Print how long it takes to write each form."""
    with tempfile.TemporaryDirectory() as name:
        rows = list(rows_of_v7(data, Path(name)))
    show(rows, out)


if __name__ == "__main__":
    main()
