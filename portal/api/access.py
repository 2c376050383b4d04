"""Who may call which resource: the same door as the pages', `portal.gate.access`, answered for machines.

A resource derives from `OperatorResource` and names its permission. The caller is an API key or a person signed in
by browser. A stranger gets 404, a wrong key 401, and who lacks the permission, or their second factor, 403; nothing
redirects. The resource runs in the operator's scope, and an error rolls back all of it.
"""

from contextlib import ExitStack
from typing import Any, ClassVar

from django.contrib.auth.decorators import login_not_required
from django.db import transaction  # noqa: TID251  # an answered error must roll the scope back as a raised one does
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotAuthenticated, NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from portal.api import queries
from portal.api.authentication import BrowserSession, Key
from portal.api.queries import NoParameters
from portal.api.schema import ResourceSchema
from portal.gate import throttle, training, viewing
from portal.gate.access import SAFE_METHODS, check_admission, find_access, inside, lacks_second_factor
from tenants import roles
from tenants.actor import acting_more
from tenants.log import refused_access
from tenants.models import ApiKey, User
from tenants.permissions import Access, Permission
from tenants.scoping import has_scope
from tenants.services.platform import visits as platform_visits

MEMBERS = "members"
KEY = "key"


class OperatorResource(APIView):
    """A resource of one operator.

    access: what the caller may do there. key: the API key that calls, or None. person: who calls, if no key does.
    query: the checked parameters of the address.
    """

    # Who may: a permission, or MEMBERS for whoever has a place at the operator.
    access_for: ClassVar[Permission | str]
    # How the description calls it and what it says of it, and the shapes of its parameters and of its answer.
    operation: ClassVar[str]
    description: ClassVar[Promise | str]
    answer_class: ClassVar[type[Serializer[Any]]]
    query_class: ClassVar[type[Serializer[Any]]] = NoParameters
    authentication_classes: ClassVar[list[type[BaseAuthentication]]] = [Key, BrowserSession]  # type: ignore[misc]
    schema = ResourceSchema()

    access: Access
    key: ApiKey | None
    person: User | None
    query: dict[str, Any]

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Return the view, declared for the doors test and kept from redirecting to the sign-in page."""
        view: Any = login_not_required(super().as_view(**initkwargs))
        view.access = cls.access_for
        return view

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer in the language asked for, in the operator's scope, which `initial` opens once the caller is known."""
        language = translation.get_language_from_request(request)
        with ExitStack() as self._scope, translation.override(language):
            response = super().dispatch(request, *args, **kwargs)
            response.headers["Content-Language"] = language
            if isinstance(response, Response):
                response.render()  # what is lazy must be read while the rows are there
            return response

    def initial(self, request: Request, *args: Any, operator_slug: str, **kwargs: Any) -> None:
        """Let the caller in, or raise what they are to hear."""
        super().initial(request, *args, **kwargs)
        self.key = request.auth if isinstance(request.auth, ApiKey) else None
        self.person = request.user if isinstance(request.user, User) else None
        self.access = self._access(request, operator_slug)
        throttle.admit(throttle.API_CALLS, f"key {self.key.pk}" if self.key else f"person {request.user.pk}")
        permission = None if self.access_for == MEMBERS else Permission(self.access_for)
        check_admission(self.access, permission, request.method or "")
        if permission is not None:
            training.check(self.access, self.person, permission)
        platform_visits.page_opened(
            self.access, page=f"api:{self.operation}", changes=request.method not in SAFE_METHODS
        )
        self._scope.enter_context(inside(self.access, self.person, permission))
        self.query = queries.checked(self.query_class, request.query_params)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer the error, and keep nothing of what was written before it."""
        if has_scope():
            transaction.set_rollback(True)
        return super().handle_exception(exc)

    def _access(self, request: Request, slug: str) -> Access:
        if self.key is not None:
            return self._access_of(self.key)
        if self.person is None:
            raise NotAuthenticated(_("Send an API key: Authorization: Bearer wl_live_…"))
        access = find_access(self.person, slug=slug)
        if access is None:
            refused_access.stranger(self.person, slug=slug)
            raise NotFound
        if lacks_second_factor(self.person, access):
            raise PermissionDenied(_("Pass your second factor first."))
        return viewing.through(request, access)

    def _access_of(self, key: ApiKey) -> Access:
        """What a key opens: its scopes, everywhere at its operator. The log names it, and who made it."""
        acting_key = acting_more(user_id=None, api_key_id=key.pk, on_behalf_of=key.created_by_id)
        self._scope.enter_context(acting_key)
        return Access(key.operator, frozenset({KEY}), frozenset(key.scopes) & roles.API_SCOPES)
