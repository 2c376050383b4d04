"""A ZIP as an answer."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header


def zip_file(name: str, content: bytes) -> HttpResponse:
    """Answer with a ZIP that is saved under the name."""
    response = HttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=f"{name}.zip") or ""
    return response
