"""Which matches of a review are shown, in which order and under which headings, and what was done just now."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.api.reviewed import MatchDecision
from service.pages.runs.planned import Planned
from service.runs.records import AnyRow

MATCHES_A_PAGE: Final = 25
MOST_UNDONE: Final = 2_000
Match = Mapping[str, Any]  # Any: cells of several types
Text = Annotated[str, Field(max_length=1000)]
Was = Annotated[str, Field(max_length=40_000, pattern=r"^[0-9apl.]*$")]
_CHOSEN: Final = ("school", "partner", "level", "kind", "state", "changes", "order", "page")


class Asked(BaseModel):
    """What of a review is shown; ``did`` and ``of`` say what was done just now to which matches, and what they were."""

    model_config = ConfigDict(extra="ignore")

    plan: Annotated[int | None, Field(ge=0, lt=1_000)] = None
    school: Text = ""
    partner: Text = ""
    level: Annotated[str, Field(max_length=20)] = ""
    kind: Annotated[str, Field(max_length=20)] = ""
    state: Literal["", "proposed", "accepted", "declined"] = ""
    changes: Literal["", "1"] = ""
    order: Literal["", "open", "urgent", "fit", "partner"] = ""
    page: Annotated[int, Field(ge=1, le=10_000)] = 1
    did: Annotated[str, Field(max_length=20)] = ""
    of: Was = ""

    def address(self, of: Planned, /, **others: object) -> str:
        """Return the address of a review with this choice, with other values for some of it."""
        kept = {name: getattr(self, name) for name in _CHOSEN} | others
        return of.at("/review", **{name: value for name, value in kept.items() if value != 1})

    @property
    def is_filtered(self) -> bool:
        """Whether some matches may be left out."""
        return any((self.school, self.partner, self.level, self.kind, self.state, self.changes))

    def found(self, matches: Sequence[Match]) -> list[Match]:
        """Return the matches that are asked for, in the order asked for, those under one heading together."""
        sought = self.partner.strip().casefold()
        found = [
            match
            for match in matches
            if self.school in ("", match["school_id"])
            and sought in match["partner"].casefold()
            and self.level in ("", match["level"])
            and self.kind in ("", match["kind"])
            and self.state in ("", match["decision"])
            and (not self.changes or match["planned"] != match["ran"])
        ]
        if not self.order:
            return found
        weight: dict[str, Any] = {}  # Any: what headings are put in order by
        for match in found:
            heading, place = self.heading(match), self._place(match)
            weight[heading] = min(place, weight.get(heading, place))
        return sorted(
            found,
            key=lambda match: (weight[self.heading(match)], self.heading(match), self._place(match)),
        )

    def heading(self, match: Match) -> str:
        """Return under whom a match stands: its school, or its partner."""
        return str(match["partner" if self.order == "partner" else "school"])

    def _place(self, match: Match) -> Any:  # Any: likewise
        if self.order == "open":
            return match["decision"] != "proposed"
        if self.order == "fit":
            return (match["is_ending"], match["fit"])
        return match["level"] if self.order == "urgent" else ""


def by_heading(asked: Asked, matches: Sequence[Match]) -> list[tuple[str, str, list[Match]]]:
    """Return matches by their headings, each with the id of its school, "" where it is a partner."""
    groups: dict[tuple[str, str], list[Match]] = {}
    for match in matches:
        school_id = "" if asked.order == "partner" else match["school_id"]
        groups.setdefault((asked.heading(match), school_id), []).append(match)
    return [(school_id, heading, found) for (heading, school_id), found in groups.items()]


def states(rows: Sequence[AnyRow], numbers: Sequence[int]) -> str:
    """Return what was decided about matches, so short that an address holds it; "" where they are too many."""
    if len(numbers) > MOST_UNDONE:
        return ""
    of_number = {row.number: row for row in rows}
    return ".".join(f"{number}{_state(of_number[number])}" for number in numbers)


def restored(was: str) -> dict[int, MatchDecision]:
    """Return the decisions that bring back what `states` told."""
    found: dict[int, MatchDecision] = {}
    for number, word, slots, locked in re.findall(r"(\d+)([ap]?)(\d*)(l?)", was):
        if word == "a":
            change = MatchDecision(decision="accepted", slots=int(slots), locked=bool(locked))
        else:
            change = MatchDecision(decision="proposed", locked=bool(locked))
        found[int(number)] = change
    return found


def _state(row: AnyRow) -> str:
    """Return a decision in letters; what was declined is open again afterwards, for its reason is gone."""
    lock = "l" if row.locked else ""
    return f"a{row.slots}{lock}" if row.decision == "accepted" else f"p{lock}"
