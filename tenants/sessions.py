"""The session engine: Django's database sessions, in a table that knows whose they are."""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from tenants.actor import current_actor


class SessionStore(DatabaseStore):
    """Sessions in `BrowserSession`, with the person and the browser they belong to."""

    @classmethod
    def get_model_class(cls) -> Any:
        """Return the model that keeps the sessions."""
        from tenants.models import BrowserSession  # noqa: PLC0415  # settings name this module before models load

        return BrowserSession

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        """Return the row to be saved."""
        row: Any = super().create_model_instance(data)
        model: Any = self.model
        known = model.objects.filter(pk=row.pk).values("public_id", "created_at").first() or {}
        for name, value in known.items():
            setattr(row, name, value)
        actor = current_actor()
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        row.address, row.user_agent = actor.address, actor.user_agent
        return row
