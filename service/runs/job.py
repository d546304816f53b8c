"""One run: a job holds all that decides its result, and doing it gives the files of the command line.

As a program, ``python -m service.runs.job FOLDER``, it does the job that comes by its standard input, tells its
progress by its output, a line of JSON a step, and leaves the files in the folder. It ends when its input ends: no run
outlives who started it.
"""

import io
import json
import os
import pickle
import shutil
import sys
import threading
import traceback
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from embeddings import Encoder
    from matching import Policy
    from matching.consequences import Change
    from matching.district import District
    from matching.pipeline import Basis, Effort, Run
    from optimizer import Level

Kind = Literal["match", "rematch", "curve", "what-if"]
WORDS: Final = "words"
RESULT: Final = "result"
"""Name of the folder with the files, inside the one that is given."""
NICE: Final = 10
FAULT_OF_THE_PROGRAM: Final = "A fault of the program, not of your data."


@dataclass(frozen=True, slots=True)
class Job:
    """All that decides the result of a run.

    Parameters
    ----------
    district
        Name of the district, as the report shows it.
    snapshot
        The district's tables as `snapshot_of` packs them.
    policy
        Settings in TOML; what is left out keeps its default.
    model
        The embedding model as the command line takes it.
    max_moves, released
        For a rematch: the budget, and the running mentoring matches (need and offer) that may move.
    changes
        For a what-if: each with ``change`` (force, forbid, slots or drop_partner) and what `matching.consequences`
        asks for.
    base, base_kind
        For a what-if: need, offer and slots of the plan asked about (None: matched first), and which kind of run made
        it; at mid-year ``released`` are its own.
    """

    kind: Kind
    district: str
    snapshot: bytes
    on: date
    policy: str = ""
    effort: "Effort" = "standard"
    seed: int = 0
    model: str | None = None
    max_moves: int | None = None
    released: tuple[tuple[str, str], ...] = ()
    changes: tuple[Mapping[str, str | int | None], ...] = ()
    base: tuple[tuple[str, str, int], ...] | None = None
    base_kind: Kind = "match"


@dataclass(frozen=True, slots=True)
class Step:
    """How far a run is; ``share`` (0 to 1) never falls, ``levels`` have a name, slots needed and slots filled."""

    phase: str
    share: float
    levels: Sequence[Mapping[str, str | int]] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The files of a run, by name; those of a curve's plans in folders, such as ``moves-0002/matches.csv``."""

    files: Mapping[str, bytes]

    @property
    def summary(self) -> dict[str, object]:
        """What was reached, over what, with which settings and versions."""
        found: dict[str, object] = json.loads(self.files["summary.json"])
        return found


def snapshot_of(district: "District") -> bytes:
    """Return the tables of a district as a zip of CSV files, without contacts and unknown columns."""
    from matching.exporting import tables_of, write_zip

    file = io.BytesIO()
    write_zip(tables_of(district, with_contacts=False), file)
    return file.getvalue()


def do(job: Job, folder: Path, tell: Callable[[Step], None]) -> None:
    """Do a job and write its files into a new folder ``RESULT`` inside ``folder``.

    Raises
    ------
    ValueError
        What is asked for is not possible with this district.
    """
    from matching.pipeline import Run
    from matching.policy import policy_from_toml

    work = _Work(
        job,
        district_of(job, folder),
        policy_from_toml(job.policy),
        Run(on=job.on, effort=job.effort, seed=job.seed),
        encoder_of(job.model),
        folder / RESULT,
    )
    progress = _Progress(tell, work.policy.objective.levels, _SPANS[job.kind == "curve"])
    {"match": _match, "what-if": _what_if}.get(job.kind, _rematch)(work, progress)


def district_of(job: Job, folder: Path) -> "District":
    """Return the district of a job, unpacked into a new folder ``district`` inside ``folder``."""
    from matching.tables import read_district

    with zipfile.ZipFile(io.BytesIO(job.snapshot)) as archive:
        archive.extractall(folder / "district")
    return replace(read_district(folder / "district"), name=job.district)


def encoder_of(model: str | None) -> "Encoder":
    """Return the embedding model of a name, as the command line takes it."""
    from embeddings import CachedEncoder, SentenceEncoder, WordHashEncoder

    return WordHashEncoder() if model == WORDS else CachedEncoder(SentenceEncoder(model))


@dataclass(frozen=True, slots=True)
class _Work:
    """A job, unpacked."""

    job: Job
    district: "District"
    policy: "Policy"
    run: "Run"
    encoder: "Encoder"
    out: Path


# The share of the whole at which each phase begins and ends; all others are the optimizer's, under "". The files of a
# curve's plans take as long as the plans.
_SPANS: Final[Mapping[bool, Mapping[str, tuple[float, float]]]] = {
    is_curve: {
        "embedding": (0.0, 0.2),
        "candidates": (0.2, 0.3),
        "": (0.3, 0.6 if is_curve else 0.9),
        "write": (0.6 if is_curve else 0.9, 1.0),
    }
    for is_curve in (False, True)
}


class _Progress:
    """Turns what the stages of a run tell into one progress of the whole."""

    def __init__(
        self, tell: Callable[[Step], None], names: Sequence[str], spans: Mapping[str, tuple[float, float]]
    ) -> None:
        self._tell, self._names, self._spans = tell, names, spans
        self._share = 0.0
        self._levels: list[dict[str, str | int]] = []

    def __call__(self, phase: str, share: float, levels: "Sequence[Level]" = (), /) -> None:
        start, end = self._spans.get(phase, self._spans[""])
        self._share = max(self._share, round(start + share * (end - start), 3))
        if levels:
            self._levels = [
                {"name": name, "needed": level.needed, "filled": level.filled}
                for name, level in zip(self._names, levels, strict=True)
            ]
        self._tell(Step(phase, self._share, self._levels))


def _match(work: _Work, progress: _Progress) -> None:
    from matching.pipeline import match
    from matching.report import write_results

    matching = match(work.district, work.policy, run=work.run, encoder=work.encoder, progress=progress)
    write_results(matching, work.out, progress=progress)


def _rematch(work: _Work, progress: _Progress) -> None:
    from matching.rematching import rematch, rematch_curve
    from matching.report.rematch import write_rematch

    job = work.job
    if job.kind == "curve":
        plans = rematch_curve(
            work.district,
            work.policy,
            released=job.released,
            run=work.run,
            encoder=work.encoder,
            progress=progress,
        )
    else:
        plan = rematch(
            work.district,
            work.policy,
            max_moves=job.max_moves,
            released=job.released,
            run=work.run,
            encoder=work.encoder,
            progress=progress,
        )
        plans = (plan,)
    write_rematch(plans, work.out, is_curve=job.kind == "curve", progress=progress)


def _what_if(work: _Work, progress: _Progress) -> None:
    from matching.consequences import what_if
    from matching.report.summary import write_summary

    basis = _basis(work, progress)
    found = what_if(basis, [_change(change) for change in work.job.changes])
    work.out.mkdir()
    text = json.dumps(found.as_dict(), indent=2, ensure_ascii=False, default=str)
    (work.out / "what-if.json").write_text(text + "\n", encoding="utf-8")
    after = zip(*(found.levels[column].tolist() for column in ("level", "needed", "after")), strict=True)
    levels = [dict(zip(("name", "needed", "filled"), level, strict=True)) for level in after]
    write_summary(work.out / "summary.json", _summary_of_question(work, basis, levels))
    progress("write", 1.0)


def _basis(work: _Work, progress: _Progress) -> "Basis":
    """Return the plan that a question is about: the one that is given, else one matched now."""
    import pandas as pd

    from matching.consequences import basis_of, standing_plan
    from matching.pipeline import match
    from matching.rematching import standing_rematch

    if work.job.base is None:
        return basis_of(
            match(work.district, work.policy, run=work.run, encoder=work.encoder, progress=progress)
        )
    matches = pd.DataFrame(list(work.job.base), columns=["need_id", "offer_id", "slots"])
    given = (work.district, matches, work.policy)
    if work.job.base_kind == "match":
        return standing_plan(*given, on=work.run.on, encoder=work.encoder)
    return standing_rematch(*given, on=work.run.on, released=work.job.released, encoder=work.encoder)


def _summary_of_question(work: _Work, basis: "Basis", levels: Sequence[object]) -> dict[str, object]:
    from matching.report.summary import versions_in_use

    return {
        "district": work.district.name,
        "on": work.run.on.isoformat(),
        "effort": work.run.effort,
        "seed": work.run.seed,
        "model": basis.scorer.texts.model,
        "input_sha256": basis.scorer.district.input_sha256,
        "levels": list(levels),
        "policy": asdict(work.policy),
        "versions": versions_in_use(),
    }


_CHANGES: Final = {
    "force": "Force",
    "forbid": "Forbid",
    "slots": "ChangeSlots",
    "drop_partner": "DropPartner",
}


def _change(change: Mapping[str, str | int | None]) -> "Change":
    from matching import consequences

    given = {name: value for name, value in change.items() if name != "change"}
    kind = _CHANGES[str(change["change"])]
    found: Change = getattr(consequences, kind)(**given)
    return found


def main() -> None:
    """Do the job on standard input; end with 2 where it cannot be done, with 1 at a fault of the program."""
    folder = Path(sys.argv[1])
    # Whatever a library prints must not stand among the lines of progress.
    lines = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.nice(NICE)
    job: Job = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_end_with_input, args=(folder,), daemon=True).start()

    def say(line: Mapping[str, object]) -> None:
        print(json.dumps(line), file=lines, flush=True)

    try:
        do(job, folder, lambda step: say(asdict(step)))
        code = 0
    except ValueError as error:
        say({"fault": str(error)})
        code = 2
    except Exception:
        traceback.print_exc()
        say({"fault": FAULT_OF_THE_PROGRAM})
        code = 1
    sys.stderr.flush()
    # All is written: to take the interpreter down in order would be a third of a second for nothing.
    os._exit(code)


def _end_with_input(folder: Path) -> None:
    """End the process, with all that it wrote, as soon as no one holds the other end of its input."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main()
