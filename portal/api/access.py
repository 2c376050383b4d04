"""Who may call which resource: the rules of `portal.web.access`, answered for machines.

A resource derives from `OperatorResource` and names its permission. A stranger gets 404, a member
without the permission or without their second factor 403; nothing redirects. The resource runs in
the operator's scope, and an error rolls back all of it.
"""

from contextlib import ExitStack
from typing import Any, ClassVar

from django.contrib.auth.decorators import login_not_required
from django.db import transaction  # noqa: TID251  # an answered error must roll the scope back as a raised one does
from django.http import HttpRequest, HttpResponseBase
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import NotAuthenticated, NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.web.access import lacks_second_factor
from tenants import permissions
from tenants.models import User
from tenants.permissions import Access, Permission
from tenants.scoping import has_scope, tenant_scope

MEMBERS = "members"


class BrowserSession(SessionAuthentication):
    """A person signed in by browser; unsafe methods need the CSRF token."""

    def authenticate_header(self, request: Request) -> str:
        """Make a missing sign-in 401 instead of 403."""
        return "Session"


class OperatorResource(APIView):
    """A resource of one operator."""

    # Who may: a permission, or MEMBERS for whoever has a place at the operator.
    access_for: ClassVar[Permission | str]
    authentication_classes: ClassVar[list[type[BaseAuthentication]]] = [BrowserSession]  # type: ignore[misc]

    access: Access
    person: User

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Return the view, declared for the doors test and kept from redirecting to the sign-in page."""
        view: Any = login_not_required(super().as_view(**initkwargs))
        view.access = cls.access_for
        return view

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer inside the operator's scope, which `initial` opens once the caller is known."""
        with ExitStack() as self._scope:
            response = super().dispatch(request, *args, **kwargs)
            if isinstance(response, Response):
                response.render()  # what is lazy must be read while the rows are there
            return response

    def initial(self, request: Request, *args: Any, operator_slug: str, **kwargs: Any) -> None:
        """Let the caller in, or raise what they are to hear."""
        super().initial(request, *args, **kwargs)
        if not isinstance(request.user, User):
            raise NotAuthenticated
        access = permissions.access(request.user, slug=operator_slug)
        if access is None:
            raise NotFound
        if lacks_second_factor(request.user, access):
            raise PermissionDenied("Pass your second factor first.")
        if self.access_for != MEMBERS and not access.may(Permission(self.access_for)):
            raise PermissionDenied
        self.access, self.person = access, request.user
        self._scope.enter_context(tenant_scope(access.operator.pk))

    def handle_exception(self, exc: Exception) -> Response:
        """Answer the error, and keep nothing of what was written before it."""
        if has_scope():
            transaction.set_rollback(True)
        return super().handle_exception(exc)
