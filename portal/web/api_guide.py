"""The API in words: how to get a key, page through a list and read an error.

What it repeats of the API's description (`portal.api.schema`) is English for every reader: programmers read it.
"""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from portal.api import paging, schema
from portal.gate import throttle
from portal.gate.access import public_view


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource as its description has it; a parameter has a name, a meaning and perhaps its only values."""

    path: str
    words: str
    parameters: list[tuple[str, str, list[str]]]


@public_view("It describes the API and holds nobody's data.")
def guide(request: HttpRequest) -> HttpResponse:
    """Show how the API works."""
    calls = throttle.API_CALLS
    context = {
        "resources": _resources(),
        "errors": [(status.value, status.phrase, _plain(words)) for status, words in schema.ERRORS.items()],
        "origin": request.build_absolute_uri("/").rstrip("/"),
        "description": reverse("api_schema"),
        "largest_page": paging.LARGEST,
        "page_size": paging.SIZE,
        "calls_a_minute": round(60 / calls.every_s),
        "calls_at_once": calls.burst,
    }
    return render(request, "home/api.html", context)


def _resources() -> list[Resource]:
    paths: dict[str, Any] = schema.document()["paths"]
    return [
        Resource(
            path=path.replace("{operator_slug}", "…"),
            words=_plain(operation["description"]),
            parameters=[
                (each["name"], _plain(each["description"]), each["schema"].get("enum", []))
                for each in operation["parameters"]
                if each["in"] == "query"
            ],
        )
        for path, methods in paths.items()
        for operation in methods.values()
    ]


def _plain(words: str) -> str:
    return words.replace("`", "")  # the description is Markdown, the page is not
