"""The allocation problem as plain arrays, checked once on construction."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NUM_LEVELS = 10
NO_LIMIT = 2**60
MAX_SLOTS = 1_000_000
MAX_FIT = 1_000_000_000

_OWNERS = {"need": "Need", "offer": "Offer", "pair": "Pair", "school": "School", "partner": "Partner"}


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Needs, offers and the pairs that may be matched, by index; read-only once constructed.

    All arrays but ``need_uses_trained`` hold whole numbers. ``None`` means that the rule is absent;
    `NO_LIMIT` in a limit means no limit for this entry. Locks are lower bounds: they override every
    rule on their pair but the slots of the need and of the offer, trained ones included.

    Parameters
    ----------
    need_slots
        Slots each need asks for, 1 to a million, of shape ``(num_needs,)``.
    need_level
        Index into the ten levels in policy order, 0 to 9.
    need_school
        School of each need, 0 or more.
    offer_slots
        Slots each offer gives, 1 to a million, of shape ``(num_offers,)``.
    offer_partner
        Partner of each offer, 0 or more.
    pair_need, pair_offer
        The pairs that may be matched, each at most once, of shape ``(num_pairs,)``.
    pair_fit
        Worth of a slot in millionths, 0 to a thousand million.
    pair_max_slots
        The most slots of a match.
    pair_locked
        Slots a match has to keep; it may grow.
    pair_incumbent
        Slots of a match already running; taking them away costs in the line ``keep``.
    offer_min_slots
        The least slots worth doing in one match.
    offer_trained_slots
        The most slots of an offer for needs that use trained ones.
    need_uses_trained
        Whether a need takes trained slots.
    need_min_slots
        A need gets no slot or at least these.
    need_max_partners, school_max_partners
        The most distinct partners of a need and of a school.
    partner_max_schools
        The most distinct schools of a partner.

    Raises
    ------
    ValueError
        An array has the wrong shape or type, or an entry is out of range; names the first such entry.
    """

    need_slots: Ints
    need_level: Ints
    need_school: Ints
    offer_slots: Ints
    offer_partner: Ints
    pair_need: Ints
    pair_offer: Ints
    pair_fit: Ints
    pair_max_slots: Ints | None = None
    pair_locked: Ints | None = None
    pair_incumbent: Ints | None = None
    offer_min_slots: Ints | None = None
    offer_trained_slots: Ints | None = None
    need_uses_trained: Bools | None = None
    need_min_slots: Ints | None = None
    need_max_partners: Ints | None = None
    school_max_partners: Ints | None = None
    partner_max_schools: Ints | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None or field.default is MISSING:
                object.__setattr__(self, field.name, _read_only(field.name, value))
        _check_lengths(self)
        _check_ranges(self)
        _check_pairs(self)
        _check_school_levels(self)

    @property
    def num_needs(self) -> int:
        """How many needs there are."""
        return len(self.need_slots)

    @property
    def num_offers(self) -> int:
        """How many offers there are."""
        return len(self.offer_slots)

    @property
    def num_pairs(self) -> int:
        """How many pairs may be matched."""
        return len(self.pair_need)

    @property
    def level_needed(self) -> Ints:
        """Slots needed at each of the ten levels."""
        return sum_by(self.need_level, self.need_slots, NUM_LEVELS)

    @property
    def num_schools(self) -> int:
        """One more than the highest school that a need or a limit mentions."""
        return max(_size(self.need_school), _length(self.school_max_partners))

    @property
    def num_partners(self) -> int:
        """One more than the highest partner that an offer or a limit mentions."""
        return max(_size(self.offer_partner), _length(self.partner_max_schools))


def sum_by(index: Ints, values: Ints, size: int) -> Ints:
    """Exact sums of ``values`` by ``index``, of shape ``(size,)``."""
    total = np.zeros(size, np.int64)
    np.add.at(total, index, values)
    return total


def _size(index: Ints) -> int:
    return int(index.max()) + 1 if len(index) else 0


def _length(values: Ints | None) -> int:
    return 0 if values is None else len(values)


def _read_only(name: str, value: object) -> NDArray[np.generic]:
    wants_bool = name == "need_uses_trained"
    expected = f"{name}: expected one dimension of {'booleans' if wants_bool else 'whole numbers'}"
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{expected}, got rows of several lengths.") from error
    if array.size == 0 and not isinstance(value, np.ndarray):
        array = array.astype(np.bool_ if wants_bool else np.int64)
    if array.ndim != 1 or array.dtype.kind not in ("b" if wants_bool else "iu"):
        raise ValueError(f"{expected}, got {array.dtype} {array.shape}.")
    array = np.ascontiguousarray(array, dtype=np.bool_ if wants_bool else np.int64).view()
    array.flags.writeable = False
    return array


def _check_lengths(problem: Problem) -> None:
    sizes = {"need": problem.num_needs, "offer": problem.num_offers, "pair": problem.num_pairs}
    sizes |= {"school": _size(problem.need_school), "partner": _size(problem.offer_partner)}
    for field in fields(problem):
        value = getattr(problem, field.name)
        owner = field.name.split("_")[0]
        if value is None:
            continue
        enough = len(value) >= sizes[owner] if owner in ("school", "partner") else len(value) == sizes[owner]
        if not enough:
            raise ValueError(f"{field.name}: expected {sizes[owner]} entries, got {len(value)}.")


def _check_ranges(problem: Problem) -> None:
    ranges = {
        "need_slots": (1, MAX_SLOTS),
        "need_level": (0, NUM_LEVELS - 1),
        "need_school": (0, NO_LIMIT),
        "offer_slots": (1, MAX_SLOTS),
        "offer_partner": (0, NO_LIMIT),
        "pair_need": (0, problem.num_needs - 1),
        "pair_offer": (0, problem.num_offers - 1),
        "pair_fit": (0, MAX_FIT),
        "pair_max_slots": (0, NO_LIMIT),
        "pair_locked": (0, MAX_SLOTS),
        "pair_incumbent": (0, MAX_SLOTS),
        "offer_min_slots": (1, NO_LIMIT),
        "offer_trained_slots": (0, NO_LIMIT),
        "need_min_slots": (0, NO_LIMIT),
        "need_max_partners": (0, NO_LIMIT),
        "school_max_partners": (0, NO_LIMIT),
        "partner_max_schools": (0, NO_LIMIT),
    }
    for name, (least, most) in ranges.items():
        value = getattr(problem, name)
        if value is not None:
            _check_range(name, value, least, most)


def _check_range(name: str, value: Ints, least: int, most: int) -> None:
    wrong = (value < least) | (value > most)
    if wrong.any():
        entry = int(np.argmax(wrong))
        owner, what = name.split("_", 1)
        limit = f">= {least}" if value[entry] < least else f"<= {most}"
        raise ValueError(f"{_OWNERS[owner]} {entry}: {what} must be {limit}, got {value[entry]}.")


def _check_pairs(problem: Problem) -> None:
    key = problem.pair_need * np.int64(problem.num_offers) + problem.pair_offer
    order = np.argsort(key, kind="stable")
    again = np.flatnonzero(key[order][1:] == key[order][:-1])
    if len(again):
        first, second = order[again[0]], order[again[0] + 1]
        need, offer = problem.pair_need[second], problem.pair_offer[second]
        raise ValueError(
            f"Pair {second}: need {need} and offer {offer} must be paired once, got them as pair {first} too."
        )


def _check_school_levels(problem: Problem) -> None:
    schools, inverse = np.unique(problem.need_school, return_inverse=True)
    needed = sum_by(inverse * NUM_LEVELS + problem.need_level, problem.need_slots, len(schools) * NUM_LEVELS)
    if (needed > MAX_SLOTS).any():
        entry = int(np.argmax(needed > MAX_SLOTS))
        school, level = schools[entry // NUM_LEVELS], entry % NUM_LEVELS
        raise ValueError(
            f"School {school}: slots needed at level {level} must be <= {MAX_SLOTS}, got {needed[entry]}."
        )
