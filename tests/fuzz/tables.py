"""Damage to texts and tables."""

import csv
import io
import re
from collections.abc import Callable
from random import Random

from tests.fuzz.mutate import TABLES, Mutator, pick, repack, unpacked
from tests.fuzz.sources import Files

ODD_TEXTS = (
    *("", " ", "nan", "NaN", "inf", "-inf", "Infinity", "None", "NULL", "N/A", "<NA>"),
    *("1e308", "-1e308", "1e309", "1e-320", "9" * 400, "9" * 5000, "0x1F", "1_000"),
    *("1,5", "١٢", "½", "\u22125", "+5", "--5", "1e", "True", "-0", "00012", "12.0"),
    *("1e5", " 12 ", "12\u00a0", "\u200b", "\ufeff", "a\u2028b", "a\x85b", "a\x1cb"),
    *("a\x0bb", "a\x0cb", "a\rb", "a\nb", "a\tb", '"', '"x', 'x"y', '""', "'", "é"),
    *("e\u0301", "\U0001f9e0", "\u202eabc", "\x1b[31m", "=1+1", "../../etc", "%s%n"),
    *("{}", "\\", "\\N", "2147483648", "-2147483649", "9223372036854775808", "1e19"),
    *("TAL", "mni", "Talairach", "0" * 100_000, "NaT", "1999-01-01", "-1", "10000007"),
)
ODD_NAMES = (
    *(
        "x",
        "id",
        "ID",
        " y",
        "study_id",
        "pmid",
        "space",
        "table_id",
        "contrast",
        "",
        "#",
    ),
    *("year", "doi", "key", "study", "index", "level_0", "weight", "nan", "é", "a,b"),
    *("0", "\ufeffid", "__index_level_0__", "n" * 70_000),
)
ODD_CHARACTERS = "\0\x01\x1a\x1b\r\n\t,;\"'\x85\u2028\ufeff\x1c \x0b\x7f\u00a0|\\"


# ------------------------------------------------------------------------ text


def _encodings(text: str, rng: Random) -> bytes:
    names = ("latin-1", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
    names += ("utf-8-sig", "utf-7", "cp037", "shift-jis", "mac-roman")
    return text.replace("e", "é").encode(rng.choice(names), "replace")


def _line_ends(text: str, rng: Random) -> str:
    ends = (
        "\r\n",
        "\r",
        "\n\n",
        "\n\r",
        "\x85",
        "\u2028",
        "\x0b",
        "\n \n",
        "\n\t\n",
        "",
    )
    n = rng.choice([-1, -1, 1, 3])
    return text.replace("\n", rng.choice(ends), n)


def _strange_characters(text: str, rng: Random) -> str:
    for _ in range(rng.choice([1, 1, 1, 5, 50])):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(ODD_CHARACTERS) + text[at:]
    return text


def _odd_number_anywhere(text: str, rng: Random) -> str:
    found = list(re.finditer(r"-?\d+(\.\d+)?", text))
    if not found:
        return text
    hit = rng.choice(found)
    return text[: hit.start()] + rng.choice(ODD_TEXTS) + text[hit.end() :]


def _lines_moved(text: str, rng: Random) -> str:
    lines = text.split("\n")
    for _ in range(rng.choice([1, 1, 10])):
        at, to = rng.randrange(len(lines)), rng.randrange(len(lines) + 1)
        action = rng.randrange(4)
        if action == 0:
            lines.insert(to, lines[at])
        elif action == 1:
            lines.insert(to, rng.choice(["", " ", "\t", "#", "x", "\t" * 30]))
        elif action == 2 and len(lines) > 1:
            del lines[at]
        else:
            rng.shuffle(lines)
    return "\n".join(lines)


def _ends_changed(text: str, rng: Random) -> str:
    start = rng.choice(
        ["", "", "\ufeff", "\n", "# comment\n", "\ufeff\ufeff", "sep=,\n"]
    )
    return start + text + rng.choice(["", "\n", "\n\n\n", "\r", "\t", "\x1a", "\0"])


def on_text(change: Callable[[str, Random], str | bytes]) -> Mutator:
    """Damage the text of a file of text, packed or not."""

    def mutate(files: Files, rng: Random) -> None:
        name = pick(files, rng, *TABLES, ".json")
        if name:
            data = files[name] or b""
            made = change(unpacked(data).decode(errors="surrogateescape"), rng)
            repack(files, name, made)

    return mutate


# ---------------------------------------------------------------------- tables

Rows = list[list[str]]


def _column(rows: Rows, rng: Random) -> int:
    return rng.randrange(len(rows[0])) if rows[0] else 0


def drop_column(rows: Rows, rng: Random) -> None:
    at = _column(rows, rng)
    for row in rows:
        del row[at : at + 1]


def double_column(rows: Rows, rng: Random) -> None:
    at = _column(rows, rng)
    name = "".join(rows[0][at : at + 1])
    name = rng.choice([name, name.upper(), f"{name}.1", ""])
    for row in rows:
        row += row[at : at + 1]
    rows[0][-1:] = [name]


def reorder_columns(rows: Rows, rng: Random) -> None:
    order = list(range(len(rows[0])))
    rng.shuffle(order)
    for row in rows:
        row[:] = [row[i] for i in order if i < len(row)]


def swap_names(rows: Rows, rng: Random) -> None:
    rng.shuffle(rows[0])


def rename_column(rows: Rows, rng: Random) -> None:
    at = _column(rows, rng)
    rows[0][at : at + 1] = [rng.choice(ODD_NAMES)]


def case_of_names(rows: Rows, rng: Random) -> None:
    change = rng.choice([str.upper, str.title, lambda name: f" {name} "])
    rows[0][:] = map(change, rows[0])


def odd_cells(rows: Rows, rng: Random) -> None:
    for _ in range(rng.choice([1, 1, 1, 5, 100])):
        row = rng.choice(rows)
        if row:
            row[rng.randrange(len(row))] = rng.choice(ODD_TEXTS)


def odd_column(rows: Rows, rng: Random) -> None:
    """Put odd values into a column: one all over, or others in each row."""
    at, same = _column(rows, rng), rng.choice([*ODD_TEXTS, None])
    for row in rows[1:]:
        if at < len(row):
            row[at] = rng.choice(ODD_TEXTS) if same is None else same


def column_by_name(rows: Rows, rng: Random) -> None:
    """Put odd values where they matter most."""
    names = [n for n in ("x", "y", "z", "id", "year", "space") if n in rows[0]]
    if names:
        at = rows[0].index(rng.choice(names))
        for row in rng.sample(rows[1:], min(len(rows) - 1, rng.choice([1, 3, 10**6]))):
            if at < len(row):
                row[at] = rng.choice(ODD_TEXTS)


def ids_in_other_forms(rows: Rows, rng: Random) -> None:
    forms = [
        "0{}",
        "{}.0",
        "{} ",
        "\u200b{}",
        "PMID:{}",
        "{}e0",
        "+{}",
        "study {}",
        "-{}",
    ]
    form = rng.choice([*forms, *ODD_TEXTS])
    for row in rows[1:]:
        if row and rng.random() < 0.7:
            row[0] = form.replace("{}", row[0])


def unknown_studies(rows: Rows, rng: Random) -> None:
    for row in rng.sample(rows[1:], min(len(rows) - 1, 3)):
        row[:1] = [str(rng.randrange(10**9))]


def short_and_long_rows(rows: Rows, rng: Random) -> None:
    row = rng.choice(rows)
    at = rng.randrange(len(row) + 1)
    row[at:] = rng.choice([[], row[at:] * 2, [*row[at:], ""], row[at + 1 :]])


def repeat_rows(rows: Rows, rng: Random) -> None:
    rows += rng.choice([rows[:1], rows[1:], rows[-1:], rows[1:2] * 2000])


def shuffle_rows(rows: Rows, rng: Random) -> None:
    rest = rows[1:]
    rng.shuffle(rest)
    rows[1:] = rest


def drop_rows(rows: Rows, rng: Random) -> None:
    del rows[rng.choice([0, 1, 1, len(rows) // 2]) : rng.choice([1, 2, 5, len(rows)])]


def very_wide(rows: Rows, rng: Random) -> None:
    n = rng.choice([30, 3000]) if len(rows) * len(rows[0]) < 10_000 else 30
    rows[0] += [f"more{i}" for i in range(n)]
    for row in rows[1:]:
        row += [rng.choice(ODD_TEXTS[:15])] * n


def very_long(rows: Rows, rng: Random) -> None:
    wide = rows and len(rows[0]) > 100  # 60 million fields are no damage
    if not wide and all(len(cell) < 1000 for row in rows for cell in row):
        rows += rows[1:] * (20_000 // len(rows))


def all_quoted(rows: Rows, rng: Random) -> None:
    for row in rows[rng.randrange(2) :]:
        row[:] = [f'"{cell}"' for cell in row]


def on_table(change: Callable[[Rows, Random], None]) -> Mutator:
    """Damage a table, row by row and column by column."""

    def mutate(files: Files, rng: Random) -> None:
        name = pick(files, rng, *TABLES)
        if name is None:
            return
        text = unpacked(files[name] or b"").decode(errors="surrogateescape")
        separator = "\t" if "\t" in text.split("\n", 1)[0] else ","
        rows = _rows(text.removesuffix("\n"), separator)
        change(rows, rng)
        separator = rng.choice([separator] * 20 + [";", "|", "  ", ","])
        lines = [separator.join(_cell(c, separator) for c in row) for row in rows]
        repack(files, name, "\n".join([*lines, ""]))

    return mutate


def _rows(text: str, separator: str) -> Rows:
    if separator == "\t":
        return [line.split("\t") for line in text.split("\n")]
    try:
        return list(csv.reader(io.StringIO(text))) or [[""]]
    except csv.Error:
        return [line.split(",") for line in text.split("\n")]


def _cell(cell: str, separator: str) -> str:
    return f'"{cell}"' if separator == "," and "," in cell else cell


# ------------------------------------------------------------------- all of them

TEXT: dict[str, Mutator] = {
    f.__name__.strip("_"): on_text(f)
    for f in (
        *(_encodings, _line_ends, _strange_characters, _odd_number_anywhere),
        *(_lines_moved, _ends_changed),
    )
}
TABLE: dict[str, Mutator] = {
    f.__name__: on_table(f)
    for f in (
        *(drop_column, double_column, reorder_columns, swap_names, rename_column),
        *(case_of_names, odd_cells, odd_column, column_by_name, ids_in_other_forms),
        *(unknown_studies, short_and_long_rows, repeat_rows, shuffle_rows, drop_rows),
        *(very_wide, very_long, all_quoted),
    )
}
