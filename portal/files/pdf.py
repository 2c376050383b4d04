"""A PDF as an answer: shown by the browser, saved under the document's number."""

from django.http import HttpResponse
from django.utils.text import slugify


def pdf_file(name: str, content: bytes) -> HttpResponse:
    """Answer with a document named after its number."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{slugify(name) or "document"}.pdf"'
    return response
