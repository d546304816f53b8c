"""What coordinators' decisions teach about the fit: other weights, where these tell better what will be accepted.

The model sees the parts of the fit and nothing else: no id, no name, no kind of school or partner. It is a logistic
regression drawn towards the policy's weights, so that few decisions change little, and a part never counts against a
pair. Whether it is better is judged on decisions about schools and partners that it has not seen: parts such as the
commitment are a partner's own, so a model that knew the partner could take a liking for it for a liking of the part.

References
----------
C. Cameron, J. Gelbach and D. Miller, "Robust inference with multiway clustering", Journal of Business and Economic
Statistics 29 (2011), for how sure a gain is where decisions share schools and partners.

J. Platt, "Probabilistic outputs for support vector machines", Advances in Large Margin Classifiers (1999), for the
scale that both sets of weights are given before they are compared.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from matching import policy
from matching.district import District
from matching.facts import positions
from matching.fit import FitParts
from matching.kept import Kept

Index = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
PartsOf = Callable[[Index, Index], FitParts]

FOLDS = 5
"""Groups of schools, and of partners; their 25 blocks are held out in turn."""
LEAST_SIDES, LEAST_DECISIONS = 2 * FOLDS, 20
"""Schools and partners, accepted and declined ones without which there is nothing to compare."""
STRENGTH = 0.3
"""scikit-learn's ``C``: of 0.1 to 30 one that took up true differences most often and chance ones least."""
ALONG_DEFAULT = 30.0
"""How much cheaper it is to believe the policy's weights as a whole more or less than to shift a single one."""


class Status(StrEnum):
    """What became of the decisions."""

    SWITCHED_OFF = "switched_off"
    TOO_FEW = "too_few"
    ONE_SIDED = "one_sided"
    NOT_BETTER = "not_better"
    LEARNT = "learnt"


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """The last decision on each pair of an open need and an offer, shape ``(num_decisions,)``.

    ``school`` and ``partner`` keep apart what is learnt from and what is held out; the model never sees them.
    """

    need: Index
    offer: Index
    school: Index
    partner: Index
    is_accepted: Bools


@dataclass(frozen=True, slots=True)
class Comparison:
    """Learnt weights beside the policy's, on decisions that neither has seen.

    ``gain`` is the mean fall in log loss (nats a decision), with the bounds that each hold at the policy's confidence;
    ``ranked`` the share of pairs of an accepted and a declined one that are ranked right, by the learnt weights and by
    the policy's (the area under the curve).
    """

    gain: float
    gain_low: float
    gain_high: float
    ranked: float
    ranked_by_default: float

    @property
    def is_better(self) -> bool:
        """Whether the learnt weights are better by more than noise, and rank no worse."""
        return self.gain_low > 0 and self.ranked > self.ranked_by_default


@dataclass(frozen=True, slots=True)
class Learning:
    """What the decisions taught; ``weights`` are those that the fit uses."""

    status: Status
    weights: policy.Weights
    num_accepted: int
    num_declined: int
    comparison: Comparison | None = None


def decisions_of(district: District) -> Decisions:
    """Return the last decision on each pair that is there; rows without a date come before those with one."""
    rows = district.decisions.sort_values("date", na_position="first", kind="stable")
    rows = rows.drop_duplicates(["need_id", "offer_id"], keep="last").sort_index()
    is_open = district.needs["slots"].to_numpy() > 0
    need = positions(rows["need_id"], district.needs["need_id"])
    offer = positions(rows["offer_id"], district.offers["offer_id"])
    there = (need >= 0) & (offer >= 0)
    there[there] = is_open[need[there]]
    need, offer = need[there], offer[there]
    return Decisions(
        need=need,
        offer=offer,
        school=positions(district.needs["school_id"], district.schools["school_id"])[need],
        partner=positions(district.offers["partner_id"], district.partners["partner_id"])[offer],
        is_accepted=(rows["decision"] == "accepted").to_numpy(dtype=bool)[there],
    )


def learn(said: Decisions, parts_of: PartsOf, settings: policy.Policy, kept: Kept | None = None) -> Learning:
    """Return the weights to use after these decisions: the policy's, unless others are better by more than noise.

    Parameters
    ----------
    parts_of
        Gives the parts of the fit of pairs; asked only where there are decisions enough.
    kept
        What is kept of an earlier version of the district.
    """
    default, num_accepted = settings.fit.weights, int(said.is_accepted.sum())
    counts = num_accepted, len(said.need) - num_accepted
    status = _reason_against(said, settings.learning)
    if status:
        return Learning(status, default, *counts)
    lesson = _Lesson.of(said, parts_of(said.need, said.offer), default)
    return kept.of(_taught, {}, lesson, settings) if kept else _taught(None, lesson, settings)


def _taught(_: District | None, lesson: "_Lesson", settings: policy.Policy) -> Learning:
    """Return the weights to use where there are decisions enough."""
    default, num_accepted = settings.fit.weights, int(lesson.is_accepted.sum())
    counts = num_accepted, len(lesson.is_accepted) - num_accepted
    comparison = _compare(lesson, settings.learning.confidence)
    if not comparison.is_better:
        return Learning(Status.NOT_BETTER, default, *counts, comparison)
    shares = lesson.fitted(np.ones(len(lesson.is_accepted), dtype=bool))
    learnt = np.round(shares * sum(default.as_dict().values()), 4).tolist()
    weights = policy.Weights(**default.as_dict() | dict(zip(lesson.names, learnt, strict=True)))
    return Learning(Status.LEARNT, weights, *counts, comparison)


def _reason_against(said: Decisions, settings: policy.Learning) -> Status | None:
    if not settings.use:
        return Status.SWITCHED_OFF
    if len(said.need) < settings.min_decisions:
        return Status.TOO_FEW
    num_sides = min(len(np.unique(said.school)), len(np.unique(said.partner)))
    num_either = min(said.is_accepted.sum(), (~said.is_accepted).sum())
    return Status.ONE_SIDED if num_sides < LEAST_SIDES or num_either < LEAST_DECISIONS else None


@dataclass(frozen=True, slots=True, eq=False)
class _Lesson:
    """What the model sees, the ``parts`` that have a weight and the decision, and which folds a row belongs to."""

    names: tuple[str, ...]
    default: Floats
    parts: Floats
    is_accepted: Bools
    school: Index
    partner: Index

    @classmethod
    def of(cls, said: Decisions, parts: FitParts, weights: policy.Weights) -> "_Lesson":
        """Return the lesson; a part that the policy gives no weight stays without one."""
        by_name = {name: weight for name, weight in weights.as_dict().items() if weight > 0}
        table = np.column_stack([getattr(parts, name) for name in by_name])
        default = np.array(list(by_name.values())) / sum(by_name.values())
        school, partner = (np.unique(side, return_inverse=True)[1] for side in (said.school, said.partner))
        return cls(tuple(by_name), default, table, said.is_accepted, school, partner)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Lesson)
            and self.names == other.names
            and all(
                np.array_equal(getattr(self, name), getattr(other, name))
                for name in ("default", "parts", "is_accepted", "school", "partner")
            )
        )

    __hash__ = None  # type: ignore[assignment]  # arrays have none

    def fitted(self, rows: Bools) -> Floats:
        """Return the weights, summing to 1, that the decisions in these rows teach."""
        from sklearn.linear_model import LogisticRegression

        parts = self.parts[rows]
        columns = np.column_stack([ALONG_DEFAULT * (parts @ self.default), parts])
        model = LogisticRegression(C=STRENGTH, solver="newton-cholesky").fit(columns, self.is_accepted[rows])
        along, shifts = model.coef_[0, 0], model.coef_[0, 1:]
        found: Floats = np.maximum(ALONG_DEFAULT * along * self.default + shifts, 0.0)
        return found / found.sum() if found.any() else self.default

    def folds(self) -> Iterator[tuple[Bools, Bools]]:
        """Yield rows to learn from and rows held out, which have neither a school nor a partner in common."""
        rng = np.random.default_rng(0)
        school, partner = (
            (rng.permutation(side.max() + 1) % FOLDS)[side] for side in (self.school, self.partner)
        )
        for one, other in np.ndindex(FOLDS, FOLDS):
            known, held_out = (school != one) & (partner != other), (school == one) & (partner == other)
            if held_out.any() and len(np.unique(self.is_accepted[known])) > 1:
                yield known, held_out


def _compare(lesson: _Lesson, confidence: float) -> Comparison:
    """Return how the learnt weights do on decisions held out; what no fold holds out counts as no difference."""
    from sklearn.metrics import roc_auc_score

    by_default = lesson.parts @ lesson.default
    gain, scores = np.zeros(len(by_default)), by_default.copy()
    for known, held_out in lesson.folds():
        by_learnt = lesson.parts @ lesson.fitted(known)
        loss = (_log_loss(lesson, fit, known, held_out) for fit in (by_default, by_learnt))
        gain[held_out] = next(loss) - next(loss)
        scores[held_out] = by_learnt[held_out]
    mean, margin = _mean_and_margin(gain, lesson, confidence)
    found = (
        mean,
        mean - margin,
        mean + margin,
        roc_auc_score(lesson.is_accepted, scores),
        roc_auc_score(lesson.is_accepted, by_default),
    )
    return Comparison(*(round(float(value), 6) for value in found))


def _log_loss(lesson: _Lesson, scores: Floats, known: Bools, held_out: Bools) -> Floats:
    """Return the log loss of each held-out decision, on the scale that the known ones give the scores."""
    from sklearn.linear_model import LogisticRegression

    spread = float(scores[known].std()) or 1.0
    column = ((scores - scores[known].mean()) / spread)[:, np.newaxis]
    model = LogisticRegression(C=1e3, solver="newton-cholesky").fit(column[known], lesson.is_accepted[known])
    odds: Floats = model.decision_function(column[held_out])
    if model.coef_[0, 0] < 0:
        # No set of weights may earn by being read backwards.
        rate = lesson.is_accepted[known].mean()
        odds = np.full(len(odds), np.log(rate / (1 - rate)))
    return np.logaddexp(0.0, np.where(lesson.is_accepted[held_out], -odds, odds))


def _mean_and_margin(gain: Floats, lesson: _Lesson, confidence: float) -> tuple[float, float]:
    """Return the mean gain and how far it may be off to one side: schools and partners are what was drawn."""
    from scipy.stats import t

    surplus, num_partners = gain - gain.mean(), int(lesson.partner.max()) + 1

    def variance(group: Index) -> float:
        sums = np.bincount(group, weights=surplus)
        return float(sums @ sums)

    sides = variance(lesson.school), variance(lesson.partner)
    both = sum(sides) - variance(lesson.school * num_partners + lesson.partner)
    count = min(int(lesson.school.max()) + 1, num_partners)
    error = np.sqrt(count / (count - 1) * max(both, *sides)) / len(gain)
    return float(gain.mean()), float(t.ppf(confidence, count - 1) * error)
