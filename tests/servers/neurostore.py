"""A NeuroStore in memory: it pages, checks and refuses as the real one is known to."""

import json
from contextlib import contextmanager
from copy import deepcopy
from urllib.parse import parse_qs, urlsplit

from tests.servers.faulty import FaultyServer

TOKEN = "good.token-0123456789"
_NESTED = {"analyses": ("points", "images", "conditions")}
_KINDS = ("studies", "studysets", "annotations", "base-studies")


class RefusalError(Exception):
    """An answer with an error."""

    def __init__(self, status, detail):
        super().__init__(detail)
        self.status, self.detail = status, detail


class FakeNeuroStore(FaultyServer):
    """Keeps studies, studysets and annotations; ``answers`` make it go wrong.

    Objects in ``foreign`` belong to somebody else. ``received`` are the requests that
    it accepted: method, path and body.
    """

    def __init__(self):
        self.kept = {kind: {} for kind in _KINDS}
        self.received = []
        self.foreign = set()
        self.n_made = 0
        self.max_page = 100
        super().__init__()

    @property
    def base_url(self):
        return f"{self.url}/api"

    def load(self, studyset, *annotations):
        """Take over an export."""
        head = deepcopy(studyset)
        for study in head["studies"]:
            self.kept["studies"][study["id"]] = study
            self.kept["base-studies"][f"base{study['id'][-8:]}"] = {
                "id": f"base{study['id'][-8:]}",
                "versions": [study["id"]],
                **{k: study[k] for k in ("name", "year", "doi", "pmid", "authors")},
            }
        head["studies"] = [study["id"] for study in head["studies"]]
        head.pop("studyset_studies", None)
        self.kept["studysets"][head["id"]] = head
        for annotation in annotations:
            self.kept["annotations"][annotation["id"]] = deepcopy(annotation)

    def whole(self, key):
        """Give a studyset with its studies."""
        made = dict(self.kept["studysets"][key])
        made["studies"] = [deepcopy(self.kept["studies"][i]) for i in made["studies"]]
        return made

    # ---------------------------------------------------------------------- answers

    def respond(self, method, target, headers, body):
        parts = urlsplit(target)
        if not parts.path.startswith("/api/") or parts.path in self.files:
            return super().respond(method, target, headers, body)
        kind, _, key = parts.path.removeprefix("/api/").partition("/")
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        try:
            if kind not in self.kept:
                raise RefusalError(404, "no such place")  # noqa: TRY301
            if method == "GET":
                made = self._one(kind, key) if key else self._list(kind, asked)
            else:
                made = self._change(method, kind, key, headers, body)
        except RefusalError as refusal:
            told = {"status": refusal.status, "detail": refusal.detail}
            return refusal.status, json.dumps(told).encode()
        return 200, json.dumps(made).encode()

    def _one(self, kind, key):
        if key not in self.kept[kind]:
            raise RefusalError(404, f"{key} not found")
        return self.whole(key) if kind == "studysets" else self.kept[kind][key]

    def _list(self, kind, asked):
        rows = [row for row in self.kept[kind].values() if self._fits(kind, row, asked)]
        size = min(int(asked.get("page_size", 20)), self.max_page)
        start = (int(asked.get("page", 1)) - 1) * size
        facts = {"total_count": len(rows)}
        return {"metadata": facts, "results": rows[start : start + size]}

    def _fits(self, kind, row, asked):
        if kind == "annotations":
            return row.get("studyset") == asked.get("studyset_id", row.get("studyset"))
        fits = asked.get("search", "").lower() in (row["name"] or "").lower()
        fits &= row.get("source") == asked.get("source", row.get("source"))
        fits &= (row.get("year") or 0) >= int(asked.get("year_min", 0))
        fits &= (row.get("year") or 0) <= int(asked.get("year_max", 9999))
        if "radius" in asked:
            at = [float(asked[axis]) for axis in "xyz"]
            fits &= any(
                sum((a - b) ** 2 for a, b in zip(at, point["coordinates"], strict=True))
                <= float(asked["radius"]) ** 2
                for own in row["versions"]
                for analysis in self.kept["studies"][own]["analyses"]
                for point in analysis["points"]
            )
        return fits

    # ---------------------------------------------------------------------- changes

    def _change(self, method, kind, key, headers, body):
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            raise RefusalError(401, "token is missing or wrong")
        sent = json.loads(body)
        if key and key not in self.kept[kind]:
            raise RefusalError(404, f"{key} not found")
        if key in self.foreign:
            raise RefusalError(403, "You do not have permission to modify this record.")
        own = deepcopy(self.kept[kind][key]) if key else {"id": self._new_id()}
        change = {"studies": self._study, "studysets": self._studyset}
        made = change.get(kind, self._annotation)(own, sent)
        self.received.append((method, urlsplit(f"/{kind}/{key}").path, sent))
        self.kept[kind][made["id"]] = made
        return {**made, "analyses": [a["id"] for a in made.get("analyses", [])]}

    def _new_id(self):
        self.n_made += 1
        return f"made{self.n_made:08d}"

    def _study(self, own, sent):
        year = sent.get("year", 2000)
        if not isinstance(year, int) or not 0 <= year <= 9999:
            raise RefusalError(400, "year must be an integer")
        if not isinstance(sent.get("pmid") or "", str):
            raise RefusalError(400, "pmid must be a string")
        made = {**own, **{k: v for k, v in sent.items() if k not in ("id", "analyses")}}
        made.setdefault("analyses", [])
        if "analyses" in sent:
            there = {a["id"]: a for a in own.get("analyses", [])}
            made["analyses"] = [self._analysis(a, there) for a in sent["analyses"]]
        return made

    def _analysis(self, sent, there):
        if "id" in sent and sent["id"] not in there:
            raise RefusalError(422, f"Record {sent['id']} not found")
        own = there.get(sent.get("id")) or {"id": self._new_id(), "points": []}
        made = {**own, **{k: v for k, v in sent.items() if k != "points"}}
        if "points" in sent:
            points = {p["id"]: p for p in own["points"]}
            made["points"] = [self._point(p, points) for p in sent["points"]]
        return made

    def _point(self, sent, there):
        made = dict(there.get(sent.get("id")) or {"id": self._new_id()})
        made |= {k: v for k, v in sent.items() if k not in "xyz"}
        if any(axis in sent for axis in "xyz"):
            old = made.get("coordinates") or [None] * 3
            xyz = [sent.get(a, o) for a, o in zip("xyz", old, strict=True)]
            if not all(isinstance(sent[a], int | float) for a in "xyz" if a in sent):
                raise RefusalError(400, "None is not of type 'number'")
            made["coordinates"] = xyz
        return made

    def _studyset(self, own, sent):
        made = {**own, **sent}
        ids = [e["id"] if isinstance(e, dict) else e for e in made.get("studies", [])]
        if any(i not in self.kept["studies"] for i in ids):
            raise RefusalError(422, "Linked record not found")
        return {**made, "studies": ids}

    def _annotation(self, own, sent):
        made = {**own, **sent}
        if made.get("studyset") not in self.kept["studysets"]:
            raise RefusalError(422, "no such studyset")
        if not all(isinstance(f, dict) for f in made.get("note_keys", {}).values()):
            raise RefusalError(400, "note_keys have a type, an order and a default")
        studies = self.whole(made["studyset"])["studies"]
        pairs = [(s["id"], a["id"]) for s in studies for a in s["analyses"]]
        if "notes" not in sent and "notes" not in own:
            blank = dict.fromkeys(made.get("note_keys", {}))
            made["notes"] = [
                {"study": s, "analysis": a, "note": blank} for s, a in pairs
            ]
        given = [(n["study"], n["analysis"]) for n in sent.get("notes", [])]
        if "notes" in sent and sorted(given) != sorted(pairs):
            raise RefusalError(400, "notes must be of all analyses of the studyset")
        if any(not note["note"] for note in sent.get("notes", [])):
            raise RefusalError(422, "note must include at least one field")
        return made


@contextmanager
def serving_neurostore():
    """Run a NeuroStore for the time of a block."""
    server = FakeNeuroStore()
    try:
        yield server
    finally:
        server.close()


def small_studyset(n=3):
    """Make a studyset of some studies, with 0 to 2 analyses each."""

    def point(i, k):
        return {
            "id": f"point{i}x{k:05d}",
            "coordinates": [float(i * 10), -52.5, 26.0 + k],
            "space": "MNI",
            "kind": "unknown",
            "values": [{"kind": "T", "value": 3.5 + k}],
        }

    def analysis(i, j):
        return {
            "id": f"analysis{i}{j:04d}",
            "name": f"contrast {j}",
            "description": None,
            "conditions": [],
            "weights": [],
            "points": [point(i, 2 * j + k) for k in range(2)],
            "images": [],
        }

    studies = [
        {
            "id": f"study{i:07d}",
            "name": f"Pain {i}",
            "authors": "A; B",
            "year": 2000 + i,
            "doi": f"10.1/{i}",
            "pmid": str(100 + i),
            "source": "neurosynth" if i else "neuroquery",
            "metadata": None,
            "analyses": [analysis(i, j) for j in range(i % 3)],
        }
        for i in range(n)
    ]
    return {"id": "set000000001", "name": "Pain", "doi": None, "studies": studies}


def small_annotation(studyset):
    """Make notes of all analyses of a studyset."""
    notes = [
        {"study": s["id"], "analysis": a["id"], "note": {"included": k % 2 == 0}}
        for s in studyset["studies"]
        for k, a in enumerate(s["analyses"])
    ]
    return {
        "id": "note00000001",
        "name": "mine",
        "studyset": studyset["id"],
        "note_keys": {"included": {"type": "boolean", "order": 0, "default": None}},
        "notes": notes,
    }
