"""Who may open which page.

Every page is declared: `operator_view(permission)` for a page of an operator, `platform_view` (in
`platform_access`) for one of those who run the instance, `account_view` for a signed-in person's own
pages, `public_view(reason)` for what anybody may see. `portal/tests/test_doors.py` fails for a URL that
is not. The declaration is also what opens the operator's scope, so a page cannot forget it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import update_wrapper, wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import SimpleTemplateResponse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django_htmx.middleware import HtmxDetails
from django_otp import user_has_device

from charging.selectors import sites
from charging.site_scope import limited_to
from portal.gate import offline, training, viewing
from portal.gate import step_up as proof
from portal.gate.polls import is_poll
from tenants import permissions, roles
from tenants.actor import acting_more
from tenants.log import refused_access
from tenants.models import Account, Driver, Membership, Operator, User
from tenants.permissions import Access, Permission
from tenants.scoping import tenant_scope
from tenants.selectors import visits
from tenants.services.platform import visits as platform_visits

P = ParamSpec("P")

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
#: Where the pages begin of those who are none of the staff.
CUSTOMERS_BEGIN = {Membership.Role.DRIVER: "driver:history", Membership.Role.PAYER: "payer:invoice_list"}
READ_ONLY = _("You are only looking here: nothing can be changed.")
SUSPENDED = _("This operator is suspended. Its owners can ask the platform's staff why.")


class OperatorSuspended(PermissionDenied):
    """The platform has suspended the operator: its people are known, and find a page that says so."""


class SignedInRequest(HttpRequest):
    """A request whose visitor is known: what every declared page receives."""

    user: User
    access: Access
    driver: Driver
    account: Account
    htmx: HtmxDetails


OperatorPage = Callable[Concatenate[SignedInRequest, Operator, P], HttpResponseBase]
Page = Callable[Concatenate[Any, P], HttpResponseBase]


def operator_view(
    permission: Permission,
    *,
    step_up: bool = False,
    takes_out: bool = False,
    without_people: bool = False,
    sends_customers_home: bool = False,
) -> Callable[[OperatorPage[P]], Callable[..., HttpResponseBase]]:
    """Declare a page of one operator, open to its people who hold the permission.

    A stranger gets 404, so that nobody learns which operators exist; a member without the
    permission 403. A second factor must have been passed where the operator requires one of the role, or
    the person has one. Who may only look (`Access.is_read_only`) gets 403 for every method that changes, and for
    a page that `takes_out` what the portal holds, as a file for others.
    With `step_up` the person must have proved who they are within the last quarter of an hour, to change
    something or to take it out; not to look.
    `without_people`: the page shows no personal data but the reader's own, so that it opens without the training that
    an operator may make the rest depend on (`portal.gate.training`).
    `sends_customers_home`: drivers and payers, who have typed the operator's own address, find their own pages there.
    The page runs inside the operator's scope: one transaction, rolled back when it raises.
    """

    def declare(page: OperatorPage[P]) -> Callable[..., HttpResponseBase]:
        @wraps(page)
        def guarded(
            request: SignedInRequest, operator_slug: str, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            access = find_access(request.user, slug=operator_slug)
            if access is None:
                refused_access.stranger(request.user, slug=operator_slug)
                raise Http404
            if elsewhere := _elsewhere(request, access, customers_too=sends_customers_home):
                return elsewhere
            access = viewing.through(request, access)
            check_admission(access, permission, request.method or "", takes_out=takes_out)
            if not without_people:
                training.check(access, request.user, permission)
            if step_up and proof.is_missing(request, for_looking=takes_out):
                return proof.ask(request, person=request.user.pk)
            request.access = access
            _note_visit(request, access)
            with inside(access, request.user, permission):
                response = page(request, access.operator, *args, **kwargs)
                if isinstance(response, SimpleTemplateResponse):
                    response.render()  # a lazy template must read its rows while they are there
                return response

        guarded.access = permission  # type: ignore[attr-defined]  # read by the doors test
        guarded.step_up = step_up  # type: ignore[attr-defined]
        guarded.takes_out = takes_out  # type: ignore[attr-defined]
        guarded.without_people = without_people  # type: ignore[attr-defined]
        return guarded

    return declare


def _elsewhere(request: SignedInRequest, access: Access, *, customers_too: bool) -> HttpResponseBase | None:
    """Return the way to where the person has to go first, or finds what is theirs; None if they are right here."""
    if lacks_second_factor(request.user, access):
        return to_second_factor(request)
    if customers_too and not access.is_staff:
        page = next(page for role, page in CUSTOMERS_BEGIN.items() if role in access.roles)
        return redirect(page, access.operator.slug)
    return None


def _note_visit(request: HttpRequest, access: Access) -> None:
    """Record what a visitor of the platform opens; a page that asks for itself is recorded once."""
    again = request.path if is_poll(request) else ""
    changes = request.method not in SAFE_METHODS
    platform_visits.page_opened(access, page=_name_of(request), changes=changes, again=again)


def _name_of(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""


def find_access(user: User, *, slug: str) -> Access | None:
    """Return the person's place at the operator, as a member or as a visitor of the platform."""
    return permissions.access(user, slug=slug) or visits.access(user, slug=slug)


def check_admission(access: Access, permission: Permission | None, method: str, *, takes_out: bool = False) -> None:
    """Refuse who lacks the permission, does more than look while only looking, or whose operator is suspended.

    Raises:
        PermissionDenied: with the reason as its message; the operator's log has it.
    """
    if access.operator.state == Operator.State.SUSPENDED and access.visit_ends_at is None:
        raise OperatorSuspended(SUSPENDED)
    if access.is_read_only and (takes_out or method not in SAFE_METHODS):
        refused_access.refused(access, permission, reason="read only")
        raise PermissionDenied(READ_ONLY)
    if permission is not None and not access.may(permission):
        refused_access.refused(access, permission)
        raise PermissionDenied


@contextmanager
def inside(access: Access, user: User | None, permission: Permission | None) -> Iterator[None]:
    """Open the operator's scope, limited to the sites where the person holds the permission; name them for the log."""
    is_limited = not roles.holds_everywhere(access, permission)
    with (
        acting_more(is_platform=access.visit_ends_at is not None, viewing_as=access.viewing_as),
        tenant_scope(access.operator.pk),
        limited_to(sites.ids_of(user) if user and is_limited else None),
    ):
        yield


def driver_view(
    page: OperatorPage[P], *, step_up: bool = False, takes_out: bool = False
) -> Callable[..., HttpResponseBase]:
    """Declare a page for a driver's own data; `request.driver` is who it is about.

    Staff of the operator who are no drivers there get 403, as they have pages of their own.
    step_up, takes_out: as of `operator_view`.
    """

    def own(request: SignedInRequest, operator: Operator, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        driver = Driver.objects.select_related("identity", "group").filter(user=request.user).first()
        if driver is None:
            raise PermissionDenied
        request.driver = driver
        with limited_to(None):  # what somebody charged is theirs, also where they do not work
            return offline.marked(request, page(request, operator, *args, **kwargs))

    update_wrapper(own, page)
    declared = operator_view(Permission.USE_DRIVER_PAGES, step_up=step_up, takes_out=takes_out, without_people=True)
    return declared(own)


def payer_view(*shows: str) -> Callable[[OperatorPage[P]], Callable[..., HttpResponseBase]]:
    """Declare a page for the people of an account; `request.account` is whose it is.

    shows: what the operator must let the account's people see (`Account.Shown`); without any, it is for all of them.
    """

    def declare(page: OperatorPage[P]) -> Callable[..., HttpResponseBase]:
        def own(request: SignedInRequest, operator: Operator, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            account = Account.objects.select_related("identity").filter(people__user=request.user).first()
            if account is None or (shows and account.shows not in shows):
                raise PermissionDenied
            request.account = account
            with limited_to(None):  # what a payer pays for is theirs wherever it was charged
                return page(request, operator, *args, **kwargs)

        update_wrapper(own, page)
        return operator_view(Permission.USE_PAYER_PAGES, without_people=True)(own)

    return declare


def account_view(page: Page[P], *, step_up: bool = False) -> Callable[..., HttpResponseBase]:
    """Declare a page about the signed-in person, whatever operators they belong to.

    A person with a second factor must have passed it: a password alone changes nothing here.
    With `step_up` they must have proved who they are within the last quarter of an hour, also to look: such a
    page shows what proves them.
    """

    @wraps(page)
    def guarded(request: SignedInRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_verified() and user_has_device(request.user):
            return to_second_factor(request)
        if step_up and proof.is_missing(request, for_looking=True):
            return proof.ask(request, person=request.user.pk)
        return page(request, *args, **kwargs)

    guarded.access = "account"  # type: ignore[attr-defined]
    guarded.step_up = step_up  # type: ignore[attr-defined]
    return guarded


def public_view(reason: str) -> Callable[[Page[P]], Page[P]]:
    """Declare a page that anybody may open, and say why."""

    def declare(page: Page[P]) -> Page[P]:
        opened = login_not_required(page)
        opened.access = f"public: {reason}"  # type: ignore[attr-defined]
        return opened

    return declare


def lacks_second_factor(user: User, access: Access) -> bool:
    """Tell whether the person still has to pass (or first enrol) a second factor to go on."""
    if user.is_verified():
        return False
    return access.needs_factor or user_has_device(user)


def to_second_factor(request: SignedInRequest) -> HttpResponseBase:
    """Send the person to the challenge, or to enrolment if they have no device yet."""
    page = "account:challenge" if user_has_device(request.user) else "account:enrol"
    back = urlencode({"next": request.get_full_path()}) if request.method == "GET" else ""
    response = redirect(page)
    if back:
        response["Location"] += f"?{back}"
    return response
