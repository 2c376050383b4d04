"""The language a browser keeps."""

from django.conf import settings
from django.http import HttpResponseBase

A_YEAR = 365 * 24 * 60 * 60


def keep_language(response: HttpResponseBase, language: str) -> None:
    """Let the browser ask for this language from now on."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, language, max_age=A_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
