"""The README keeps its promises: what it links to is there, and nothing is left to fill in."""

import re
from pathlib import Path

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_every_local_link_leads_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (PROJECT / link).exists()] == []


def test_nothing_is_left_to_fill_in() -> None:
    assert re.findall(r"\b[A-Z]+_SECTION\b|TODO|TBD", README) == []


def test_every_command_of_the_readme_exists() -> None:
    from typer.main import get_command

    from service.cli import app

    named = set(re.findall(r"`partnermatch ([a-z-]+)", README))
    assert named == set(get_command(app).commands)  # type: ignore[attr-defined]  # a group
