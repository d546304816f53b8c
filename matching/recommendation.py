"""Recommended offers for a need and needs for a partner: the best that no rule excludes, and the best that one does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from threading import Lock

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from embeddings import Encoder, PairScorer, TextScores
from matching.areas import area_numbered, focus_areas
from matching.candidates import Progress, ScoredPairs, Scorer, scorer_of
from matching.cards import Cards, NeedCard
from matching.district import District, blank_rows
from matching.explain import Explainer
from matching.facts import Facts
from matching.fit import MILLION, FitParts
from matching.occupancy import Occupancy
from matching.policy import Policy
from matching.ranking import Pairs, Ranking, rank_needs, rank_offers
from matching.suggestions import NearMiss, NeedsForPartner, OffersForNeed, Scores, Suggestion
from matching.tags import Tags
from matching.texts import Texts, plain_text
from matching.vocabulary import KINDS

Index = NDArray[np.int64]
Priorities = NDArray[np.float32]

DECIMALS = 6


class UnknownIdError(ValueError):
    """The district has nothing of that id."""


def recommend(
    district: District,
    need_id: str,
    policy: Policy | None = None,
    *,
    on: date | None = None,
    limit: int = 10,
    encoder: Encoder | None = None,
) -> OffersForNeed:
    """Return the offers that suit a need best; who asks more than once keeps a `Recommender`.

    Raises
    ------
    UnknownIdError
        Where the district has no such need.
    ValueError
        Where the limit is below 1.
    """
    return Recommender(district, policy, on=on, encoder=encoder).offers_for(need_id, limit=limit)


class Recommender:
    """Recommendations for one version of a district, as it stands on one date; nothing in it changes.

    Texts, rules and partnerships are read once; what comes after costs milliseconds, and any number of threads may ask.

    Parameters
    ----------
    on
        The date all rules see, by default today.
    encoder
        By default the bundled model, with its vectors cached on disk.
    progress
        Called with ``"embedding"`` and the share of new texts that is read, 0 to 1.
    earlier
        The recommender of an earlier version, of whatever policy and date. What has stayed is taken from it: answers
        are the same without, only later.
    """

    def __init__(
        self,
        district: District,
        policy: Policy | None = None,
        *,
        on: date | None = None,
        encoder: Encoder | None = None,
        progress: Progress | None = None,
        earlier: "Recommender | None" = None,
    ):
        self._district, self._num_needs = district, len(district.needs)
        asked = _with_blank_needs(district, earlier)
        before = earlier._scorer if earlier else None
        self._scorer: Scorer = scorer_of(
            asked, policy or Policy(), on or date.today(), encoder, progress, before
        )
        facts = self._scorer.facts
        self._occupancy = Occupancy(asked, facts)
        self._cards = Cards(self._scorer, self._occupancy)
        self._explainer = Explainer(self._scorer)
        self._scorer.kept.settle()
        self._need_rows = _rows_by_id(district.needs["need_id"])
        self._offer_rows = _rows_by_id(district.offers["offer_id"])
        self._partner_rows = _rows_by_id(district.partners["partner_id"])
        self._partner_ids, self._partners = (
            district.partners[name].to_numpy(object) for name in ("partner_id", "name")
        )
        # The blank need of each school, and of none, stands behind the district's own.
        self._blank_rows = _rows_by_id(asked.needs["school_id"].iloc[self._num_needs :], self._num_needs)
        names = asked.schools["school_id"].tolist(), asked.schools["name"].tolist()
        self._schools = dict(zip(*names, strict=True))
        # A kind's offers side by side: what is of another kind is not even read.
        self._of_kind = [_KindOffers.of(self._scorer, kind, earlier) for kind in range(len(KINDS))]
        self._reading = Lock()

    @property
    def scorer(self) -> Scorer:
        """What has read the district's texts."""
        return self._scorer

    def offers_for(self, need_id: str, *, limit: int = 10, area: str | None = None) -> OffersForNeed:
        """Return the offers that suit a need best, and the most similar of those that a rule excludes.

        Parameters
        ----------
        area
            The key or a name of a focus area: only offers about it. So in all that a recommender is asked.

        Raises
        ------
        UnknownIdError
            Where the district has no such need.
        ValueError
            Where the limit is below 1, or the area is unknown.
        """
        _check_limit(limit)
        row = _row(self._need_rows, need_id, "Need")
        facts, texts = self._scorer.facts, self._scorer.texts
        kind = int(facts.needs.kind[row])
        scores = self._of_kind[kind].texts.block(slice(row, row + 1))
        pairs = self._pairs_of_need(facts, row, scores, texts.priorities_of(row))
        return self._offers(self._about(pairs, area, of_offers=True), self._cards.need(row), limit)

    def offers_for_text(
        self, text: str, kind: str, *, school_id: str = "", limit: int = 10, area: str | None = None
    ) -> OffersForNeed:
        """Return the offers for a need that is in no table yet, of a school or of none in particular.

        Raises
        ------
        UnknownIdError
            Where the district has no such school.
        ValueError
            Where the kind or the area is unknown, the text is blank, or the limit is below 1.
        """
        _check_limit(limit)
        if kind not in KINDS:
            raise ValueError(f"Kind {kind}: expected one of {', '.join(KINDS)}.")
        if not text.strip():
            raise ValueError("Text: expected what the school needs, got nothing.")
        row = _row(self._blank_rows, school_id, "School")
        facts, said = _with_kind(self._scorer.facts, row, KINDS.index(kind)), plain_text(text)
        # Neither models nor stemmers read for several threads at a time.
        with self._reading:
            texts = self._of_kind[KINDS.index(kind)].texts.with_queries([said], stored=False)
            scores = texts.block(slice(0, 1))
            priorities = self._scorer.texts.priorities_of(said)
            tags = self._scorer.texts.tagger.tag([said], stored=False)
        pairs = self._pairs_of_need(facts, row, scores, priorities)
        need = NeedCard(
            "", school_id, self._schools[school_id], "", text, kind, None, None, 1, 1, tags.keys(0)
        )
        return self._offers(self._about(pairs, area, of_offers=True), need, limit, (text, tags))

    def needs_for_partner(
        self, partner_id: str, *, limit: int = 10, area: str | None = None
    ) -> NeedsForPartner:
        """Return the needs that a partner's offers suit best, and the most similar of those that a rule excludes.

        Raises
        ------
        UnknownIdError
            Where the district has no such partner.
        ValueError
            Where the limit is below 1, or the area is unknown.
        """
        _check_limit(limit)
        partner = _row(self._partner_rows, partner_id, "Partner")
        return self._needs(partner, np.flatnonzero(self._scorer.facts.offers.partner == partner), limit, area)

    def needs_for_offer(self, offer_id: str, *, limit: int = 10, area: str | None = None) -> NeedsForPartner:
        """Return the same for one offer of a partner.

        Raises
        ------
        UnknownIdError
            Where the district has no such offer.
        ValueError
            Where the limit is below 1, or the area is unknown.
        """
        _check_limit(limit)
        offer = _row(self._offer_rows, offer_id, "Offer")
        return self._needs(int(self._scorer.facts.offers.partner[offer]), np.array([offer]), limit, area)

    def areas(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the key of the likeliest focus area of each need and of each offer, by id; "" where none is likely."""
        keys = np.array([*(area.key for area in focus_areas()), ""], dtype=object)
        needs, offers = (keys[tags.best()].tolist() for tags in self._scorer.texts.tags)
        # The blank needs stand behind the district's own.
        return dict(zip(self._need_rows, needs, strict=False)), dict(
            zip(self._offer_rows, offers, strict=True)
        )

    def _pairs_of_need(self, facts: Facts, need: int, scores: TextScores, priorities: Priorities) -> Pairs:
        """Return the pairs of a need with every offer of its kind, whose scores these are."""
        offer = self._of_kind[int(facts.needs.kind[need])].offers
        return Pairs(
            facts=facts,
            need=np.full_like(offer, need),
            offer=offer,
            dense=scores.dense[0],
            lexical=scores.lexical[0],
            similarity=scores.similarity[0],
            priorities=lambda rows: priorities[offer[rows]],
        )

    def _about(self, pairs: Pairs, area: str | None, *, of_offers: bool) -> Pairs:
        """Return the pairs whose offers, or whose needs, are about an area; all of them where none is asked for."""
        if area is None:
            return pairs
        tags = self._scorer.texts.tags[of_offers].about(area_numbered(area))
        return pairs.among(np.flatnonzero(tags[pairs.offer if of_offers else pairs.need]))

    def _offers(
        self, pairs: Pairs, need: NeedCard, limit: int, said: tuple[str, Tags] | None = None
    ) -> OffersForNeed:
        ranking = rank_offers(self._scorer, self._occupancy, pairs, limit)
        needs = dict.fromkeys(pairs.need[:1].tolist(), need)
        return OffersForNeed(need, *self._told(pairs.facts, ranking, needs, said))

    def _needs(self, partner: int, offers: Index, limit: int, area: str | None) -> NeedsForPartner:
        scorer = self._scorer
        needs = scorer.facts.needs
        has_slots = np.flatnonzero(needs.slots[: self._num_needs] > 0)
        shares = scorer.facts.offers.kinds[offers][:, np.newaxis] >> needs.kind[has_slots].astype(np.uint8)
        offer, need = np.nonzero(shares & 1)
        need, offer = has_slots[need], offers[offer]
        scores = scorer.texts.scores(need, offer)
        pairs = Pairs(
            facts=scorer.facts,
            need=need,
            offer=offer,
            dense=scores.dense,
            lexical=scores.lexical,
            similarity=scores.similarity,
            priorities=lambda rows: scorer.texts.priorities(need[rows], offer[rows]),
        )
        pairs = self._about(pairs, area, of_offers=False)
        ranking = rank_needs(scorer, self._occupancy, pairs, limit)
        rows = {*ranking.best.need.tolist(), *ranking.missed_need.tolist()}
        cards = {row: self._cards.need(row) for row in rows}
        left = self._occupancy.left(offers).tolist()
        own = tuple(self._cards.offer(row, free) for row, free in zip(offers.tolist(), left, strict=True))
        return NeedsForPartner(
            self._partner_ids[partner],
            self._partners[partner],
            own,
            *self._told(scorer.facts, ranking, cards, None),
        )

    def _told(
        self, facts: Facts, ranking: Ranking, needs: Mapping[int, NeedCard], said: tuple[str, Tags] | None
    ) -> tuple[tuple[Suggestion, ...], tuple[NearMiss, ...]]:
        """Return what a reader is told of each pair of a ranking."""
        cards, best = self._cards, ranking.best
        rows = zip(
            best.need.tolist(), best.offer.tolist(), self._free(facts, best.need, best.offer), strict=True
        )
        here = self._occupancy.slots_here(facts, best.need, best.offer).tolist()
        text, tags = said or (None, None)
        reasons = self._explainer.reasons(best, text=text, tags=tags)
        suggestions = tuple(
            Suggestion(
                need=needs[need],
                offer=cards.offer(offer, free),
                scores=scores,
                slots_here=slots_here,
                blocked_by=blocked_by,
                reason=reason,
            )
            for (need, offer, free), scores, slots_here, blocked_by, reason in zip(
                rows, _scores(best), here, ranking.blocked_by, reasons, strict=True
            )
        )
        missed = ranking.missed_need, ranking.missed_offer
        near_misses = tuple(
            NearMiss(needs[need], cards.offer(offer, free), round(similarity, DECIMALS), rules)
            for need, offer, free, similarity, rules in zip(
                *(side.tolist() for side in missed),
                self._free(facts, *missed),
                ranking.missed_similarity.tolist(),
                ranking.missed_rules,
                strict=True,
            )
        )
        return suggestions, near_misses

    def _free(self, facts: Facts, need: Index, offer: Index) -> list[int]:
        free: list[int] = self._occupancy.free_slots(facts, need, offer).tolist()
        return free


def _scores(pairs: ScoredPairs) -> Iterator[Scores]:
    """Yield the scores of each pair, rounded."""
    names = [part.name for part in fields(FitParts)]
    parts = zip(*(getattr(pairs.parts, name).tolist() for name in names), strict=True)
    texts = pairs.texts
    columns = (pairs.fit / MILLION, texts.similarity, texts.dense, texts.lexical)
    for row, values in zip(zip(*(column.tolist() for column in columns), strict=True), parts, strict=True):
        fit, similarity, dense, lexical = (round(value, DECIMALS) for value in row)
        yield Scores(
            fit=fit,
            similarity=similarity,
            dense=dense,
            lexical=lexical,
            parts={name: round(value, DECIMALS) for name, value in zip(names, values, strict=True)},
        )


@dataclass(frozen=True, slots=True, eq=False)
class _KindOffers:
    """The offers of one kind that have slots, by number, and the texts of these alone."""

    offers: Index
    all_texts: Texts
    texts: PairScorer

    @classmethod
    def of(cls, scorer: Scorer, kind: int, earlier: Recommender | None) -> "_KindOffers":
        """Return those of a kind, the earlier ones where they are the same."""
        facts, texts = scorer.facts.offers, scorer.texts
        offers = np.flatnonzero((facts.kinds >> kind & 1 == 1) & (facts.slots > 0))
        before = earlier._of_kind[kind] if earlier else None
        if before and before.all_texts is texts and np.array_equal(before.offers, offers):
            return before
        return cls(offers, texts, texts.with_offers(offers))


def _with_blank_needs(district: District, earlier: Recommender | None) -> District:
    """Return the district with a blank need more for each school, and one for a blank school of its own."""
    before = earlier._district if earlier else district
    if earlier and district.needs is before.needs and district.schools is before.schools:
        asked = earlier._scorer.district
        return replace(district, schools=asked.schools, needs=asked.needs)
    schools = pd.concat([district.schools, blank_rows("schools")], ignore_index=True)
    school_ids = schools["school_id"]
    # No id of a table begins with white space.
    blank = blank_rows("needs", len(schools)).assign(
        need_id=" " + school_ids, school_id=school_ids, kind=KINDS[0], slots=1
    )
    return replace(district, schools=schools, needs=pd.concat([district.needs, blank], ignore_index=True))


def _with_kind(facts: Facts, need: int, kind: int) -> Facts:
    """Return the facts with another kind of one need."""
    kinds = facts.needs.kind.copy()
    kinds[need] = kind
    return replace(facts, needs=replace(facts.needs, kind=kinds))


def _rows_by_id(ids: pd.Series, first: int = 0) -> dict[str, int]:
    return {name: row for row, name in enumerate(ids.tolist(), start=first)}


def _row(rows: Mapping[str, int], wanted: str, thing: str) -> int:
    if wanted not in rows:
        raise UnknownIdError(f"{thing} {wanted}: expected the id of one of this district, found none.")
    return rows[wanted]


def _check_limit(limit: int) -> None:
    if limit < 1:
        raise ValueError(f"Limit: expected a whole number >= 1, got {limit}.")
