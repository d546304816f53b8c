"""The command line `partnermatch`: check, match, recommend, audit, generate, tables."""

import json
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from embeddings import Encoder
    from matching import Policy
    from matching.district import District

WORDS = "words"
BROKEN_RULES, BAD_INPUT, INTERNAL_ERROR, STOPPED = 1, 2, 3, 130

app = typer.Typer(
    name="partnermatch",
    help="Match what schools need with what community partners offer.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

DistrictPath = Annotated[
    Path, typer.Argument(metavar="DISTRICT", help="Folder of CSV tables, or one .xlsx workbook.")
]
PolicyPath = Annotated[
    Path | None, typer.Option("--policy", metavar="FILE", help="Policy in TOML; see README.")
]
OnDate = Annotated[
    datetime | None,
    typer.Option(
        "--on", formats=["%Y-%m-%d"], metavar="DATE", help="The date all rules see; today if left out."
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="Embedding model, a name or a path; the bundled one if left out; words: a small one for trials.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


def _print_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(version("partnermatch"))
        raise typer.Exit


def main() -> None:
    """Run the command line; an error nobody foresaw ends with code 3 and its trace."""
    try:
        app()
    except Exception:
        traceback.print_exc()
        typer.echo("partnermatch: a fault of the program, not of your data; nothing was written.", err=True)
        sys.exit(INTERNAL_ERROR)


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Match what schools need with what community partners offer."""


@app.command()
def check(district: DistrictPath, as_json: AsJson = False) -> None:
    """Check all tables and list every problem with its table, row and column."""
    from service import terminal

    with _bad_input(as_json=as_json):
        found = _read(district)
        if as_json:
            _print_json(
                {"problems": [], "warnings": list(found.warnings), "input_sha256": found.input_sha256}
            )
        else:
            terminal.print_district(found)


@app.command()
def match(
    district: DistrictPath,
    out: Annotated[Path, typer.Option("--out", metavar="OUT", help="Folder for the results.")],
    policy: PolicyPath = None,
    on: OnDate = None,
    effort: Annotated[
        Literal["quick", "standard", "thorough"], typer.Option(help="How long to search.")
    ] = "standard",
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the search; the same seed gives the same result.")
    ] = 0,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Match all offers to all needs and write the report, the tables and the workbook."""
    from matching.pipeline import Run
    from matching.pipeline import match as match_district
    from matching.report import write_results
    from service import terminal

    with _bad_input(as_json=as_json):
        found, rules, encoder = _read(district), _policy(policy), _encoder(model)
    run = Run(on=_day(on), effort=effort, seed=seed)
    with _stoppable(), terminal.progress_bar() as progress:
        matching = match_district(found, rules, run=run, encoder=encoder, progress=progress)
        with _bad_input(as_json=as_json):
            files = write_results(matching, out, progress=progress)
    if as_json:
        typer.echo(files["summary.json"].read_text(encoding="utf-8"))
    else:
        terminal.print_matching(matching, files["report.html"])
    if not matching.audit.is_passed:
        raise typer.Exit(BROKEN_RULES)


@app.command()
def recommend(
    district: DistrictPath,
    need: Annotated[str | None, typer.Option("--need", metavar="ID", help="A need of the district.")] = None,
    text: Annotated[
        str | None, typer.Option("--text", metavar="T", help="What a school needs, in words.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="K", help="With --text: kind of help.")
    ] = None,
    school: Annotated[str, typer.Option("--school", metavar="ID", help="With --text: the school.")] = "",
    limit: Annotated[int, typer.Option(help="How many offers.", min=1)] = 10,
    policy: PolicyPath = None,
    on: OnDate = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Recommend offers for one need, and show which rule stands in the way of the next best."""
    from matching.recommendation import NEW_NEED, with_new_need
    from matching.recommendation import recommend as recommend_offers
    from service import terminal

    if (need is None) == (text is None) or (text is None) != (kind is None):
        raise typer.BadParameter("Give either --need ID, or --text T together with --kind K.")
    with _bad_input(as_json=as_json):
        found, rules, encoder = _read(district), _policy(policy), _encoder(model)
        if text is not None and kind is not None:
            found, need = with_new_need(found, text, kind, school), NEW_NEED
        with terminal.waiting("Loading the model and comparing texts"):
            answer = recommend_offers(found, str(need), rules, on=_day(on), limit=limit, encoder=encoder)
    if as_json:
        _print_json(
            {
                "need_id": answer.need_id,
                "kind": answer.kind,
                "statement": answer.statement,
                "offers": answer.offers.to_dict("records"),
                "near_misses": answer.near_misses.to_dict("records"),
            }
        )
    else:
        terminal.print_recommendation(answer)


@app.command()
def audit(
    district: DistrictPath,
    matches: Annotated[Path, typer.Argument(metavar="MATCHES.csv", help="need_id, offer_id, slots a row.")],
    policy: PolicyPath = None,
    on: OnDate = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Check any allocation against all rules, also one typed by hand."""
    from matching.audit import audit_allocation
    from matching.tables import read_matches
    from service import terminal

    with _bad_input(as_json=as_json):
        found, rules, encoder = _read(district), _policy(policy), _encoder(model)
        given = read_matches(matches)
        with terminal.waiting("Checking every rule"):
            result = audit_allocation(found, given, rules, on=_day(on), encoder=encoder)
    if as_json:
        _print_json({"is_passed": result.is_passed, **asdict(result)})
    else:
        terminal.print_audit(result)
    if not result.is_passed:
        raise typer.Exit(BROKEN_RULES)


@app.command()
def generate(
    schools: Annotated[
        int, typer.Option("--schools", metavar="N", min=3, max=20_000, help="Number of schools.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="New folder for the tables.")],
    seed: Annotated[
        int, typer.Option("--seed", metavar="S", min=0, help="The same seed, the same district.")
    ] = 0,
) -> None:
    """Write a synthetic district of any size."""
    from matching.generate import generate_district, write_tables
    from service import terminal

    with _bad_input(), terminal.waiting("Generating"):
        made = generate_district(schools, seed=seed)
        write_tables(made, out)
    terminal.print_generated(made, out)


@app.command()
def tables() -> None:
    """Print what each table and column of a district means, in Markdown."""
    from matching.schemas import describe_tables

    typer.echo(describe_tables())


def _read(path: Path) -> "District":
    from matching.tables import read_district
    from service import terminal

    with terminal.waiting("Reading the tables"):
        return read_district(path)


def _policy(path: Path | None) -> "Policy":
    from matching.policy import Policy, read_policy

    return read_policy(path) if path else Policy()


def _encoder(model: str | None) -> "Encoder":
    from embeddings import CachedEncoder, SentenceEncoder, WordHashEncoder

    return WordHashEncoder() if model == WORDS else CachedEncoder(SentenceEncoder(model))


def _day(on: datetime | None) -> date:
    return on.date() if on else date.today()


@contextmanager
def _bad_input(*, as_json: bool = False) -> Iterator[None]:
    """Turn what is wrong with the input, the files or the model into a clear message and exit code 2."""
    from embeddings import ModelError
    from matching.errors import DataError
    from service import terminal

    try:
        yield
    except DataError as error:
        if as_json:
            _print_json({"problems": [asdict(problem) for problem in error.problems]})
        else:
            terminal.print_problems(error.problems)
        raise typer.Exit(BAD_INPUT) from error
    except (OSError, ValueError, ModelError) as error:
        said = str(error)
        if isinstance(error, OSError):
            said = f"{error.filename or 'A file'}: {error.strerror or error}. Nothing was changed."
        if as_json:
            _print_json({"error": said})
        else:
            terminal.print_error(said)
        raise typer.Exit(BAD_INPUT) from error


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let Ctrl-C and a polite kill end the work at once: what is half done is taken back on the way out."""
    from service import terminal

    def stop(signal_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt as interrupt:
        terminal.print_error("You stopped it; nothing was changed.")
        raise typer.Exit(STOPPED) from interrupt
    finally:
        signal.signal(signal.SIGTERM, before)


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))
