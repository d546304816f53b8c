"""The picture of ``python -m benchmarks.peers``: what each peer loses and how long it takes, a panel a problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair
import pandas as pd

from benchmarks.peers_solvers import OURS
from benchmarks.record import RESULTS

GREY = "#808080"
"""Readable on white and on black: the picture has no background of its own."""
COLOURS = (
    "#e4572e",
    "#8c8c8c",
    "#b07aa1",
    "#4e9fd1",
    "#d4a017",
    "#3f9b5f",
    "#2f8f9d",
    "#9c755f",
    "#d670ad",
    "#7b8fd9",
    "#6fae2c",
    "#c77b4a",
    "#5f6fd0",
)
SHAPES = (
    "diamond",
    "circle",
    "square",
    "triangle-up",
    "cross",
    "triangle-down",
    "circle",
    "square",
    "cross",
    "triangle-up",
    "triangle-down",
    "diamond",
    "square",
)
LEAST_SECONDS = 0.001
PERCENT_TICKS, SECOND_TICKS = (0, 0.01, 0.1, 1, 10), (0.001, 0.01, 0.1, 1, 10)


def picture(problems: Sequence[Mapping[str, Any]]) -> None:
    """Save ``benchmarks/results/peers.svg``; answers that were stopped are left out."""
    answers = [
        {**answer, "problem": problem["problem"]}
        for problem in problems
        for answer in problem["answers"]
        if not answer["note"]
    ]
    RESULTS.mkdir(exist_ok=True)
    chart(pd.DataFrame(answers), [problem["problem"] for problem in problems]).save(RESULTS / "peers.svg")


def chart(answers: pd.DataFrame, problems: Sequence[str]) -> altair.TopLevelMixin:
    """Return a panel a problem in the given order: processor seconds to the right, percent lost upwards."""
    names = answers["peer"].unique().tolist()
    names.sort(key=lambda name: name != OURS)
    drawn = answers.assign(
        cpu_seconds=answers["cpu_seconds"].clip(lower=LEAST_SECONDS), is_ours=answers["peer"] == OURS
    )
    points = altair.Chart(drawn).mark_point(filled=True, opacity=0.9)
    legend = altair.Legend(title=None, symbolSize=90, orient="right")
    panels = points.encode(
        x=altair.X(
            "cpu_seconds:Q",
            title="CPU seconds",
            scale=altair.Scale(type="log", domain=[LEAST_SECONDS, 60]),
            axis=altair.Axis(values=list(SECOND_TICKS), format="~r"),
        ),
        y=altair.Y(
            "gap_percent:Q",
            title="% below the optimum",
            scale=altair.Scale(type="symlog", constant=0.01, domain=[0, 60]),
            axis=altair.Axis(values=list(PERCENT_TICKS), format="~r"),
        ),
        color=altair.Color(
            "peer:N", legend=legend, scale=altair.Scale(domain=names, range=COLOURS[: len(names)])
        ),
        shape=altair.Shape(
            "peer:N", legend=legend, scale=altair.Scale(domain=names, range=SHAPES[: len(names)])
        ),
        size=altair.condition("datum.is_ours", altair.value(170), altair.value(70)),
        facet=altair.Facet("problem:N", columns=4, title=None, sort=list(problems)),
    )
    panels = panels.properties(width=150, height=120)
    return (
        panels.configure(background="transparent")
        .configure_view(stroke=GREY, strokeOpacity=0.4)
        .configure_axis(
            labelColor=GREY,
            titleColor=GREY,
            gridColor=GREY,
            gridOpacity=0.25,
            domainColor=GREY,
            tickColor=GREY,
        )
        .configure_header(labelColor=GREY, labelFontSize=12, labelFontWeight="bold")
        .configure_legend(labelColor=GREY)
    )
