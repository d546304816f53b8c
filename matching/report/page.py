"""The page that a coordinator reads and a school board asks about: one HTML file that needs nothing else."""

from datetime import date
from pathlib import Path

from matching.audit import Finding
from matching.pipeline import Matching
from matching.policy import settings_of
from matching.recruits import KIND_SLOTS, gain_words, place_words
from matching.report.changes import ChangesStory
from matching.report.coverage import coverage_by_kind_of_school
from matching.report.learned import learned_words
from matching.report.story import Story
from matching.report.summary import Provenance
from matching.report.words import KIND_WORDS, PART_WORDS, counted, level_words, name_words, order_words

MOST_FINDINGS = 200
_FOLDER = Path(__file__).parent


def write_page(path: Path, story: Story, provenance: Provenance, changes: ChangesStory | None = None) -> None:
    """Write the page, that of a mid-year plan with what it ``changes``."""
    path.write_text(page_of(story, provenance, changes), encoding="utf-8")


def page_of(story: Story, provenance: Provenance, changes: ChangesStory | None = None) -> str:
    """Return the page as HTML; every text of the district is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": _number, "percent": _percent, "day": _day, "level": level_words}
    environment.filters |= {"lower_first": _lower_first, "heading": name_words, "in_order": order_words}
    environment.filters |= {"place": place_words, "gains": gain_words}
    environment.globals |= {"counted": counted, "kind_words": KIND_WORDS, "kind_slots": KIND_SLOTS}
    return environment.get_template("page.html.jinja").render(
        story=story,
        changes=changes,
        matching=story.matching,
        district=story.matching.district,
        run=story.matching.run,
        allocation=story.matching.allocation,
        style=(_FOLDER / "page.css").read_text(encoding="utf-8"),
        school_kinds=() if story.is_complete else coverage_by_kind_of_school(story.matching),
        locks_cut=story.matching.allocation.locks_cut.to_dict("records"),
        weights=_weights(story.matching),
        learned=learned_words(story.matching.basis.scorer.learning, story.matching.policy),
        settings=list(settings_of(story.matching.policy)),
        findings=_findings(story.matching),
        num_findings=len(story.matching.audit.findings),
        provenance=provenance,
    )


def _weights(matching: Matching) -> list[tuple[str, float, str]]:
    """Return each part of the fit with its share of the whole and the policy's reason for it, heaviest first."""
    weights = matching.basis.scorer.weights
    total = sum(weights.as_dict().values())
    settings = settings_of(weights)
    rows = [(PART_WORDS[name], float(str(value)) / total, why) for name, value, why in settings]
    return sorted(rows, key=lambda row: -row[1])


def _findings(matching: Matching) -> tuple[Finding, ...]:
    return matching.audit.findings[:MOST_FINDINGS]


def _number(value: int) -> str:
    return f"{value:,}"


def _percent(share: float) -> str:
    """Return a share in whole percent, never rounded up to 100 nor down to 0."""
    percent = round(100 * share)
    if share < 1:
        percent = min(percent, 99)
    return f"{max(percent, 1) if share > 0 else 0}%"


def _day(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
