"""Version 1 of the API: one file a resource."""

from django.urls import URLPattern

app_name = "api"

urlpatterns: list[URLPattern] = []
