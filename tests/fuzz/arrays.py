"""Damage to arrays: npz, npy, parquet and NIfTI, and to what a manifest says of them."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from random import Random

import numpy as np
from scipy import sparse

from nimare_neurosynth.io._sparse import check_indices
from tests.fuzz.mutate import BOMB_BYTES, Mutator, gzip_bomb, pick, unpacked
from tests.fuzz.sources import Files, gz, npz, zipped
from tests.fuzz.tables import ODD_NAMES, ODD_TEXTS

RAN: list[str] = []
"""Filled if a reader unpickles what it was given."""


def ran(what: str) -> None:  # of a list's own method, a pickle would hold a copy
    RAN.append(what)


class _Payload:
    def __reduce__(self):
        return ran, ("a pickle was executed",)


def npy(array: object) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=True)
    return buffer.getvalue()


def npy_header(shape: object, dtype: str, *, order: object = False) -> bytes:
    """Make a header that may claim anything."""
    facts = f"{{'descr': {dtype!r}, 'fortran_order': {order}, 'shape': {shape}, }}"
    padded = facts.encode("latin-1").ljust(117) + b"\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(padded)) + padded


def _claims(rng: Random) -> bytes:
    """Claim a shape, and hold another or nothing."""
    shapes = (
        "(10**15,)",
        "(2**62,)",
        "(1000000000000,)",
        "(-1,)",
        "(0,)",
        "()",
        "(3, 4)",
    )
    shapes += (
        "(300000000,)",
        "(4000000000,)",
        "(2**63,)",
        "('a',)",
        "None",
        "(5,)",
        "(",
    )
    shapes += ("(" + "1, " * 33 + ")", "(99999999999999999999,)", "(1.5,)", "(True,)")
    types = (
        "<f8",
        "<i4",
        "|O",
        "<U9",
        "|b1",
        "<c16",
        "|V8",
        "<M8[s]",
        "zz",
        "<f2",
        ">i8",
    )
    shape = (
        rng.choice(shapes).replace("10**15", str(10**15)).replace("2**62", str(2**62))
    )
    header = npy_header(shape.replace("2**63", str(2**63)), rng.choice(types))
    return header + rng.choice([b"", b"\0" * 80, rng.randbytes(400)])


def odd_array(array: np.ndarray, rng: Random) -> np.ndarray:
    """Change type, shape or some values of an array."""
    kind = rng.randrange(4)
    if kind == 0:
        types = (
            "f2",
            "f4",
            "f8",
            "i1",
            "i4",
            "i8",
            "u1",
            "u8",
            "?",
            "c16",
            ">f8",
            ">i4",
        )
        types += ("U5", "S3", "O", "M8[s]", "f4,i4", "g", "V4")
        try:
            with np.errstate(all="ignore"):
                return array.astype(rng.choice(types))
        except (TypeError, ValueError):
            return array
    if kind == 1:
        n = rng.choice([0, 1, len(array) // 2]) if array.ndim else 0
        shapes = (
            array[None],
            array.ravel(),
            array.T,
            array[:n] if array.ndim else array,
        )
        more = np.concatenate([array, array]) if array.ndim else array
        return rng.choice([*shapes, more, array[..., None], array.ravel()[::-1]])
    return _odd_numbers(array, rng)


def _odd_numbers(array: np.ndarray, rng: Random) -> np.ndarray:
    changed = np.array(array)
    if not changed.size or changed.dtype.kind not in "iuf":
        return changed
    flat = changed.reshape(-1)
    values = [0, -1, 1, 2, len(flat), 127, 32767, 65535, 2**31 - 1, -(2**31), 10**9]
    if flat.dtype.kind == "f":
        values += [np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324, 1e39]
    elif flat.dtype.itemsize == 8:
        values += [2**62, -(2**62), 2**40]
    with np.errstate(all="ignore"):
        for _ in range(rng.choice([1, 1, 3, 50])):
            value = np.asarray(rng.choice(values)).astype(flat.dtype)
            flat[rng.choice([0, -1, rng.randrange(len(flat))])] = value
        if rng.random() < 0.2:
            flat[:] = flat[::-1] if rng.random() < 0.5 else flat[0]
    return changed


# ------------------------------------------------------------------------- npz

Members = dict[str, bytes]


def _members(data: bytes | None) -> Members | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data or b"")) as archive:
            if sum(info.file_size for info in archive.infolist()) > BOMB_BYTES // 4:
                return None
            return {name: archive.read(name) for name in archive.namelist()}
    except Exception:  # noqa: BLE001 - damaged before
        return None


def on_npz(change: Callable[[Members, Random], Members | bytes | None]) -> Mutator:
    """Damage the members of an archive of arrays."""

    def mutate(files: Files, rng: Random) -> None:
        name = pick(files, rng, ".npz")
        members = _members(files[name]) if name else None
        if name and members:
            made = change(members, rng)
            made = members if made is None else made
            files[name] = made if isinstance(made, bytes) else zipped(made)

    return mutate


def _load(content: bytes) -> np.ndarray:
    try:
        return np.asarray(np.load(io.BytesIO(content), allow_pickle=False))
    except (ValueError, EOFError, OSError):
        return np.zeros(3)


def npz_odd_array(members: Members, rng: Random) -> None:
    name = rng.choice(sorted(members))
    members[name] = npy(odd_array(_load(members[name]), rng))


def npz_odd_indices(members: Members, rng: Random) -> None:
    """Damage positions, in a matrix of any form."""
    names = [n for n in sorted(members) if n[:3] in ("ind", "row", "col", "off", "coo")]
    if names:
        name = rng.choice(names)
        members[name] = npy(_odd_numbers(_load(members[name]), rng))


def npz_other_form(members: Members, rng: Random) -> bytes | None:
    """Save the same matrix in another form, which is good in itself."""
    try:
        matrix = sparse.load_npz(io.BytesIO(zipped(members)))
        check_indices(matrix)
        form = rng.choice(["csr", "coo", "bsr", "dia", "csc"])
        made = matrix.asformat(form)
        return npz(rng.choice([made, made.astype(np.float32), made.astype(np.int64)]))
    except Exception:  # noqa: BLE001 - damaged before
        return None


def npz_damaged_form(members: Members, rng: Random) -> Members | None:
    """Save in another form, then damage its arrays."""
    other = _members(npz_other_form(members, rng))
    if other:
        damage = rng.choice([npz_odd_array, npz_odd_indices, npz_odd_indices])
        damage(other, rng)
    return other


def npz_form_name(members: Members, rng: Random) -> None:
    forms = [b"csr", b"coo", b"bsr", b"dia", b"lil", b"xyz", b"", "csc", 3, [b"csc"]]
    members["format.npy"] = npy(np.array(rng.choice(forms)))


def npz_shape(members: Members, rng: Random) -> None:
    shape = np.atleast_1d(_load(members.get("shape.npy", b"")))
    if shape.dtype.kind not in "iuf":
        shape = np.array([15, 40])
    odd = [shape[::-1], shape + 1, shape - 1, shape * 0, -shape, [10**12, 10**12]]
    odd += [[2**62, 2], [2, 2, 2], [5], shape.astype(float) + 0.5, [np.nan, 2], "ab"]
    odd += [[*shape[:1], 2**31 + 5], [2**31 + 5, *shape[1:2]], [[2, 2]], [10**9, 10**9]]
    members["shape.npy"] = npy(rng.choice(odd))


def npz_members(members: Members, rng: Random) -> None:
    """Drop, rename, add or exchange arrays."""
    name = rng.choice(sorted(members))
    action = rng.randrange(4)
    if action == 0:
        del members[name]
    elif action == 1:
        names = [
            "../x.npy",
            "/x.npy",
            name.upper(),
            name[:-4],
            "",
            "arr_0.npy",
            "é.npy",
        ]
        members[rng.choice(names)] = members.pop(name)
    elif action == 2:
        members["more.npy"] = rng.choice([b"", b"x", members[name], npy(np.eye(3))])
    else:
        other = rng.choice(sorted(members))
        members[name], members[other] = members[other], members[name]


def npz_pickle(members: Members, rng: Random) -> None:
    objects = np.array([_Payload()] * rng.choice([1, 30]), dtype=object)
    members[rng.choice(sorted(members))] = npy(rng.choice([objects, objects[0]]))


def npz_claims(members: Members, rng: Random) -> None:
    members[rng.choice(sorted(members))] = _claims(rng)


def npz_raw_member(members: Members, rng: Random) -> None:
    name = rng.choice(sorted(members))
    data = members[name]
    cut = data[: rng.randrange(len(data) + 1)]
    members[name] = rng.choice([b"", cut, rng.randbytes(200), data + b"\0" * 50])


@cache
def _deflated_zeros() -> tuple[bytes, int]:
    block, size = bytes(1 << 20), 1 << 20
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    crc = 0
    for _ in range(BOMB_BYTES // size):
        crc = zlib.crc32(block, crc)
    return first * (BOMB_BYTES // size) + b"\x03\0", crc


def npz_bomb(members: Members, rng: Random) -> bytes:
    """Put very many zeros into an array, in few bytes; the header may claim them."""
    names = sorted(members)
    name = rng.choice([*names, "more.npy"])
    n = (BOMB_BYTES - 128) // 8
    head = npy_header(f"({n},)", "<f8" if name == "data.npy" else "<i8")
    packed, crc = _deflated_zeros()
    data = zipped({**members, name: b"\0" * len(head)})
    if rng.random() < 0.5:  # zeros all through: no header
        return _with_stream(data, name, packed, crc, BOMB_BYTES)
    stored = struct.pack("<BHH", 0, len(head), len(head) ^ 0xFFFF) + head
    crc = zlib.crc32(head)
    for _ in range(BOMB_BYTES >> 20):
        crc = zlib.crc32(bytes(1 << 20), crc)
    return _with_stream(data, name, stored + packed, crc, BOMB_BYTES + len(head))


def _with_stream(data: bytes, name: str, packed: bytes, crc: int, size: int) -> bytes:
    """Write an archive again, with a ready-made stream for one of its members."""
    out, directory = io.BytesIO(), io.BytesIO()
    count = 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            content = archive.read(info)
            raw, how = (packed, 8) if info.filename == name else (content, 0)
            facts = (crc, size) if how else (zlib.crc32(content), len(content))
            title = info.filename.encode()
            fields = (how, 0, 33, facts[0], len(raw), facts[1], len(title))
            at = out.tell()
            out.write(struct.pack("<4s2HHHH3LHH", b"PK\3\4", 20, 0, *fields, 0) + title)
            out.write(raw)
            central = struct.pack("<4s3H3H3LH", b"PK\1\2", 20, 20, 0, *fields)
            directory.write(central + struct.pack("<4H2L", 0, 0, 0, 0, 0, at) + title)
            count += 1
    start, central_bytes = out.tell(), directory.getvalue()
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(central_bytes), start, 0
    )
    return out.getvalue() + central_bytes + end


def npz_claimed_sizes(files: Files, rng: Random) -> None:
    """Change sizes, flags or methods in the archive's own directory."""
    name = pick(files, rng, ".npz")
    data = bytearray(files[name or ""] or b"") if name else bytearray()
    at = data.find(b"PK\1\2")
    if name and 0 <= at < len(data) - 46:
        offset, fmt, values = rng.choice(
            [
                (24, "<L", (0, 1, 2**32 - 2, 2**32 - 1, 10**9)),  # unpacked size
                (20, "<L", (0, 1, 2**32 - 2, 10**9)),  # packed size
                (8, "<H", (1, 8, 32, 64, 0xFFFF)),  # flags: encrypted, ...
                (10, "<H", (0, 1, 9, 12, 14, 99)),  # method
                (42, "<L", (1, 10**6, 2**32 - 2)),  # offset of the member
            ]
        )
        struct.pack_into(fmt, data, at + offset, rng.choice(values))
        files[name] = bytes(data)


# ------------------------------------------------- arrays of a compiled database


def agreeing(mutator: Mutator) -> Mutator:
    """Damage a compiled database, mostly with a manifest that agrees with the damage."""

    def mutate(files: Files, rng: Random) -> None:
        before = dict(files)
        mutator(files, rng)
        if rng.random() < 0.8:
            changed = [n for n in files if files[n] != before.get(n, b"")]
            _agree(files, changed)

    mutate.__name__ = getattr(mutator, "__name__", "")
    return mutate


def _agree(files: Files, changed: list[str]) -> None:
    """Have manifests give the sizes that changed files have."""
    for name in changed:
        folder, _, last = name.rpartition("/")
        size = len(files[name] or b"")
        try:
            if name.startswith("activations/"):
                where = f"{folder}/facts.json"
                facts = json.loads(files[where] or b"")
                facts["bytes"][last.removesuffix(".npy")] = size
            else:
                where = "manifest.json"
                facts = json.loads(files[where] or b"")
                facts["files"][name.partition("/")[2]]["bytes"] = size
        except (KeyError, ValueError, TypeError, RecursionError):
            continue
        files[where] = json.dumps(facts).encode()


def npy_values(files: Files, rng: Random) -> None:
    name = pick(files, rng, ".npy")
    if name:
        files[name] = npy(odd_array(_load(files[name] or b""), rng))


def npy_claims(files: Files, rng: Random) -> None:
    name = pick(files, rng, ".npy")
    if name:
        files[name] = _claims(rng)


def npy_pickle(files: Files, rng: Random) -> None:
    name = pick(files, rng, ".npy")
    if name:
        files[name] = npy(np.array([_Payload()], dtype=object))


def parquet_table(files: Files, rng: Random) -> None:
    """Write a table again with other columns, types or rows."""
    import pandas as pd

    name = pick(files, rng, ".parquet")
    try:
        table = pd.read_parquet(io.BytesIO(files[name or ""] or b""))
    except (KeyError, ValueError, OSError):
        return
    column = rng.choice(list(table.columns)) if len(table.columns) else "study_id"
    made = rng.choice(
        [
            lambda: table.drop(columns=column),
            lambda: table.rename(columns={column: rng.choice(ODD_NAMES)}),
            lambda: table.iloc[: rng.randrange(len(table) + 1)],
            lambda: table.iloc[::-1].reset_index(drop=True),
            lambda: table.assign(**{column: rng.choice(ODD_TEXTS)}),
            lambda: table.assign(**{column: range(len(table))}),
            lambda: table.assign(**{column: np.nan}),
            lambda: table.assign(**{column: None}),
            lambda: table.assign(**{column: [[1]] * len(table)}),
            lambda: table.set_index(column),
            lambda: pd.concat([table, table]),
            lambda: table.assign(**{column: pd.Timestamp("1999-01-01")}),
        ]
    )()
    buffer = io.BytesIO()
    try:
        made.to_parquet(buffer)
    except ValueError:  # a name twice
        return
    assert name is not None
    files[name] = buffer.getvalue()


# ----------------------------------------------------------------------- NIfTI

_FIELDS = (
    *[(40 + 2 * i, "<h", (0, 1, -1, 2, 7, 8, 100, 32767, -32768)) for i in range(6)],
    (70, "<h", (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1536, 1792, 2304, 99)),
    (72, "<h", (0, 1, 8, 16, -8, 64)),
    *[(76 + 4 * i, "<f", (0, -1, 1e-20, 1e30, np.nan, np.inf)) for i in range(4)],
    (108, "<f", (0, 1, 352, 353.5, 1e9, 3e38, -1, np.nan, np.inf)),
    (112, "<f", (0, 1, 1e38, -1, np.nan, np.inf, 1e-45)),
    (116, "<f", (0, 1e38, -1e38, np.nan, np.inf)),
    (252, "<h", (0, 1, 99, -1)),
    (254, "<h", (0, 1, 99, -1)),
    *[(256 + 4 * i, "<f", (0, 2, 1e30, np.nan, np.inf)) for i in range(6)],
    *[
        (280 + 4 * i, "<f", (0, 0.001, 0.1, 1e-7, 1e5, 1e30, 3e38, np.nan, np.inf))
        for i in range(12)
    ],
    (344, "<i", (0, 0x0031696E, 0x00322B6E, -1)),
    (0, "<i", (0, 348, 540, -1, 1543569408)),
)


def on_image(change: Callable[[bytearray, Random], bytes | None]) -> Mutator:
    """Damage an image, unpacked, and pack it again."""

    def mutate(files: Files, rng: Random) -> None:
        name = pick(files, rng, ".nii", ".nii.gz")
        data = bytearray(unpacked(files[name] or b"")) if name else bytearray()
        if name and len(data) >= 352:
            packed = (files[name] or b"")[:2] == b"\x1f\x8b"
            made = change(data, rng)
            made = bytes(data) if made is None else made
            files[name] = gz(made) if packed else made

    return mutate


def header_fields(data: bytearray, rng: Random) -> None:
    for _ in range(rng.choice([1, 1, 2, 5])):
        offset, fmt, values = rng.choice(_FIELDS)
        struct.pack_into(fmt, data, offset, rng.choice(values))


def absurd_dimensions(data: bytearray, rng: Random) -> None:
    n = rng.choice([3, 3, 4, 7])
    size = rng.choice([700, 2000, 32767])
    struct.pack_into("<h", data, 40, n)
    for i in range(1, n + 1):
        struct.pack_into("<h", data, 40 + 2 * i, rng.choice([size, size, 1]))


def voxel_sizes(data: bytearray, rng: Random) -> None:
    """Shrink, stretch, shear or flatten the voxels: the affine is still finite."""
    scale = rng.choice([1e-4, 1e-2, 0.1, 1.0, 1.0, 50, 1e4, 1e20])
    struct.pack_into("<2h", data, 252, 0, 2)
    for row in range(3):
        values = [rng.uniform(-1, 1) * 0.2 * scale for _ in range(3)]
        values[row] = scale * rng.choice([1, 1, -1, 0])
        place = rng.choice([0, -40, 1e9, 1e30])
        struct.pack_into("<4f", data, 280 + 16 * row, *values, place)


def voxel_values(data: bytearray, rng: Random) -> None:
    kind = rng.randrange(4)
    n = len(data) - 352
    values = (bytes(n), b"\xff" * n, rng.randbytes(n), np.full(n, np.nan).tobytes()[:n])
    data[352:] = values[kind]


def image_bomb(files: Files, rng: Random) -> None:
    """Claim and hold very many voxels, all but one of them zero."""
    name = pick(files, rng, ".nii", ".nii.gz")
    data = bytearray(unpacked(files[name] or b"")) if name else bytearray()
    if name and len(data) >= 352:
        struct.pack_into("<8h", data, 40, 3, 512, 512, 640, 1, 1, 1, 1)
        struct.pack_into("<2h", data, 70, 2, 8)
        files[name] = gz(bytes(data[:352]) + b"\x01") + gzip_bomb(b"\0")


# ------------------------------------------------------------------- all of them

NPZ: dict[str, Mutator] = {
    f.__name__: on_npz(f)
    for f in (
        *(npz_odd_array, npz_odd_indices, npz_other_form, npz_damaged_form, npz_bomb),
        *(
            npz_form_name,
            npz_shape,
            npz_members,
            npz_pickle,
            npz_claims,
            npz_raw_member,
        ),
    )
} | {"npz_claimed_sizes": npz_claimed_sizes}
COMPILED: dict[str, Mutator] = {
    f.__name__: agreeing(f) for f in (npy_values, npy_claims, npy_pickle, parquet_table)
}
IMAGE: dict[str, Mutator] = {
    f.__name__: on_image(f)
    for f in (header_fields, absurd_dimensions, voxel_sizes, voxel_values)
} | {"image_bomb": image_bomb}
