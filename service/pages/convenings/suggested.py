"""What the recommendations say to a packet: why something runs, and whom else a school or a partner could meet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Cells = Mapping[str, Any]  # Any: JSON


@dataclass(frozen=True, slots=True)
class Suggested:
    """What the recommendations say of a pair: names of the other side, what it is about, why, and whether it runs."""

    need_id: str
    offer_id: str
    other: str
    kind: str
    statement: str
    reason: str
    runs: bool


def suggested_of(answer: Cells, side: str, most: int) -> list[Suggested]:
    """Return what an answer of the recommendations says: all that runs already, and the best ``most`` that could.

    Parameters
    ----------
    side
        ``"offer"`` where the answer lists offers for a need, ``"need"`` where it lists needs for a partner.
    """
    found: list[Suggested] = []
    for pair in answer["recommendations"]:
        need = pair["need"] if side == "need" else answer["need"]
        offer = pair.get("offer") or {"offer_id": pair["offer_id"]}
        runs = bool(pair["slots_here"])
        new = sum(not one.runs for one in found)
        if not runs and (pair["blocked_by"] or new >= most):
            continue
        statement, other = (
            (need["statement"], need["school"]) if side == "need" else (offer["focus"], offer["partner"])
        )
        found.append(
            Suggested(
                need["need_id"], offer["offer_id"], other, need["kind"], statement, pair["reason"], runs
            )
        )
    return found
