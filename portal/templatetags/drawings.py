"""Drawings made on the server as SVG: they need no script, print well and follow the theme.

Geometry stands in SVG attributes and colour in classes, since the content policy allows no style
attribute. Each drawing is hidden from screen readers or carries a sentence; its figures stand as
text beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import template
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

Figure = int | Decimal

SPARK_WIDTH, SPARK_HEIGHT = 120, 32
CELL_WIDTH, CELL_HEIGHT, CELL_GAP = 16, 15, 1
WEEK_LEFT, WEEK_TOP = 30, 14


@register.simple_tag
def sparkline(values: Sequence[Figure]) -> SafeString | str:
    """The course of some figures as a small line from zero; nothing for fewer than two."""
    if len(values) < 2:
        return ""
    room = Decimal(SPARK_HEIGHT - 4) / max(*values, 1)
    step = Decimal(SPARK_WIDTH) / (len(values) - 1)
    points = [(_short(step * at), _short(SPARK_HEIGHT - 2 - value * room)) for at, value in enumerate(values)]
    line = " ".join(f"{x},{y}" for x, y in points)
    return format_html(
        '<svg class="sparkline" viewBox="0 0 {w} {h}" preserveAspectRatio="none" aria-hidden="true">'
        '<polygon class="sparkline__area" points="0,{h} {line} {w},{h}"/>'
        '<polyline class="sparkline__line" points="{line}"/></svg>',
        w=SPARK_WIDTH,
        h=SPARK_HEIGHT,
        line=line,
    )


@register.simple_tag
def share_bar(parts: Sequence[Sequence[Any]]) -> SafeString | str:
    """How a whole divides: one bar, at most five parts as (label, figure, …). The labels stand beside it."""
    figures = [Decimal(part[1]) for part in parts]
    whole = sum(figures)
    if whole <= 0:
        return ""
    pieces, left = [], Decimal(0)
    for index, figure in enumerate(figures, start=1):
        width = figure * 100 / whole
        pieces.append((index, _short(left), _short(width)))
        left += width
    rects = format_html_join("", '<rect class="fill-{}" x="{}" y="0" width="{}" height="10"/>', pieces)
    return format_html(
        '<svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{}</svg>',
        rects,
    )


@register.simple_tag
def course_drawing(course: Any) -> SafeString:
    """A session on one line: what the car did, its power under it, and at the foot the prices that counted.

    Stretched to any width, so it holds no text: what it says stands beside it (`portal.web.session_course`).
    """
    bars = [*((one, 0, 8) for one in course.phases), *((one, 90, 10) for one in course.prices)]
    rects = [(one.look, _wide(one.begin), y, _wide(one.end - one.begin), height) for one, y, height in bars]
    slots = [(_wide(x), _short(88 - 76 * h), _wide(end - x), _short(76 * h)) for x, end, h in course.power]
    turns = {one.begin for one in (*course.phases, *course.prices) if one.begin > 0}
    lines = [(_wide(turn),) for turn in sorted(turns)]
    shape = 'class="course__line" viewBox="0 0 1000 100" preserveAspectRatio="none"'
    return format_html(
        f'<svg {shape} role="img" aria-label="{{}}">{{}}{{}}{{}}</svg>',
        course.label,
        format_html_join("", '<rect class="course__power" x="{}" y="{}" width="{}" height="{}"/>', slots),
        format_html_join("", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>', rects),
        format_html_join("", '<line class="course__turn" x1="{0}" y1="0" x2="{0}" y2="100"/>', lines),
    )


def _wide(share: Decimal) -> str:
    """A position on a line that is a thousand long."""
    return _short(1000 * share)


@register.simple_tag
def week_drawing(hours: Sequence[Sequence[int]], label: str) -> SafeString:
    """Seven days by 24 hours, each cell in one of the bands 0 to 5 (0: no price or no use).

    `hours[day][hour]` is the band, Monday first. `label` says in words what the drawing shows.
    """
    if len(hours) != 7 or any(len(day) != 24 for day in hours):
        raise ValueError("week_drawing takes 7 days of 24 bands")
    cells = [
        (band, WEEK_LEFT + hour * CELL_WIDTH, WEEK_TOP + day * CELL_HEIGHT)
        for day, bands in enumerate(hours)
        for hour, band in enumerate(bands)
    ]
    return format_html(
        '<svg class="week__clock" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>',
        WEEK_LEFT + 24 * CELL_WIDTH + 10,
        WEEK_TOP + 7 * CELL_HEIGHT,
        label,
        format_html_join(
            "",
            '<rect class="band-{}" x="{}" y="{}" width="{}" height="{}" rx="1.5"/>',
            ((band, x, y, CELL_WIDTH - CELL_GAP, CELL_HEIGHT - CELL_GAP) for band, x, y in cells),
        ),
        format_html_join("", '<text class="week__text" x="0" y="{}">{}</text>', _day_labels()),
        format_html_join("", '<text class="week__text" x="{}" y="8" text-anchor="{}">{}</text>', _hour_labels()),
    )


def _day_labels() -> list[tuple[int, Any]]:
    return [(WEEK_TOP + day * CELL_HEIGHT + 10, WEEKDAYS_ABBR[day]) for day in range(7)]


def _hour_labels() -> list[tuple[int, str, str]]:
    return [
        (WEEK_LEFT + hour * CELL_WIDTH, "start" if hour == 0 else "middle", f"{hour:02d}") for hour in range(0, 25, 3)
    ]


def _short(figure: Figure) -> str:
    """A coordinate with two decimals, without an exponent."""
    return f"{Decimal(figure):.2f}"
