"""Version 1 of the API: one file a resource."""

from django.urls import URLPattern, path

from portal.api.v1 import accounts, audit_events, me

app_name = "api"

urlpatterns: list[URLPattern] = [
    path("me", me.Me.as_view(), name="me"),
    path("accounts", accounts.Accounts.as_view(), name="accounts"),
    path("audit-events", audit_events.AuditEvents.as_view(), name="audit_events"),
]
