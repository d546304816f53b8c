"""What a rematch changes: every running and every planned match, before and after, with its cause and its reason."""

from enum import StrEnum

import numpy as np
import pandas as pd

from matching.district import District
from matching.pipeline import Matching
from matching.rules import PAIR_RULES
from matching.standing import RUNNING, Cause
from matching.vocabulary import KINDS, MENTORING

COLUMNS = (
    "need_id",
    "school_id",
    "offer_id",
    "partner_id",
    "level",
    "before",
    "after",
    "change",
    "forced",
    "moved",
    "cause",
    "reason",
)
PAIR = ["need_id", "offer_id"]


class Change(StrEnum):
    """What becomes of a match."""

    KEPT = "kept"
    NEW = "new"
    ENLARGED = "enlarged"
    REDUCED = "reduced"
    ENDED = "ended"


def changes_of(district: District, running: pd.DataFrame, matching: Matching) -> pd.DataFrame:
    """Return a row a match that runs or is planned, ordered by need, then offer, with the columns `COLUMNS`.

    ``before`` and ``after`` are slots. Of what a match loses, ``forced`` slots are lost to the world and ``moved``
    slots are taken by the plan; these alone count as moves.

    Parameters
    ----------
    running
        What `matching.standing.running_matches` tells, with ``fitting``: the slots of each that the rules still allow.
    """
    planned = matching.allocation.matches[[*PAIR, "slots", "reason"]]
    planned = planned.rename(columns={"slots": "after", "reason": "match_reason"})
    before = running.rename(columns={"slots": "before"})
    table = before.merge(planned, on=PAIR, how="outer", sort=True)
    numbers = ["before", "after", "fitting"]
    table[numbers] = table[numbers].fillna(0).astype(np.int64)
    table = table[table[["before", "after"]].any(axis=1)].reset_index(drop=True)
    words = ["cause", "why", "match_reason"]
    table[words] = table[words].astype(object).fillna("")
    table["is_locked"] = table["is_locked"].eq(True)
    table["forced"] = np.maximum(table["before"] - table[["fitting", "after"]].max(axis=1), 0)
    table["moved"] = np.maximum(table["fitting"] - table["after"], 0)
    table["change"] = _changes(table)
    table["promised"] = (
        table["before"].where(table["cause"] == "", 0).groupby(table["offer_id"]).transform("sum")
    )
    offers = district.offers.set_index("offer_id").reindex(table["offer_id"])
    table["offered"] = offers["slots"].to_numpy()
    is_mentoring = district.needs.set_index("need_id")["kind"].reindex(table["need_id"]) == KINDS[MENTORING]
    mentored = table["before"].where((table["cause"] == "") & is_mentoring.to_numpy(), 0)
    table["promised_trained"] = mentored.groupby(table["offer_id"]).transform("sum")
    open_slots = matching.district.needs.set_index("need_id")["slots"].reindex(table["need_id"])
    table["needed"] = open_slots.fillna(0).astype(np.int64).to_numpy()
    table["ran"] = table["before"].where(table["cause"] == "", 0).groupby(table["need_id"]).transform("sum")
    table["trained"] = offers["trained_slots"].fillna(offers["slots"]).to_numpy()
    table["level"] = _levels(district, matching, table)
    school = district.needs.set_index("need_id")["school_id"]
    partner = district.offers.set_index("offer_id")["partner_id"]
    table["school_id"] = school.reindex(table["need_id"]).to_numpy()
    table["partner_id"] = partner.reindex(table["offer_id"]).to_numpy()
    table["despite"] = _despite(matching, table)
    told = [_cause_and_reason(row, table, matching) for row in table.itertuples()]
    table["cause"], table["reason"] = [cause for cause, _ in told], [reason for _, reason in told]
    return table[list(COLUMNS)]


def partnerships_after(district: District, changes: pd.DataFrame, on: pd.Timestamp) -> pd.DataFrame:
    """Return the partnerships table once a plan is accepted: planned matches active, the ended and declined kept.

    A match that goes on keeps its first day and its lock, a proposal that begins its lock; what the plan ends is
    ``ended``; other proposals go.
    """
    rows = district.partnerships
    is_running = rows["status"].isin(RUNNING)
    old = rows[~is_running & (rows["status"] != "proposed")]
    ran = rows[is_running].merge(changes[[*PAIR, "after"]], on=PAIR, how="left")
    ran["status"] = np.where(ran["after"] > 0, "active", "ended")
    ran["slots"] = np.where(ran["after"] > 0, ran["after"], ran["slots"])
    pairs = pd.MultiIndex.from_frame(changes[PAIR])
    new = changes[(changes["after"] > 0) & ~pairs.isin(pd.MultiIndex.from_frame(ran[PAIR]))]
    is_locked = pd.MultiIndex.from_frame(new[PAIR]).isin(
        pd.MultiIndex.from_frame(rows.loc[(rows["status"] == "proposed") & rows["locked"], PAIR])
    )
    started = pd.DataFrame(
        {
            "need_id": new["need_id"],
            "offer_id": new["offer_id"],
            "slots": new["after"],
            "status": "active",
            "since": on,
            "locked": is_locked,
        }
    )
    table = pd.concat([old, ran.drop(columns="after"), started.astype({"since": rows["since"].dtype})])
    return table.reset_index(drop=True).astype(
        rows.dtypes[["need_id", "offer_id", "slots", "status", "locked"]]
    )


def _changes(table: pd.DataFrame) -> list[str]:
    before, after = table["before"], table["after"]
    cases = [before == 0, after == 0, after > before, after < before]
    words = [Change.NEW, Change.ENDED, Change.ENLARGED, Change.REDUCED]
    found: list[str] = np.select(cases, [word.value for word in words], Change.KEPT.value).tolist()
    return found


def _levels(district: District, matching: Matching, table: pd.DataFrame) -> pd.Series:
    """Return the name of the slot level of each row's need, "" for a closed need."""
    needs = matching.district.needs
    line = np.where(needs["kind"] == KINDS[MENTORING], "mentoring-", "other-")
    names = pd.Series(line, index=needs["need_id"]) + matching.priorities["priority"].astype(str).to_numpy()
    return names.reindex(table["need_id"]).fillna("").reset_index(drop=True)


def _despite(matching: Matching, table: pd.DataFrame) -> list[str]:
    """Return which pair rules each row's match breaks, as the audit warns, in words after "goes on"."""
    broken: dict[tuple[str, str], list[str]] = {}
    for finding in matching.audit.findings:
        if finding.rule in PAIR_RULES:
            broken.setdefault((finding.need_id, finding.offer_id), []).append(finding.rule)
    found = [broken.get((str(row.need_id), str(row.offer_id))) for row in table.itertuples()]
    return [f", though it breaks the rule {' and '.join(rules)}" if rules else "" for rules in found]


def _cause_and_reason(row, table: pd.DataFrame, matching: Matching) -> tuple[str, str]:  # type: ignore[no-untyped-def]  # a row of itertuples has no type
    if row.change == Change.KEPT:
        return "", f"Locked: it goes on as it is{row.despite}." if row.is_locked else "It goes on as it is."
    if row.change in (Change.NEW, Change.ENLARGED):
        return "gap", f"Fills {_slots(row.after - row.before)} of {row.level}: {row.match_reason}"
    if row.cause:
        return row.cause, row.why
    if row.forced and not row.moved:
        return Cause.OVER_CAPACITY, _over_capacity(row)
    return Cause.BETTER_USE, _better_use(row, table, matching)


def _over_capacity(row) -> str:  # type: ignore[no-untyped-def]  # a row of itertuples has no type
    if row.promised > row.offered:
        return f"The offer has {_slots(row.offered)} now; {row.promised} were promised."
    if row.promised_trained > row.trained:
        return f"The offer has {_slots(row.trained)} with trained mentors now; {row.promised_trained} were promised."
    if row.ran > row.needed:
        return f"The need has {_slots(row.needed)} now; {row.ran} ran."
    return "More ran than a least size of matches, or a limit on partners or schools, now allows."


def _better_use(row, table: pd.DataFrame, matching: Matching) -> str:  # type: ignore[no-untyped-def]  # a row of itertuples has no type
    """Return where the slots go that the plan takes from a match: the earliest level that gains by them."""
    gains = table[table["after"] > table["fitting"]]
    names = matching.policy.objective.levels
    there = gains[gains["offer_id"] == row.offer_id]
    said = []
    if len(there):
        best = there.iloc[int(np.argmin([names.index(level) for level in there["level"]]))]
        said.append(f"Its slots do more for {best['need_id']} at {best['level']}.")
    here = gains[gains["need_id"] == row.need_id]
    if len(here):
        said.append(
            f"{' and '.join(here['offer_id'])} {'takes' if len(here) == 1 else 'take'} over at this need."
        )
    return " ".join(said) or (
        "Makes room for matches that fill an earlier level within the limits on partners and schools."
    )


def _slots(count: int) -> str:
    return f"{count} slot{'s' if count != 1 else ''}"
