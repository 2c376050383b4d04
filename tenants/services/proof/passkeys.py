"""Passkeys as a second factor (Web Authentication, W3C): registered, and checked after the password.

django-otp-webauthn keeps them and checks signatures; this says how we use it:

- The domain and origins come from the door (`Site`), as a development runs on any port.
- User verification is *preferred*. The password is what the person knows and the key what they hold: two
  factors already. Requiring a PIN or finger as well would lock out security keys that have neither; where the
  device can ask for one, it does.
- The counter of a key must grow (a smaller one means a copy of the key is about); a key that does not count says 0.
- No attestation is asked for or kept: it would only tell which make of device people carry.
- A challenge is used once: the door takes it from where it keeps it before anything is checked.
"""

import logging
import struct
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django_otp_webauthn.exceptions import OTPWebAuthnApiError
from django_otp_webauthn.helpers import WebAuthnHelper
from django_otp_webauthn.models import WebAuthnCredential
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import UserVerificationRequirement

from tenants.errors import Code, Refused
from tenants.models import User
from tenants.services.proof import two_factor

log = logging.getLogger(__name__)

MOST = 10
# What a made-up answer can raise on its way through the parsers.
_MALFORMED = (OTPWebAuthnApiError, WebAuthnException, ValueError, KeyError, TypeError, IndexError, struct.error)


@dataclass(frozen=True, slots=True)
class Site:
    """Where passkeys hold: the domain they are bound to, and the addresses its pages have."""

    domain: str
    origins: tuple[str, ...]


class NotThisKey(Exception):
    """The browser's answer proves nothing. The reason is logged and not shown."""


def options_to_register(user: User, *, site: Site) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the browser needs to make a passkey, and what we must remember until it has.

    Raises:
        Refused: the person has as many as anybody may.
    """
    _refuse_too_many(user)
    return _Helper(site).register_begin(user)  # type: ignore[no-any-return]  # the library has no types


@transaction.atomic
def register(user: User, *, site: Site, state: dict[str, Any], answer: dict[str, Any], name: str) -> WebAuthnCredential:
    """Keep the passkey that the browser made.

    Raises:
        NotThisKey: the answer is not one to our challenge, from another site, or of a key that is kept already.
        Refused: the person has as many as anybody may.
    """
    User.objects.select_for_update().get(pk=user.pk)
    _refuse_too_many(user)
    try:
        with transaction.atomic():
            kept = _Helper(site).register_complete(user, state, answer)
            kept.name = name
            kept.save(update_fields=["name"])
    except (*_MALFORMED, IntegrityError) as error:
        log.warning("A passkey of person %s was not registered: %s", user.pk, error)
        raise NotThisKey from error
    return kept


def options_to_use(user: User, *, site: Site) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the browser needs to use one of the person's passkeys, and what we must remember until it has."""
    return _Helper(site).authenticate_begin(user, require_user_verification=False)  # type: ignore[no-any-return]


@transaction.atomic(durable=True)
def verify(
    user: User, *, site: Site, state: dict[str, Any] | None, answer: dict[str, Any] | None
) -> WebAuthnCredential | None:
    """Return the passkey that signed our challenge; None when none of the person's did.

    The person's keys are locked meanwhile: of two answers with the same counter one is taken.
    """
    if state is None or answer is None:
        return None
    confirmed = {held.pk for held in two_factor.passkeys(user).select_for_update()}
    try:
        used = _Helper(site).authenticate_complete(user, state, answer)
    except _MALFORMED as error:
        log.warning("A passkey of person %s was refused: %s", user.pk, error)
        return None
    return used if used.pk in confirmed else None


def rename(of: WebAuthnCredential, *, name: str) -> None:
    """Give the passkey another name."""
    of.name = name
    of.save(update_fields=["name"])


def _refuse_too_many(user: User) -> None:
    if two_factor.passkeys(user).count() >= MOST:
        raise Refused(Code.TOO_MANY_PASSKEYS)


class _Helper(WebAuthnHelper):
    """The library's helper, told where it works instead of reading it from a request."""

    def __init__(self, site: Site) -> None:
        super().__init__(request=None)
        self.site = site

    def get_relying_party_domain(self) -> str:
        return self.site.domain

    def get_allowed_origins(self) -> list[str]:
        return list(self.site.origins)

    def get_credential_name(self, user: User) -> str:
        return str(user.email)

    def get_credential_display_name(self, user: User) -> str:
        return str(user)

    def get_generate_authentication_options_kwargs(self, **about: Any) -> dict[str, Any]:
        kwargs = super().get_generate_authentication_options_kwargs(**about)
        return {**kwargs, "user_verification": UserVerificationRequirement.PREFERRED}

    def create_attestation(self, *_about: Any) -> None:
        """Keep none."""
