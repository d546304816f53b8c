"""What a coordinator is shown of HSDS that was read or written."""

from pathlib import Path

from rich.markup import escape

from matching.district import District
from matching.hsds import HsdsRead
from service.terminal.console import out, print_warnings


def print_read(read: HsdsRead, folder: Path, *, is_whole: bool) -> None:
    """Print what was read, what was assumed and what is still lacking for a district."""
    counts = f"{len(read.partners)} partners and {len(read.offers)} offers"
    if is_whole:
        out.print(f"Wrote the district with {counts} of HSDS to {escape(str(folder))}.", soft_wrap=True)
    else:
        out.print(f"Wrote {counts} to {escape(str(folder))}.", soft_wrap=True)
        lacking = "A district needs schools.csv and needs.csv beside them; --into DISTRICT joins them to one."
        out.print(lacking, soft_wrap=True)
    print_warnings(read.warnings)


def print_written(district: District, place: Path, *, with_contacts: bool) -> None:
    """Print what was written and what stayed at home."""
    counts = (
        f"{len(district.partners)} partners, {len(district.offers)} offers, {len(district.schools)} schools"
    )
    kept = "" if with_contacts else " Contacts were left out; --contacts writes them."
    out.print(f"Wrote {counts} to {escape(str(place))} as HSDS 3.1.{kept}", soft_wrap=True)
