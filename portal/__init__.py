"""The doors: web pages and APIs over the three floors below, and the project's settings."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
