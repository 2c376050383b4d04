"""Who calls: a machine with an API key, or a person signed in by browser.

A key is looked for at the operator that the address names, in a scope of its own before the request's. A refusal
is counted by address and recorded in the operator's log; which of all reasons it had, the caller never learns.
"""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from portal.gate import throttle
from portal.gate.requests import client_address
from tenants import addresses
from tenants.models import ApiKey, Operator
from tenants.services.proof import api_key_authentication

SCHEME = "Bearer"
REALM = 'Bearer realm="Wattledger"'


class Key(BaseAuthentication):
    """`Authorization: Bearer wl_live_…`. A key that is given and refused is never made up for by a session."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        """Return the key; None if the caller gave none."""
        text = _given(request)
        if text is None:
            return None
        slug = request.parser_context["kwargs"]["operator_slug"]
        operator = Operator.objects.filter(slug=slug).exclude(state=Operator.State.CLOSED).first()
        operator_id = operator.pk if operator else None
        now, address = timezone.now(), client_address(request)
        key = api_key_authentication.proved(text, operator_id=operator_id, at=now, address=address)
        if key is None:
            throttle.admit(throttle.KEYS_REFUSED, addresses.network(address))
            api_key_authentication.refused(text, operator_id=operator_id, at=now)
            raise AuthenticationFailed(_("This key does not open this address."))
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        """Say how to prove oneself (RFC 6750), and whether what was given was no proof."""
        return REALM if _given(request) is None else f'{REALM}, error="invalid_token"'


class BrowserSession(SessionAuthentication):
    """A person signed in by browser; unsafe methods need the CSRF token."""

    def authenticate_header(self, request: Request) -> str:
        """Make a missing sign-in 401 instead of 403."""
        return REALM


def _given(request: Any) -> str | None:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == SCHEME.lower() else None
