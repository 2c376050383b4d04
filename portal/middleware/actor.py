"""Names the signed-in person, their address and browser for everything the request leaves a trace of."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from portal.gate.requests import client_address, current_request_id
from tenants.actor import acting


class ActorMiddleware:
    """Open `acting` around the page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with acting(
            user=request.user,
            address=client_address(request),
            user_agent=request.headers.get("User-Agent", ""),
            request_id=current_request_id(),
        ):
            return self.get_response(request)
