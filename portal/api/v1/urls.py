"""Version 1 of the API: one file a resource."""

from django.urls import URLPattern, path

from portal.api.v1 import me

app_name = "api"

urlpatterns: list[URLPattern] = [
    path("me", me.Me.as_view(), name="me"),
]
