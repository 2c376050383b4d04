"""Every URL of the portal, or of the platform's process, with what its page declares, read from the URLconf."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

OPERATOR = "operator_slug"
PORTAL, PLATFORM = "portal.urls", "portal.platform_urls"


@dataclass(frozen=True)
class Door:
    """One URL."""

    name: str
    route: str
    parameters: tuple[str, ...]
    callback: Any
    urlconf: str = PORTAL

    @property
    def access(self) -> Any:
        """What the page declares: a permission, `account`, `members`, `platform` or `public: <reason>`."""
        return getattr(self.callback, "access", None)

    @property
    def is_of_operator(self) -> bool:
        return OPERATOR in self.parameters

    @property
    def is_of_platform(self) -> bool:
        """Whether the platform's process serves it."""
        return self.urlconf == PLATFORM

    @property
    def takes_out(self) -> bool:
        """Whether the page declares that it hands out a file."""
        return bool(getattr(self.callback, "takes_out", False))

    @property
    def is_api(self) -> bool:
        return self.name.startswith("api:")

    def __str__(self) -> str:
        return f"at the platform: {self.name}" if self.is_of_platform else self.name


def doors(urlconf: str = PORTAL) -> list[Door]:
    found = _walk(get_resolver(urlconf).url_patterns, "", "", ())
    return [replace(door, urlconf=urlconf) for door in found]


def _walk(patterns: Any, route: str, namespace: str, parameters: tuple[str, ...]) -> Iterator[Door]:
    for pattern in patterns:
        here = route + str(pattern.pattern)
        named = (*parameters, *pattern.pattern.converters)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern.url_patterns, here, inner, named)
        elif isinstance(pattern, URLPattern):
            yield Door(f"{namespace}{pattern.name}", here, named, pattern.callback)
