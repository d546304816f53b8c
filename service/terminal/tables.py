"""What a coordinator is shown of tables."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from rich.markup import escape

from matching.district import District
from service.terminal.console import out, print_warnings


def print_district(district: District) -> None:
    """Print what a checked district holds, and its warnings."""
    counts = ", ".join(f"{len(table)} {name}" for name, table in district.tables.items() if len(table))
    out.print(f"[bold green]No problems.[/] {counts}.", soft_wrap=True)
    print_warnings(district.warnings)


def print_generated(tables: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Print what was generated and where it is."""
    counts = ", ".join(f"{len(table)} {name}" for name, table in tables.items())
    out.print(f"Wrote {counts} to {escape(str(folder))}.", soft_wrap=True)
