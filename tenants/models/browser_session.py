"""Sessions of browsers, with whose they are, so that they can be listed and ended.

How they are written says `tenants.sessions`, when they are over `tenants.session_times`.
"""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone

from tenants.identifiers import new_public_id


class BrowserSession(AbstractBaseSession):
    """One browser's session. `user` is null until somebody signs in."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="browser_sessions")
    # When somebody signed in; their time at most counts from here.
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"session {self.pk and self.public_id}"

    @classmethod
    def get_session_store_class(cls) -> Any:
        """Return the engine that keeps sessions here."""
        return import_module(settings.SESSION_ENGINE).SessionStore
