"""No page holds a secret: every address is opened, and what it answers is searched."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from portal.tests.house import DOORS, address
from tenants.models import TotpDevice
from tenants.scoping import tenant_scope
from tenants.services.proof import api_keys

pytestmark = pytest.mark.ignore_template_errors  # a page's own test is stricter


def test_no_page_holds_a_secret(world, north, olga, sign_in):
    browser = sign_in(olga)
    secrets = {
        "the instance's key": settings.SECRET_KEY,
        "the password": olga.password,
        "the session": browser.session.session_key,
        "the database": settings.DATABASES["default"]["HOST"] or "wattledger_app@",
    }
    with tenant_scope(north.pk):
        now = timezone.now()
        until = now + timedelta(days=30)
        key = api_keys.make(name="Export", scopes=["view_audit"], expires_at=until, by=olga, at=now).key
        secrets["an API key"] = key.secret_sha256
    for device in TotpDevice.objects.filter(user=olga):
        secrets[f"device {device.pk}"] = bytes(device.sealed_seed).hex()
    assert all(len(secret) > 4 for secret in secrets.values())
    found = {}
    for door in DOORS:
        answer = browser.get(address(door, world))
        text = b"".join(answer.streaming_content) if answer.streaming else answer.content
        names = [name for name, secret in secrets.items() if secret.encode() in text]
        if names:
            found[door.name] = names
    assert found == {}
