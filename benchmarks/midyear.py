"""A year of events, each answered by a rematch, beside matching afresh and a coordinator's patch by hand.

Run as ``python -m benchmarks.midyear [--events 20] [--effort standard]``. From the demo district with its plan of
September accepted, one event after the other happens at random; each plan accepted is the next event's start. Afresh
plans the same day with the same locks and without a thought for what runs; the patch keeps all that still may run and
fills what is open, the earliest level first, then by fit, without taking a slot from anyone. Moves are slots taken from
running matches by choice. Figures go to ``benchmarks/results/midyear.json``.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import optimizer
from benchmarks.record import write_record
from matching.district import District
from matching.generate.midyear import happen
from matching.pipeline import Run
from matching.policy import Policy
from matching.rematching import Start, rematch
from matching.tables import district_from_tables, read_district
from optimizer.incumbents import take_in_order
from optimizer.problem import NUM_LEVELS
from optimizer.values import keep_value, levels_filled

DEMO = Path(__file__).parents[1] / "fixtures" / "demo"
SEPTEMBER, JANUARY = date(2026, 9, 14), date(2027, 1, 15)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one way to answer an event costs and reaches."""

    moves: int
    filled: tuple[int, ...]
    seconds: float


def main() -> None:
    """Run the events and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--effort", choices=["quick", "standard", "thorough"], default="standard")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    tables = dict(read_district(DEMO).tables)
    run = Run(on=SEPTEMBER, effort=options.effort)
    tables["partnerships"] = rematch(_district(tables), run=run).partnerships
    again = rematch(_district(tables), run=run)
    said, found = [], []
    for number in range(1, options.events + 1):
        day = SEPTEMBER + timedelta(days=number * (JANUARY - SEPTEMBER).days // options.events)
        tables, event = happen(rng, tables, day)
        answers, tables["partnerships"] = _answers(_district(tables), replace(run, on=day))
        said.append(event.said)
        found.append(answers)
        lines = [_line(name, answer, answers["afresh"]) for name, answer in answers.items()]
        print(f"{day} {event.said} {' | '.join(lines)}", flush=True)
    figures: dict[str, object] = {
        "seed": options.seed,
        "effort": options.effort,
        "moves_with_nothing_changed": again.moves,
        "total_moves": {name: sum(answers[name].moves for answers in found) for name in found[0]},
        "least_share_of_afresh_by_level": _least_share(found),
        "events": [
            {"event": event} | {name: asdict(answer) for name, answer in answers.items()}
            for event, answers in zip(said, found, strict=True)
        ],
    }
    print(
        figures["moves_with_nothing_changed"],
        figures["total_moves"],
        figures["least_share_of_afresh_by_level"],
    )
    write_record("midyear", figures, packages=["numpy", "scipy", "ortools"])


def _answers(district: District, run: Run) -> tuple[dict[str, Answer], pd.DataFrame]:
    """Return the three answers to an event, and the partnerships once ours is accepted."""
    begun = time.process_time()
    ours = rematch(district, run=run)
    seconds = time.process_time() - begun
    start = Start.of(district, Policy(), run)
    problem = start.prepared.problem
    begun = time.process_time()
    afresh = optimizer.allocate(replace(problem, pair_incumbent=None), **start.prepared.options).slots
    fresh_seconds = time.process_time() - begun
    begun = time.process_time()
    assert problem.pair_incumbent is not None
    order = np.lexsort((-problem.pair_fit, problem.need_level[problem.pair_need]))
    patch = take_in_order(problem, problem.pair_incumbent, order, problem.need_slots[problem.pair_need])
    patch_seconds = time.process_time() - begun
    assert ours.matching.audit.is_passed
    answers = {
        "ours": Answer(ours.moves, ours.filled, round(seconds, 2)),
        "afresh": _answer(problem, afresh, fresh_seconds),
        "patch": _answer(problem, patch, patch_seconds),
    }
    return answers, ours.partnerships


def _answer(problem: optimizer.Problem, slots: NDArray[np.int64], seconds: float) -> Answer:
    filled = tuple(int(value) for value in levels_filled(problem, slots))
    return Answer(keep_value(problem, slots), filled, round(seconds, 2))


def _least_share(answers: Sequence[Mapping[str, Answer]]) -> list[float | None]:
    """Return for each level the least share that ours fills of what matching afresh fills, over all events."""
    shares: list[float | None] = []
    for level in range(NUM_LEVELS):
        pairs = [(answer["ours"].filled[level], answer["afresh"].filled[level]) for answer in answers]
        shares.append(min((round(ours / afresh, 4) for ours, afresh in pairs if afresh), default=None))
    return shares


def _line(name: str, answer: Answer, afresh: Answer) -> str:
    short = [level for level in range(NUM_LEVELS) if answer.filled[level] != afresh.filled[level]]
    beside = "".join(
        f" (level {level + 1}: {answer.filled[level]} of {afresh.filled[level]})" for level in short[:1]
    )
    return f"{name} {answer.moves} moves, {sum(answer.filled)} slots{beside}, {answer.seconds} s"


def _district(tables: Mapping[str, pd.DataFrame]) -> District:
    return district_from_tables(dict(tables), name="demo")


if __name__ == "__main__":
    main()
