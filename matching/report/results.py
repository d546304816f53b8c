"""All files of a result, written whole or not at all."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd

from matching.landscape.planned import landscape_of
from matching.pipeline import Matching
from matching.recruiting import recruiting_brief
from matching.recruits import RecruitingBrief
from matching.report.changes import ChangesStory
from matching.report.csv_files import (
    write_landscape,
    write_matches,
    write_recruiting,
    write_table,
    write_unmet,
)
from matching.report.page import write_page
from matching.report.story import story_of
from matching.report.summary import Provenance, provenance_of, summary_of, write_summary
from matching.report.workbook import write_workbook

Progress = Callable[[str, float], None]

FILES = (
    "matches.csv",
    "unmet.csv",
    "recruiting.csv",
    "landscape.csv",
    "report.html",
    "district.xlsx",
    "summary.json",
)
"""In the order they are put in place: a summary always belongs to the files beside it."""


def write_results(
    matching: Matching,
    folder: Path,
    *,
    tables: Mapping[str, pd.DataFrame] | None = None,
    changes: ChangesStory | None = None,
    progress: Progress | None = None,
) -> dict[str, Path]:
    """Write the files of a result and return where each is, by its name.

    A result that is there already is replaced; whatever fails, it stays as it was. Other files in the
    folder are left alone.

    Parameters
    ----------
    tables
        More tables to write, by the name of their CSV file.
    changes
        What a mid-year plan changes, for the page and the workbook.
    progress
        Called with ``write`` and the share of the files that is written, 0 to 1.

    Raises
    ------
    OSError
        Where the folder or a file cannot be written.
    """
    start, names = time.perf_counter(), (*(tables or {}), *FILES)
    brief = recruiting_brief(matching)
    recruited = time.perf_counter()
    with staging_folder(folder) as staged:
        provenance = provenance_of(matching)
        for name, table in (tables or {}).items():
            write_table(staged / name, table)
        for share, write in enumerate(_writers(matching, brief, changes, staged, provenance)):
            write()
            if progress:
                progress("write", (share + 1) / len(FILES))
        summary = summary_of(matching, brief, provenance)
        seconds = {"recruit": recruited - start, "write": time.perf_counter() - recruited}
        summary["timings"] = matching.timings | {name: round(value, 3) for name, value in seconds.items()}
        write_summary(staged / "summary.json", summary)
        put_in_place(staged, folder, names)
    if progress:
        progress("write", 1.0)
    return {name: folder / name for name in names}


@contextmanager
def staging_folder(folder: Path) -> Iterator[Path]:
    """Make a hidden folder inside `folder` for as long as files are written; after a failure, no new folder stays."""
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".partnermatch-", dir=folder) as staged:
            yield Path(staged)
    except BaseException:
        with suppress(OSError):
            for place in made:
                place.rmdir()
        raise


def put_in_place(staged: Path, folder: Path, names: Sequence[str]) -> None:
    """Move files from `staged` into `folder`, the last one last; after a failure `folder` is as it was.

    Earlier files of these names are kept aside until all are in place, the last one taken away first: so a
    last file never stands beside files that are not its own, even where the machine stops half-way.
    """
    for name in names:
        if (folder / name).is_dir():
            raise IsADirectoryError(f"{folder / name} is a folder, expected a file or nothing.")
    aside = staged / "replaced"
    aside.mkdir()
    try:
        _move([name for name in reversed(names) if (folder / name).exists()], folder, aside)
        _move(names, staged, folder)
    except BaseException:
        kept = [name for name in names if (aside / name).exists()]
        for name in names:
            if name in kept or not (staged / name).exists():
                (folder / name).unlink(missing_ok=True)
        _move(kept, aside, folder)
        raise


def _move(names: Sequence[str], source: Path, target: Path) -> None:
    for name in names:
        os.replace(source / name, target / name)


def _writers(
    matching: Matching,
    brief: RecruitingBrief,
    changes: ChangesStory | None,
    staged: Path,
    provenance: Provenance,
) -> list[Callable[[], None]]:
    return [
        lambda: write_matches(staged / "matches.csv", matching.allocation.matches),
        lambda: write_unmet(staged / "unmet.csv", matching.unmet),
        lambda: write_recruiting(staged / "recruiting.csv", brief.recruits),
        lambda: write_landscape(staged / "landscape.csv", landscape_of(matching)),
        lambda: write_page(staged / "report.html", story_of(matching, brief), provenance, changes),
        lambda: write_workbook(staged / "district.xlsx", matching, brief, provenance, changes),
    ]
