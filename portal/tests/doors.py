"""Every URL of the portal with what its page declares, read from the URLconf."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

OPERATOR = "operator_slug"


@dataclass(frozen=True)
class Door:
    """One URL."""

    name: str
    route: str
    parameters: tuple[str, ...]
    callback: Any

    @property
    def access(self) -> Any:
        """What the page declares: a permission, `account`, `members` or `public: <reason>`."""
        return getattr(self.callback, "access", None)

    @property
    def is_of_operator(self) -> bool:
        return OPERATOR in self.parameters

    @property
    def is_api(self) -> bool:
        return self.name.startswith("api:")

    def __str__(self) -> str:
        return self.name


def doors() -> list[Door]:
    return list(_walk(get_resolver().url_patterns, "", "", ()))


def _walk(patterns: Any, route: str, namespace: str, parameters: tuple[str, ...]) -> Iterator[Door]:
    for pattern in patterns:
        here = route + str(pattern.pattern)
        named = (*parameters, *pattern.pattern.converters)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern.url_patterns, here, inner, named)
        elif isinstance(pattern, URLPattern):
            yield Door(f"{namespace}{pattern.name}", here, named, pattern.callback)
