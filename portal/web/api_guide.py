"""The API in words: how to get a key, page through a list and read an error.

It repeats the API's description (`portal.api.schema`) in the reader's language, with the reader's own operator.
"""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext

from portal.api import paging, schema
from portal.gate import throttle
from portal.gate.access import public_view
from portal.gate.next_page import came_from
from tenants import roles
from tenants.models import User
from tenants.selectors import people


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource as its description has it; a parameter has a name, a meaning and perhaps its only values."""

    path: str
    words: str
    parameters: list[tuple[str, str, list[str]]]


@public_view("It describes the API and holds nobody's data.")
def guide(request: HttpRequest) -> HttpResponse:
    """Show how the API works."""
    calls, slug = throttle.API_CALLS, _own_operator(request)
    context = {
        "resources": _resources(slug),
        "slug": slug,
        "errors": [(status.value, status.phrase, _plain(str(words))) for status, words in schema.ERRORS.items()],
        "origin": request.build_absolute_uri("/").rstrip("/"),
        "description": reverse("api_schema"),
        "largest_page": paging.LARGEST,
        "page_size": paging.SIZE,
        "calls_a_minute": round(60 / calls.every_s),
        "calls_at_once": calls.burst,
    }
    return render(request, "home/api.html", context)


def _own_operator(request: HttpRequest) -> str:
    """The operator the reader comes from, or else the first they work for; empty for a stranger."""
    if not isinstance(request.user, User):
        return ""
    places = people.memberships(request.user)
    slugs = [place.operator.slug for place in places if place.role in roles.STAFF]
    came = came_from(request).split("/")
    return next((slug for slug in slugs if came[:3] == ["", "o", slug]), slugs[0] if slugs else "")


def _resources(slug: str) -> list[Resource]:
    paths: dict[str, Any] = schema.document()["paths"]
    return [
        Resource(
            path=path.replace("{operator_slug}", slug or "…"),
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
    return gettext(words).replace("`", "")  # the description is Markdown, the page is not
