"""Who looks at the pages that are measured: an owner, a member limited to some sites, a driver, a machine, a stranger.

Their second factor is passed and freshly proved, so that no page asks for it instead of answering.
"""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone

from charging.models import Site
from charging.services import site_access
from tenants.models import Driver, Operator, User
from tenants.roles import API_SCOPES
from tenants.scoping import tenant_scope
from tenants.services.people import memberships
from tenants.services.platform import members
from tenants.services.proof import api_keys, two_factor

#: The typical driver: not among the few whose cards a whole fleet uses.
TYPICAL = 0.02
SITES_SEEN = 0.1


@dataclass(frozen=True, slots=True)
class Visitors:
    """The browsers of one operator's people; `operator` is None at the platform's process."""

    operator: Operator | None
    stranger: Client
    owner: Client
    limited: Client | None = None
    driver: Client | None = None
    machine: dict[str, str] = field(default_factory=dict)
    #: Doors that show no page here, with what they answer to a look: acts, above all.
    no_pages: dict[str, int] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)


def of(operator: Operator) -> Visitors:
    """The visitors of one operator; made once, signed in anew each time."""
    slug = operator.slug
    owner = person(f"owner@{slug}.example.com")
    limited = person(f"limited@{slug}.example.com")
    with tenant_scope(operator.pk):
        memberships.add(owner, operator=operator, role="owner")
        memberships.add(limited, operator=operator, role="operations", limited_to_sites=True)
        sites = Site.objects.order_by("pk")
        seen = sites[: max(1, int(sites.count() * SITES_SEEN))]
        site_access.give(limited, site_public_ids=[site.public_id for site in seen])
        driving = _driver(operator)
        key = api_keys.make(
            name="benchmark",
            scopes=[scope.value for scope in API_SCOPES],
            expires_at=timezone.now() + timedelta(days=1),
            by=owner,
            at=timezone.now(),
        )
    return Visitors(
        operator,
        stranger=Client(HTTP_HOST="localhost"),
        owner=signed_in(owner),
        limited=signed_in(limited),
        driver=signed_in(driving),
        machine={"HTTP_AUTHORIZATION": f"Bearer {key.text}"},
    )


def of_platform() -> Visitors:
    """The visitors of the platform's own process."""
    staff = person("platform@example.com")
    members.add(email=staff.email, meant=staff.public_id)
    return Visitors(None, stranger=Client(HTTP_HOST="localhost"), owner=signed_in(staff))


def signed_in(user: User) -> Client:
    """Return a browser in which the person has just passed both factors."""
    client = Client(HTTP_HOST="localhost")
    device: Any = two_factor.device(user) or two_factor.new_device(user, name="bench")
    client.force_login(user)
    session = client.session
    session["otp_device_id"] = device.persistent_id
    session["proved_at"] = time.time()
    session.save()
    if settings.LANGUAGE_COOKIE_NAME:
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "sv"
    return client


def person(email: str) -> User:
    """Return the person with this address, who is made when there is none."""
    return User.objects.filter(email=email).first() or User.objects.create_user(email)


def _driver(operator: Operator) -> User:
    user = person(f"driver@{operator.slug}.example.com")
    if not Driver.objects.filter(user=user).exists():
        typical = Driver.objects.order_by("pk")[int(Driver.objects.count() * TYPICAL)]
        Driver.objects.filter(pk=typical.pk).update(user=user)
    memberships.add(user, operator=operator, role="driver")
    return user
