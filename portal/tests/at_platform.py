"""Lets a test's browser reach the platform's process: its own doors, and its own database role behind them."""

from django.test import Client, override_settings

from portal.tests import app_role

URLCONF = "portal.platform_urls"


def at_platform(client: Client) -> Client:
    """Return the browser, whose requests are from now on the platform's to answer."""
    handle = client.handler

    def answered(environ):
        with override_settings(ROOT_URLCONF=URLCONF), app_role.as_platform():
            return handle(environ)

    client.handler = answered  # type: ignore[assignment]
    return client
