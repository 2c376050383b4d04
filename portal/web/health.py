"""Whether this process can serve: asked by load balancers and by bin/run."""

from django.db import connection
from django.http import HttpRequest, HttpResponse

from portal.gate.access import public_view


@public_view("Load balancers have no account; it tells nothing but that we live.")
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer `ok` when the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")
