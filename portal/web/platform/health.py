"""Whether the instance is well: database, queue, workers, timetable, disk, and work that stands still."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal.gate.access import SignedInRequest
from portal.gate.platform_access import platform_view
from portal.web.platform import instance_health


@platform_view()
def health(request: SignedInRequest) -> HttpResponse:
    """Measure everything now and show it."""
    now = timezone.now()
    return render(
        request, "platform/health/page.html", {"nav": "health", "now": now, **instance_health.measure(at=now)}
    )
