"""The default of every API view: nobody may call it.

A module of its own, because REST framework reads it while its own view class is being made.
"""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class NobodyByDefault(BasePermission):
    """Refuses whatever does not declare for whom it is: see `portal.api.access.OperatorResource`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return getattr(view, "access_for", None) is not None
