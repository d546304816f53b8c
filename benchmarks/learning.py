"""How often learnt weights are taken up: where a coordinator decides by other weights, and where nothing is to learn.

Run as ``python -m benchmarks.learning [--seeds 20]``. In each of so many invented districts a simulated coordinator
decides on pairs that no rule excludes, drawn at random, a few to a need. Whether a pair is accepted is a matter of
chance that grows with its fit by the coordinator's own weights: at ``slope`` 0 a coin is tossed, at 10 and 25 the fit
decides more and more. The coordinator's weights are the default ones, these with a strong taste for some partners and
schools whatever they offer, or halfway to, or all of, a far greater weight of nearness. Adopted where there is nothing
to learn (the default weights, a coin, or tastes) is a fault; ``ranked`` is the
share of pairs of an accepted and a declined one that are ranked right among 2,000 pairs more, by the weights in use and
by the default ones. The texts are scored by shared words alone. Figures go to ``benchmarks/results/learning.json``.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from benchmarks.record import write_record
from embeddings import WordHashEncoder
from matching.candidates import Scorer, scorer_of
from matching.fit import MILLION
from matching.generate import generate_district
from matching.learning import Decisions, Status, learn
from matching.policy import Policy, Weights
from matching.rules import PAIR_RULES
from matching.tables import district_from_tables

Index = NDArray[np.int64]

ON = date(2026, 9, 14)
NUM_SCHOOLS, NUM_UNSEEN = 40, 2_000
NUM_DECISIONS = (200, 500, 2_000)
COORDINATORS = {
    "default": Weights(),
    "tastes": Weights(),
    "nearness, halfway": Weights(similarity=0.45, distance=0.25),
    "nearness": Weights(similarity=0.30, distance=0.40),
}
SLOPES = (0, 10, 25)
TASTE = 2.0
"""Standard deviation of the liking for a partner, in log-odds; half as much for a school."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one coordinator's decisions."""

    is_adopted: bool
    ranked: float
    ranked_by_default: float
    seconds: float


def main() -> None:
    """Simulate, print and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    num_seeds = parser.parse_args().seeds
    districts = [_pairs_of(seed) for seed in range(num_seeds)]
    rows = []
    for name, slope, num_decisions in _cases():
        answers = [
            _answer(*district, name, slope, num_decisions, seed) for seed, district in enumerate(districts)
        ]
        row = _row(answers) | {"coordinator": name, "slope": slope, "num_decisions": num_decisions}
        print(row, flush=True)
        rows.append(row)
    nothing = [row for row in rows if row["coordinator"] in ("default", "tastes")]
    figures = {
        "num_districts": num_seeds,
        "adopted_where_nothing_to_learn": float(np.mean([row["adopted"] for row in nothing])),
        "rows": rows,
    }
    print(write_record("learning", figures, packages=["numpy", "scikit-learn"]))


def _cases() -> Iterator[tuple[str, int, int]]:
    for name in COORDINATORS:
        for slope in SLOPES:
            # A coin is the same coin whatever the weights.
            if slope or name == "default":
                yield from ((name, slope, num_decisions) for num_decisions in NUM_DECISIONS)


def _pairs_of(seed: int) -> tuple[Scorer, Index, Index]:
    """Return an invented district's scorer and all its pairs that no rule excludes."""
    district = district_from_tables(generate_district(NUM_SCHOOLS, seed=seed))
    scorer = scorer_of(district, Policy(), ON, WordHashEncoder())
    need, offer = np.divmod(np.arange(len(district.needs) * len(district.offers)), len(district.offers))
    rules = scorer.policy.rules
    is_allowed = np.logical_and.reduce(
        [allows(scorer.facts, need, offer, rules) for allows in PAIR_RULES.values()]
    )
    return scorer, need[is_allowed], offer[is_allowed]


def _answer(  # noqa: PLR0913, PLR0917 - a case and its district
    scorer: Scorer, need: Index, offer: Index, coordinator: str, slope: int, num_decisions: int, seed: int
) -> Answer:
    rng = np.random.default_rng([seed, slope, num_decisions])
    chosen = rng.permutation(len(need))[: num_decisions + NUM_UNSEEN]
    pairs = scorer.score(need[chosen], offer[chosen])
    fit = pairs.parts.total(COORDINATORS[coordinator]) / MILLION
    school, partner = scorer.facts.needs.school[pairs.need], scorer.facts.offers.partner[pairs.offer]
    taste = (
        rng.normal(0, TASTE, partner.max() + 1)[partner] + rng.normal(0, TASTE / 2, school.max() + 1)[school]
    )
    odds = slope * (fit - np.median(fit)) + (taste if coordinator == "tastes" else 0.0)
    is_accepted = rng.random(len(chosen)) < 1 / (1 + np.exp(-odds))
    seen, unseen = np.arange(num_decisions), np.arange(num_decisions, len(chosen))
    need, offer, school, partner = (side[seen] for side in (pairs.need, pairs.offer, school, partner))
    said = Decisions(need, offer, school, partner, is_accepted[seen])
    start = time.process_time()
    learning = learn(said, lambda need, offer: scorer.score(need, offer).parts, Policy())
    seconds = time.process_time() - start
    ranked, by_default = (
        float(roc_auc_score(is_accepted[unseen], pairs.parts.total(used)[unseen]))
        for used in (learning.weights, Weights())
    )
    return Answer(learning.status is Status.LEARNT, ranked, by_default, seconds)


def _row(answers: list[Answer]) -> dict[str, object]:
    adopted = [answer for answer in answers if answer.is_adopted]
    row: dict[str, object] = {"adopted": len(adopted) / len(answers)}
    row["cpu_seconds"] = round(float(np.median([answer.seconds for answer in answers])), 3)
    row["ranked"] = round(float(np.mean([answer.ranked for answer in answers])), 3)
    row["ranked_by_default"] = round(float(np.mean([answer.ranked_by_default for answer in answers])), 3)
    row["adopted_and_worse"] = sum(answer.ranked < answer.ranked_by_default for answer in adopted)
    return row


if __name__ == "__main__":
    main()
