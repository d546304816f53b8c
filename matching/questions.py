"""A question to a recommender as a value: the command line and the service ask alike, and answers are kept by it."""

from dataclasses import dataclass

from matching.recommendation import Recommender
from matching.suggestions import NeedsForPartner, OffersForNeed


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: exactly one of the first four; a text has a kind and may have a school.

    Parameters
    ----------
    need_id, text
        Which offers suit this need, stored or in words?
    partner_id, offer_id
        Which needs suit this partner's offers, or this one?
    area
        The key or a name of a focus area: only what is about it.
    """

    need_id: str | None = None
    text: str | None = None
    partner_id: str | None = None
    offer_id: str | None = None
    kind: str = ""
    school_id: str = ""
    area: str | None = None
    limit: int = 10

    def __post_init__(self) -> None:
        """Refuse what is no question or several."""
        asked = (self.need_id, self.text, self.partner_id, self.offer_id)
        count = sum(value is not None for value in asked)
        if count != 1:
            raise ValueError(f"Question: expected one of need, text, partner and offer, got {count}.")
        if (self.text is None) != (self.kind == ""):
            raise ValueError("Question: expected a kind of help with a text, and only with one.")

    def asked_of(self, recommender: Recommender) -> OffersForNeed | NeedsForPartner:
        """Return the answer.

        Raises
        ------
        UnknownIdError
            Where the district has no such need, partner, offer or school.
        ValueError
            Where the kind, the area or the limit is none.
        """
        if self.need_id is not None:
            return recommender.offers_for(self.need_id, limit=self.limit, area=self.area)
        if self.text is not None:
            return recommender.offers_for_text(
                self.text, self.kind, school_id=self.school_id, limit=self.limit, area=self.area
            )
        if self.partner_id is not None:
            return recommender.needs_for_partner(self.partner_id, limit=self.limit, area=self.area)
        return recommender.needs_for_offer(self.offer_id or "", limit=self.limit, area=self.area)
