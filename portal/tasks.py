"""Work of the instance itself, in the background."""

from celery import shared_task
from django.utils import timezone

from portal.web.platform import instance_health


@shared_task
def tick() -> None:
    """Show that timetable and workers are alive: from the timetable, once a minute."""
    instance_health.tick(at=timezone.now())
