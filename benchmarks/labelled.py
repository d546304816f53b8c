"""Texts with labels: which documents answer which query.

The sets in ``../shared/data`` beside the project are no part of it; what is absent is left out. The demo district's
set is the project's own: pairs of the same kind, judged by reading (``fixtures/relevance/README.md``).
"""

import csv
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.record import SHARED_DATA
from embeddings import Encoder, PairScorer, TextScores
from matching.district import District
from matching.tables import read_district
from matching.texts import need_texts, offer_texts
from matching.values import split_list

FIXTURES = Path(__file__).parents[1] / "fixtures"
CORPUS_OF = {"miami-211": "miami-211", "uk-charities": "uk-charities", "miami-211-spanish": "miami-211"}
# Two descriptions whose vectors are this near are the same service listed twice, not a need and an offer.
TWINS = 0.9
Mask = NDArray[np.bool_]
Grades = NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledSet:
    """Queries, documents and labels.

    Parameters
    ----------
    grades
        How well each document answers each query, 0 (not) to 2, of shape ``(num_queries, num_documents)``.
    is_judged
        The pairs that may be ranked and counted, of the same shape.
    slices
        Rows of queries that are also reported on their own, by name.
    branches
        The part of its taxonomy that each query belongs to, where there is one.
    """

    name: str
    queries: list[str]
    documents: list[str]
    grades: Grades
    is_judged: Mask
    slices: dict[str, Mask] = field(default_factory=dict)
    branches: list[str] = field(default_factory=list)

    @property
    def relevant(self) -> Mask:
        """The pairs of grade 1 and 2."""
        return self.grades > 0

    def scores(self, encoder: Encoder) -> TextScores:
        """Return the text scores of all pairs."""
        return PairScorer(self.queries, self.documents, encoder).block(slice(None))


def read_sets() -> list[LabelledSet]:
    """Return the sets that are on this machine, the demo district's last."""
    folders = {name: SHARED_DATA / "retrieval" / name for name in CORPUS_OF}
    return [*(read_set(folder) for folder in folders.values() if folder.is_dir()), demo_set()]


def programme_set() -> LabelledSet | None:
    """Return San Francisco's programmes by name, each to find what its own partner says of itself; None if absent."""
    folder = SHARED_DATA / "san-francisco"
    if not folder.is_dir():
        return None
    district = read_district(folder)
    described = district.partners.set_index("partner_id")["description"]
    offers = district.offers.assign(description=district.offers["partner_id"].map(described))
    told = offers[(offers["description"] != "") & (offers["description"] != offers["focus"])]
    documents = sorted(set(described) - {""})
    column = {text: i for i, text in enumerate(documents)}
    grades = np.zeros((len(told), len(documents)), np.int8)
    grades[np.arange(len(told)), told["description"].map(column)] = 1
    judged = np.ones(grades.shape, np.bool_)
    return LabelledSet("san-francisco, programmes", list(told["focus"]), documents, grades, judged)


def read_set(folder: Path) -> LabelledSet:
    """Return the set of a folder; all its pairs count as judged."""
    queries = read_lines(folder / "queries.jsonl")
    documents = read_lines(folder.parent / CORPUS_OF[folder.name] / "corpus.jsonl")
    row = {query["id"]: i for i, query in enumerate(queries)}
    column = {document["id"]: i for i, document in enumerate(documents)}
    grades = np.zeros((len(row), len(column)), np.int8)
    with (folder / "qrels.tsv").open(encoding="utf-8", newline="") as file:
        for pair in csv.DictReader(file, delimiter="\t"):
            grades[row[pair["query_id"]], column[pair["doc_id"]]] = 1
    in_school = np.array([query["domain"] == "school_youth" for query in queries])
    texts = [[line["text"] for line in lines] for lines in (queries, documents)]
    judged = np.ones(grades.shape, np.bool_)
    branches = [query.get("category") or query["code"][0] for query in queries]
    return LabelledSet(folder.name, texts[0], texts[1], grades, judged, {"in school": in_school}, branches)


def demo_set(district: District | None = None) -> LabelledSet:
    """Return the demo district's needs and offers; the pairs judged are those of the same kind."""
    district = district or read_district(FIXTURES / "demo")
    needs, offers = district.needs, district.offers
    row, column = ({key: i for i, key in enumerate(ids)} for ids in (needs["need_id"], offers["offer_id"]))
    kinds = [set(split_list(cell)) for cell in offers["kinds"]]
    judged = np.array([[kind in offered for offered in kinds] for kind in needs["kind"]])
    grades = np.zeros(judged.shape, np.int8)
    with (FIXTURES / "relevance" / "demo.csv").open(encoding="utf-8", newline="") as file:
        for pair in csv.DictReader(file):
            grades[row[pair["need_id"]], column[pair["offer_id"]]] = int(pair["grade"])
    assert judged[grades > 0].all()
    slices = {str(kind): (needs["kind"] == kind).to_numpy(np.bool_) for kind in needs["kind"].unique()}
    return LabelledSet("demo", need_texts(needs), offer_texts(district), grades, judged, slices)


def same_branch(labelled: LabelledSet) -> LabelledSet:
    """Return the set with only those pairs judged where the document answers some query of the query's branch.

    It is what comes nearest to need and offer of the same kind: telling a food bank from a choir is no feat.
    """
    together = np.array([[mine == other for other in labelled.branches] for mine in labelled.branches])
    judged = together.astype(np.float32) @ labelled.relevant.astype(np.float32) > 0
    return replace(labelled, is_judged=judged)


def statements(labelled: LabelledSet, encoder: Encoder) -> LabelledSet:
    """Return a set of 400 descriptions taken as needs.

    The sets' queries are of three words; a need is a sentence or two. Two descriptions are relevant to each
    other where a query has both. Twins, and a description with itself, are not counted.
    """
    described = np.flatnonzero(labelled.relevant.any(axis=0))
    rows = np.random.default_rng(0).choice(described, 400, replace=False)
    tags = labelled.relevant.astype(np.float32)
    made = replace(
        labelled,
        name=f"{labelled.name}, statements",
        queries=[labelled.documents[i] for i in rows],
        grades=(tags[:, rows].T @ tags > 0).astype(np.int8),
        is_judged=tags[:, rows].T @ labelled.is_judged.astype(np.float32) > 0,
        slices={},
        branches=[],
    )
    judged = made.is_judged & (made.scores(encoder).dense < TWINS)
    judged[np.arange(len(rows)), rows] = False
    return replace(made, is_judged=judged, grades=made.grades * judged)


def read_lines(path: Path) -> list[dict[str, str]]:
    """Return the objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
