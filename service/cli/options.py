"""What the commands share: their options, how they read their input, and how they say what is wrong with it."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

if TYPE_CHECKING:
    from embeddings import Encoder
    from matching import Policy
    from matching.district import District

WORDS = "words"
BROKEN_RULES, BAD_INPUT, INTERNAL_ERROR, STOPPED = 1, 2, 3, 130

DistrictPath = Annotated[
    Path, typer.Argument(metavar="DISTRICT", help="Folder of CSV tables, or one .xlsx workbook.")
]
PolicyPath = Annotated[
    Path | None,
    # Eager, so that --explain-policy knows it wherever it stands.
    typer.Option("--policy", metavar="FILE", help="Policy in TOML; see --explain-policy.", is_eager=True),
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
Effort = Annotated[Literal["quick", "standard", "thorough"], typer.Option(help="How long to search.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the search; the same seed gives the same result.")]

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder of the SQLite database; data if left out."),
]


def _explain_policy(context: typer.Context, asked: bool) -> None:
    if not asked:
        return
    from matching.policy import explain_policy

    with bad_input():
        typer.echo(explain_policy(read_rules(context.params.get("policy"))), nl=False)
    raise typer.Exit


ExplainPolicy = Annotated[
    bool,
    typer.Option(
        "--explain-policy",
        callback=_explain_policy,
        help="Print every setting of the policy with its default and its reason, as a TOML file, and do nothing else.",
    ),
]


class Input(NamedTuple):
    """What a command works on."""

    district: "District"
    policy: "Policy"
    encoder: "Encoder"


def read_input(path: Path, policy: Path | None, model: str | None) -> Input:
    """Return the checked district, the policy and the encoder that a command was given."""
    return Input(read_tables(path), read_rules(policy), encoder_of(model))


def read_tables(path: Path) -> "District":
    """Return the checked district of a folder or a workbook."""
    from matching.tables import read_district
    from service.terminal import console

    with console.waiting("Reading the tables"):
        return read_district(path)


def read_rules(path: Path | None) -> "Policy":
    """Return the policy of a file, the default one without."""
    from matching.policy import Policy, read_policy

    return read_policy(path) if path else Policy()


def encoder_of(model: str | None) -> "Encoder":
    """Return the encoder of that name, its vectors cached on disk."""
    from embeddings import CachedEncoder, SentenceEncoder, WordHashEncoder

    return WordHashEncoder() if model == WORDS else CachedEncoder(SentenceEncoder(model))


def day_of(on: datetime | None) -> date:
    """Return the date all rules see, today where none is given."""
    return on.date() if on else date.today()


def pair_of(option: str, text: str) -> tuple[str, str]:
    """Return the need and the offer of a text such as N012=O034."""
    need, _, offer = text.partition("=")
    if not need or not offer:
        raise ValueError(f"{option} {text}: expected NEED=OFFER, such as N012=O034.")
    return need, offer


@contextmanager
def bad_input(*, as_json: bool = False) -> Iterator[None]:
    """Turn what is wrong with the input, the files or the model into a clear message and exit code 2."""
    from embeddings import ModelError
    from matching.errors import DataError
    from service.errors import ServiceError
    from service.terminal import console

    try:
        yield
    except DataError as error:
        if as_json:
            print_json({"problems": [asdict(problem) for problem in error.problems]})
        else:
            console.print_problems(error.problems)
        raise typer.Exit(BAD_INPUT) from error
    except (OSError, ValueError, ModelError, ServiceError) as error:
        said = str(error)
        if isinstance(error, OSError):
            said = f"{error.filename or 'A file'}: {error.strerror or error}. Nothing was changed."
        if as_json:
            print_json({"error": said})
        else:
            console.print_error(said)
        raise typer.Exit(BAD_INPUT) from error


@contextmanager
def stoppable() -> Iterator[None]:
    """Let Ctrl-C and a polite kill end the work at once: what is half done is taken back on the way out."""
    from service.terminal import console

    def stop(signal_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt as interrupt:
        console.print_error("You stopped it; nothing was changed.")
        raise typer.Exit(STOPPED) from interrupt
    finally:
        signal.signal(signal.SIGTERM, before)


def print_json(value: object) -> None:
    """Print what a program reads."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))
