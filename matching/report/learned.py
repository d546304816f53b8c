"""What coordinators' decisions taught, in sentences; of whom they were is not known here."""

from matching.learning import Comparison, Learning, Status
from matching.policy import Policy, Weights
from matching.report.words import PART_WORDS, counted

LEAST_SHIFT = 0.01
"""Share of the fit from which a part is said to count more or less."""


def learned_words(learning: Learning, policy: Policy) -> list[str]:
    """Return how many decisions there are, whether they changed the weights, by how much and why; none without any."""
    num_decisions = learning.num_accepted + learning.num_declined
    if not num_decisions:
        return []
    accepted = counted(learning.num_accepted, "recommendation")
    said = [f"Coordinators have accepted {accepted} and declined {learning.num_declined:,} on open needs."]
    if learning.comparison:
        said += _compared(learning.comparison)
    said.append(_verdict(learning, policy))
    if learning.status is Status.LEARNT:
        said += _shifts(learning.weights, policy.fit.weights)
    if learning.comparison:
        said.append(
            "The weights are learnt from the parts of the fit alone, never from who a school or partner is."
        )
    return said


def _compared(found: Comparison) -> list[str]:
    ranked, by_default = round(100 * found.ranked), round(100 * found.ranked_by_default)
    change = "falls" if found.gain >= 0 else "rises"
    low, high = sorted((abs(found.gain_low), abs(found.gain_high)))
    interval = f"{low:.3f} to {high:.3f}"
    if found.gain_low < 0 < found.gain_high:
        interval = f"between a rise of {-found.gain_low:.3f} and a fall of {found.gain_high:.3f}"
    return [
        f"Of an accepted and a declined one that it has not seen, the fit with learnt weights puts the accepted one "
        f"first in {ranked} of 100 cases, the fit with the policy's weights in {by_default}.",
        f"Its error (log loss) {change} by {abs(found.gain):.3f} a decision ({interval}).",
    ]


def _verdict(learning: Learning, policy: Policy) -> str:
    kept = "The weights are those of the policy"
    return {
        Status.SWITCHED_OFF: f"{kept}, which asks not to learn from decisions.",
        Status.TOO_FEW: f"{kept}: from {policy.learning.min_decisions:,} decisions on, others may be learnt.",
        Status.ONE_SIDED: f"{kept}: too few are accepted or declined, or too few schools or partners take part.",
        Status.NOT_BETTER: f"{kept}: learnt ones are not better by more than noise.",
        Status.LEARNT: "That is better by more than noise, so the learnt weights are used.",
    }[learning.status]


def _shifts(learnt: Weights, default: Weights) -> list[str]:
    """Return which parts count more and which less than by the policy, the largest shift first."""
    before, after = _shares(default), _shares(learnt)
    names = sorted(before, key=lambda name: -abs(after[name] - before[name]))
    parts = {
        word: [
            f"{PART_WORDS[name].lower()} ({before[name]:.0%} to {after[name]:.0%})"
            for name in names
            if sign * (after[name] - before[name]) >= LEAST_SHIFT
        ]
        for word, sign in (("more", 1), ("less", -1))
    }
    return [
        f"What counts {word} than by the policy: {', '.join(some)}." for word, some in parts.items() if some
    ]


def _shares(weights: Weights) -> dict[str, float]:
    total = sum(weights.as_dict().values())
    return {name: weight / total for name, weight in weights.as_dict().items()}
