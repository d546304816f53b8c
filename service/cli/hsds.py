"""Commands for the Human Services Data Specification: from-hsds, to-hsds."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import DistrictPath, OnDate, bad_input, day_of, read_tables

Publisher = Annotated[
    str,
    typer.Option(
        "--publisher",
        metavar="NAME",
        help="Who publishes, such as the district's web address: keeps its ids apart from those of other districts.",
    ),
]


def from_hsds(
    hsds: Annotated[
        list[Path],
        typer.Argument(
            metavar="HSDS...", help="Folder or zip of HSDS 3.1 CSV files, or JSON files of its API."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="New folder for the tables.")],
    into: Annotated[
        Path | None,
        typer.Option(
            "--into",
            metavar="DISTRICT",
            help="District that they join; it is not changed: the folder of --out gets all its tables.",
        ),
    ] = None,
    partner_kind: Annotated[
        str, typer.Option("--partner-kind", help="Kind of partner, of which HSDS has no word.")
    ] = "nonprofit",
    kinds: Annotated[
        str, typer.Option("--kinds", help="Kinds of help, split by |, of which HSDS has no word.")
    ] = "program",
    slots: Annotated[int, typer.Option(min=0, help="Slots of a service that states no capacity.")] = 1,
    publisher: Publisher = "",
) -> None:
    """Read partners and offers from organizations and services of an HSDS directory."""
    from matching.exporting import write_folder
    from matching.hsds import Assumed, merge_hsds, read_hsds
    from service.terminal.hsds import print_read

    with bad_input():
        read = read_hsds(hsds if len(hsds) > 1 else hsds[0], Assumed(partner_kind, kinds.split("|"), slots))
        if into is None:
            write_folder({"partners": read.partners, "offers": read.offers}, out)
        else:
            write_folder(merge_hsds(read, read_tables(into), publisher=publisher).tables, out)
    print_read(read, out, is_whole=into is not None)


def to_hsds(
    district: DistrictPath,
    out: Annotated[
        Path, typer.Option("--out", metavar="OUT", help="New folder, or a new file that ends in .zip.")
    ],
    contacts: Annotated[
        bool, typer.Option("--contacts", help="Write contacts, telephones and e-mail addresses too.")
    ] = False,
    on: OnDate = None,
    publisher: Publisher = "",
) -> None:
    """Write partners, offers and schools as an HSDS 3.1 directory: CSV datapackage and JSON."""
    from matching.hsds import write_hsds
    from service.terminal.hsds import print_written

    with bad_input():
        found = read_tables(district)
        write_hsds(found, out, on=day_of(on), with_contacts=contacts, publisher=publisher)
    print_written(found, out, with_contacts=contacts)
