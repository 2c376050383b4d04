"""Pages as a reader sees them: figures in their tables, charts and boxes, instead of words somewhere in the HTML."""

from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse

#: Elements without an end tag.
VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "use", "wbr"]
)


class Element:
    """An element with what it holds: elements and text."""

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag, self.attributes = tag, attributes
        self.holds: list[Element | str] = []

    def find(self, tag: str, css: str = "") -> Iterator["Element"]:
        """Every element of that tag, and class where one is named, in the order of the page."""
        for each in self.holds:
            if isinstance(each, Element):
                if each.tag == tag and (not css or css in each.attributes.get("class", "").split()):
                    yield each
                yield from each.find(tag, css)

    @property
    def text(self) -> str:
        """What a reader reads: one space where there are several, none at the ends."""
        parts = (each if isinstance(each, str) else f" {each.text} " for each in self.holds)
        return " ".join("".join(parts).replace("\xa0", " ").split())


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].holds.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].holds.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        while len(self.open) > 1 and self.open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.open[-1].holds.append(data)


def read(page: HttpResponse | str) -> Element:
    """The page as elements."""
    builder = _Builder()
    builder.feed(page if isinstance(page, str) else page.content.decode())
    return builder.root


def words(page: HttpResponse | str) -> str:
    """All that a reader reads of the page, with single spaces between the words."""
    return read(page).text


def table_of(page: HttpResponse | str, label: str) -> list[list[str]]:
    """The rows of the table with that label, body and foot, each as the texts of its cells."""
    frames = [each for each in read(page).find("div", "table-frame") if each.attributes.get("aria-label") == label]
    assert len(frames) == 1, f"{len(frames)} tables are called {label!r}"
    (table,) = frames[0].find("table")
    rows = [[cell.text for cell in row.holds if isinstance(cell, Element)] for row in table.find("tr")]
    return rows[1:] if any(table.find("thead")) else rows


def figures_of(page: HttpResponse | str, title: str) -> dict[str, tuple[Any, ...]]:
    """A chart's figures by the place on its axis: each as it is read, and exactly as it is drawn (None: a gap)."""
    charts = [each for each in read(page).find("figure", "chart") if _title(each) == title]
    assert len(charts) == 1, f"{len(charts)} charts are called {title!r}"
    (body,) = charts[0].find("tbody")
    figures: dict[str, tuple[Any, ...]] = {}
    for row in body.find("tr"):
        (head,) = row.find("th")
        pairs = [(cell.text, _drawn(cell.attributes["data-value"])) for cell in row.find("td")]
        figures[head.attributes["data-value"]] = pairs[0] if len(pairs) == 1 else tuple(pairs)
    return figures


def _title(chart: Element) -> str:
    return next(chart.find("span", "chart__title")).text


def _drawn(value: str) -> Decimal | None:
    return Decimal(value) if value else None


def stats_of(page: HttpResponse | str) -> dict[str, str]:
    """The key figures of a page by their labels."""
    root = read(page)
    boxes = [*root.find("div", "stat"), *root.find("a", "stat")]
    return {next(box.find("span", "stat__label")).text: next(box.find("span", "stat__value")).text for box in boxes}
