"""Sends text compressed: a list of fifty rows weighs a tenth. Static files are compressed once, by WhiteNoise.

Text that an attacker chooses, compressed with a secret, tells by its length how much they have in common (BREACH).
That takes many requests which the victim's browser sends with its cookie, and ours is not sent from other sites
(SameSite); the token against forged requests is masked anew in every page; and Django's middleware adds up to a
hundred random bytes to each answer.

Files that are compressed already (PDF, workbooks, archives, fonts) are left alone.
"""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

TEXT = (
    "text/",
    "application/json",
    "application/problem+json",
    "application/x-ndjson",
    "application/jsonl",
    "image/svg",
)


class CompressionMiddleware(GZipMiddleware):
    """Django's own, for text alone."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress the answer if it is text and the browser can read it so."""
        if not response.get("Content-Type", "").startswith(TEXT):
            return response
        return super().process_response(request, response)
