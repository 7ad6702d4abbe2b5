"""Damage to files, bytes, packing and JSON.

A mutator takes the files of a folder and a random generator, and changes the files in
place. It does nothing where there is nothing of its kind, as after other damage.
"""

import gzip
import io
import json
import zlib
from collections.abc import Callable
from functools import cache
from random import Random

from tests.fuzz.sources import Files

Mutator = Callable[[Files, Random], None]

BOMB_BYTES = 160 << 20
"""What a bomb unpacks to: more than any folder here may cost in memory."""

_LARGE_BYTES = 16 << 20

TABLES = ("coordinates.tsv.gz", "metadata.tsv.gz", ".txt", ".txt.gz", ".csv", ".tsv")

# ----------------------------------------------------------------------- bytes


def truncate(data: bytes, rng: Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def flip_bits(data: bytes, rng: Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 8, 64]) if data else 0):
        damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def flip_early_bits(data: bytes, rng: Random) -> bytes:
    """Damage what is most probably a header."""
    return flip_bits(data[:160], rng) + data[160:]


def cut_piece(data: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.randrange(1, 200) :]


def repeat_piece(data: bytes, rng: Random) -> bytes:
    at, n = rng.randrange(len(data) + 1), rng.randrange(1, 200)
    return data[: at + n] + data[at:]


def zero_piece(data: bytes, rng: Random) -> bytes:
    at, n = rng.randrange(len(data) + 1), rng.randrange(1, 64)
    piece = rng.choice([b"\0", b"\xff"]) * len(data[at : at + n])
    return data[:at] + piece + data[at + n :]


def insert_garbage(data: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.randrange(1, 50)) + data[at:]


def append_garbage(data: bytes, rng: Random) -> bytes:
    return data + rng.choice([rng.randbytes(40), b"\0" * 1024, b"\n\n", data])


def all_garbage(_: bytes, rng: Random) -> bytes:
    magic = [b"", b"\x1f\x8b\x08", b"PK\x03\x04", b"PAR1", b"\x93NUMPY\x01\0", b"BZh9"]
    return rng.choice(magic) + rng.randbytes(rng.choice([0, 1, 10, 2000]))


def on_bytes(change: Callable[[bytes, Random], bytes]) -> Mutator:
    """Damage the bytes of any file."""

    def mutate(files: Files, rng: Random) -> None:
        name = pick(files, rng)
        if name:
            files[name] = change(files[name] or b"", rng)

    return mutate


def pick(files: Files, rng: Random, *endings: str) -> str | None:
    """Choose a file, if there is one with such an ending."""
    names = sorted(n for n, data in files.items() if data is not None)
    names = [n for n in names if not endings or n.endswith(endings)]
    return rng.choice(names) if names else None


# ------------------------------------------------------------------------ gzip


@cache
def gzip_bomb(block: bytes) -> bytes:
    """Pack very much of the same, without ever having it in memory."""
    size = 1 << 20
    packed = gzip.compress(block * (size // len(block)), 9, mtime=0)
    return packed * (BOMB_BYTES // size)


def _bomb(data: bytes, rng: Random) -> bytes:
    text = unpacked(data)
    block = rng.choice([b"\0", b"\n", b" ", b"9", b"a\tb\n", text[-200:] or b"x"])
    return gzip.compress(text, 1, mtime=0) + gzip_bomb(block)


def _bad_trailer(data: bytes, rng: Random) -> bytes:
    return data[:-8] + rng.choice([b"", b"\0" * 8, data[-8:-4] + b"\xff" * 4])


def _two_members(data: bytes, rng: Random) -> bytes:
    text = unpacked(data)
    at = rng.randrange(len(text) + 1)
    second = rng.choice([gzip.compress(text[at:], mtime=0), text[at:], b"\x1f\x8b"])
    return gzip.compress(text[:at], mtime=0) + second


def _not_packed(data: bytes, rng: Random) -> bytes:
    text = unpacked(data)
    other = [text, zlib.compress(text), gzip.compress(data, mtime=0), b"\x1f\x8b"]
    return rng.choice(other)


def unpacked(data: bytes) -> bytes:
    """Unpack what is gzipped; other bytes, and bombs, stay as they are."""
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        with gzip.open(io.BytesIO(data)) as stream:
            text = stream.read(_LARGE_BYTES)
    except (EOFError, OSError, zlib.error):
        return data
    return data if len(text) == _LARGE_BYTES else text


def on_packed(change: Callable[[bytes, Random], bytes]) -> Mutator:
    """Damage the packing of a gzipped file (or pack one that was not)."""

    def mutate(files: Files, rng: Random) -> None:
        name = pick(files, rng, ".gz", ".txt", ".tsv", ".csv", ".nii")
        if name:
            files[name] = change(files[name] or b"", rng)

    return mutate


def repack(files: Files, name: str, made: str | bytes) -> None:
    """Put a text in a file's place, packed where the old one was."""
    raw = made if isinstance(made, bytes) else made.encode(errors="surrogatepass")
    packed = (files[name] or b"")[:2] == b"\x1f\x8b"
    files[name] = gzip.compress(raw, 1, mtime=0) if packed else raw


# ----------------------------------------------------------------------- files


def drop_file(files: Files, rng: Random) -> None:
    files.pop(pick(files, rng) or "", None)


def folder_for_file(files: Files, rng: Random) -> None:
    name = pick(files, rng)
    if name:
        files[name] = None


def swap_files(files: Files, rng: Random) -> None:
    a, b = pick(files, rng), pick(files, rng)
    if a and b:
        files[a], files[b] = files[b], files[a]


def copy_file(files: Files, rng: Random) -> None:
    name = pick(files, rng)
    if name:
        files[_renamed(name, rng)] = files[name]


def rename_file(files: Files, rng: Random) -> None:
    name = pick(files, rng)
    if name:
        files[_renamed(name, rng)] = files.pop(name)


def _renamed(name: str, rng: Random) -> str:
    folder, slash, last = name.rpartition("/")
    pieces = last.split("_")
    made = [
        "_".join(rng.sample(pieces, len(pieces))),
        "_".join(rng.sample(pieces[:-1], len(pieces) - 1) + pieces[-1:]),
        last.replace("version-7", "version-8").replace("data-", "data-x"),
        last.replace("vocab-", rng.choice(["vocab-x", "vocab", "vocab--", "v-"])),
        last.replace("tfidf", rng.choice(["count", "weight", "", "TFIDF", "é"])),
        last.upper(),
        last.removesuffix(".gz"),
        f"{last}.gz",
        f"._{last}",
        last.replace(".", "\udcff.", 1),
        last.replace("_", "\n_", 1),
        f"{'n' * 150}_{last[-60:]}",
        rng.choice(["manifest.json", "database.txt", "features.txt", "x", "a-b-c"]),
    ]
    return folder + slash + rng.choice(made)


def stray_file(files: Files, rng: Random) -> None:
    names = ["README.md", ".DS_Store", "x_vocabulary.txt", "vocab-_vocabulary.txt"]
    names += ["_features.npz", "vocab-zz_features.npz", "a-b_metadata.json", "-_-"]
    files[rng.choice(names)] = rng.choice([b"", b"x", b"{}", b"a\nb\n", None])


# ------------------------------------------------------------------------ JSON

ODD_VALUES = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**30, 1e308, float("nan"), 0.5),
    *(
        float("inf"),
        "",
        "x",
        "12",
        [],
        [1],
        ["x"],
        {},
        {"x": 1},
        [[]],
        [None],
        "\0",
        "é",
    ),
    *("../x", "..", ".", "parts-x/..", "parts-", "parts-x/../parts-x", "../beside"),
    *("../../beside", "../../../beside", "../../../../beside", "/nonexistent/x"),
    *("a" * 5000, "\ud800", "\u202e", "a/b", "C:\\x", "%s", "~", "parts-x\n"),
)


def on_json(files: Files, rng: Random) -> None:
    """Change values anywhere in a JSON file."""
    name = pick(files, rng, ".json")
    try:
        root = [json.loads(files[name or ""] or b"")]
    except (KeyError, ValueError, RecursionError):
        return
    for _ in range(rng.choice([1, 1, 1, 3])):
        _odd_value(root, rng)
    assert name is not None
    files[name] = json.dumps(root[0] if root else None).encode()


def _odd_value(node: list | dict, rng: Random) -> None:
    """Walk down to some place and change what is there."""
    keys = list(node) if isinstance(node, dict) else list(range(len(node)))
    if not keys:
        return
    key = rng.choice(keys)
    child = node[key]
    if isinstance(child, list | dict) and child and rng.random() < 0.85:
        _odd_value(child, rng)
    elif rng.random() < 0.2:
        del node[key]
    elif isinstance(node, dict) and rng.random() < 0.3:
        node[str(rng.choice(ODD_VALUES))] = node.pop(key)
    else:
        node[key] = rng.choice(ODD_VALUES)


def odd_json(files: Files, rng: Random) -> None:
    name = pick(files, rng, ".json")
    deep = 10 ** rng.choice([3, 5])
    texts = [
        "",
        "{",
        "null",
        "[]",
        "3",
        "NaN",
        '"x"',
        "[" * deep,
        "[" * deep + "]" * deep,
    ]
    texts += ['{"a":' * deep, "9" * 5000, '{"description": 9e999}', '{"a": 1, "a": 2}']
    texts += ['\ufeff{"description": "x"}', '{"description": "\\ud800"}', "{'a': 1}"]
    if name:
        files[name] = rng.choice(texts).encode()


# ------------------------------------------------------------------- all of them

FILES: dict[str, Mutator] = {
    f.__name__: f
    for f in (
        drop_file,
        folder_for_file,
        swap_files,
        copy_file,
        rename_file,
        stray_file,
    )
}
BYTES: dict[str, Mutator] = {
    f.__name__: on_bytes(f)
    for f in (
        *(truncate, flip_bits, flip_early_bits, cut_piece, repeat_piece, zero_piece),
        *(insert_garbage, append_garbage, all_garbage),
    )
}
PACKING: dict[str, Mutator] = {
    f.__name__.strip("_"): on_packed(f)
    for f in (_bomb, _bad_trailer, _two_members, _not_packed)
}
JSON: dict[str, Mutator] = {"on_json": on_json, "odd_json": odd_json}
