"""What every page knows: the operator, what the person may do there, and their other operators."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

THEMES = ("light", "dark")


def page(request: HttpRequest) -> dict[str, Any]:
    """Return the layout's variables. Costs no query: everything was read by the page's declaration."""
    access = getattr(request, "access", None)
    theme = request.COOKIES.get("theme", "")
    return {
        "operator": access.operator if access else None,
        "may": access.permissions if access else frozenset(),
        "is_staff_here": bool(access and access.is_staff),
        "theme": theme if theme in THEMES else "",
        "languages": settings.LANGUAGES,
        "demonstration": settings.DEMONSTRATION,
    }
