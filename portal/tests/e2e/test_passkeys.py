"""A person with a passkey: made, signed in with, proved again with. A virtual key of Chromium stands in for a phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from django_otp_webauthn.models import WebAuthnCredential
from playwright.sync_api import Page, expect

from portal.tests.e2e.conftest import PASSWORD, look
from tenants.models import User


@pytest.fixture
def here(address: str) -> str:
    """The portal's address by name: a bare number can have no passkeys."""
    return address.replace("127.0.0.1", "localhost")


@pytest.fixture
def virtual_key(page: Page) -> Iterator[Any]:
    """A security key plugged into the browser, whose owner touches it whenever it blinks."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    about = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options = {**about, "isUserVerified": True, "automaticPresenceSimulation": True}
    key = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield session, key["authenticatorId"]
    session.detach()


def give_password(page: Page, here: str, user: User, then: str = "") -> None:
    page.goto(f"{here}/account/sign-in/?next={then}")
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def sign_out(page: Page, here: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{here}/account/profile/")
    expect(page).to_have_url(f"{here}/account/sign-in/?next=/account/profile/")


def test_a_passkey_is_made_used_and_asked_for(page: Page, here: str, person: Any, operator: Any, virtual_key: Any):
    user = person("owner", second_factor=False)
    give_password(page, here, user, then=f"/o/{operator.slug}/people/")
    expect(page.get_by_role("heading", name="Set up your second factor")).to_be_visible()
    page.get_by_role("link", name="Make a passkey instead").click()
    look(page, "passkey-new")
    page.get_by_label("Name").fill("Blue key")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Keep these ten codes")).to_be_visible()
    look(page, "recovery-codes")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as a text file").click()
    assert download.value.suggested_filename == "wattledger-recovery-codes.txt"
    assert sum(line.count("-") == 3 for line in download.value.path().read_text().splitlines()) == 10
    page.get_by_role("link", name="I have kept them").click()
    expect(page).to_have_url(f"{here}/o/{operator.slug}/people/")

    sign_out(page, here)
    give_password(page, here, user, then=f"/o/{operator.slug}/people/")
    expect(page.get_by_label("Code")).to_have_count(0)
    look(page, "challenge-passkey")
    page.goto(f"{here}/o/{operator.slug}/people/")
    expect(page).to_have_url(f"{here}/account/sign-in/?next=/o/{operator.slug}/people/")
    page.goto(f"{here}/account/challenge/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(f"{here}/o/{operator.slug}/people/")
    assert WebAuthnCredential.objects.get(user=user).sign_count > 1

    page.goto(f"{here}/account/profile/")
    expect(page.get_by_text("Blue key", exact=True).first).to_be_visible()
    look(page, "profile-passkey")


def test_a_key_that_refuses_is_answered_in_a_sentence(page: Page, here: str, person: Any, virtual_key: Any):
    user = person("owner", second_factor=False)
    give_password(page, here, user)
    page.goto(f"{here}/account/passkeys/new/")
    page.get_by_label("Name").fill("Blue key")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Keep these ten codes")).to_be_visible()
    page.goto(f"{here}/account/passkeys/new/")
    page.get_by_label("Name").fill("The same key again")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("Your device has not made a passkey")
    assert WebAuthnCredential.objects.filter(user=user).count() == 1


def test_a_fresh_proof_by_passkey_leads_back(page: Page, here: str, person: Any, virtual_key: Any):
    user = person("owner", second_factor=False)
    give_password(page, here, user)
    page.goto(f"{here}/account/passkeys/new/")
    page.get_by_label("Name").fill("Blue key")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Keep these ten codes")).to_be_visible()
    page.goto(f"{here}/account/confirm/?next=/account/second-factor/recovery-codes/")
    look(page, "confirm-passkey")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(f"{here}/account/second-factor/recovery-codes/")
