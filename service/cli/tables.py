"""Commands on tables alone: check, generate, tables."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import AsJson, DistrictPath, bad_input, print_json, read_tables


def check(district: DistrictPath, as_json: AsJson = False) -> None:
    """Check all tables and list every problem with its table, row and column."""
    from service.terminal.tables import print_district

    with bad_input(as_json=as_json):
        found = read_tables(district)
        if as_json:
            print_json({"problems": [], "warnings": list(found.warnings), "input_sha256": found.input_sha256})
        else:
            print_district(found)


def generate(
    schools: Annotated[
        int, typer.Option("--schools", metavar="N", min=3, max=20_000, help="Number of schools.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="New folder for the tables.")],
    seed: Annotated[
        int, typer.Option("--seed", metavar="S", min=0, help="The same seed, the same district.")
    ] = 0,
    events: Annotated[
        int,
        typer.Option(
            "--events",
            metavar="N",
            min=0,
            help="Let so many things happen until mid-year, told in events.csv: partners leave, results come back.",
        ),
    ] = 0,
) -> None:
    """Write a synthetic district of any size, at the start of the school year or at mid-year."""
    from matching.exporting import write_folder
    from matching.generate import generate_district
    from matching.generate.midyear import until_midyear
    from service.terminal.console import waiting
    from service.terminal.tables import print_generated

    with bad_input(), waiting("Generating"):
        made = generate_district(schools, seed=seed)
        if events:
            made = until_midyear(made, num_events=events, seed=seed)
        write_folder(made, out)
    print_generated(made, out)


def tables(
    areas: Annotated[
        bool, typer.Option("--areas", help="The focus areas that needs and offers are tagged with instead.")
    ] = False,
) -> None:
    """Print what each table and column of a district means, in Markdown."""
    from matching.areas import describe_areas
    from matching.schemas import describe_tables

    typer.echo(describe_areas() if areas else describe_tables())
