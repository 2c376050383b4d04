"""How a person wants a list, and the views of it that they may open."""

from collections.abc import Sequence

from django.db.models import Q

from tenants.models import ListChoice, SavedView, User


def choice(user: User, list_name: str) -> ListChoice | None:
    """What the person chose for the list."""
    return ListChoice.objects.filter(user=user, list_name=list_name).first()


def saved(user: User, list_name: str) -> Sequence[SavedView]:
    """The person's own views and those that others share, by name."""
    mine_or_shared = Q(user=user) | Q(is_shared=True)
    return list(SavedView.objects.filter(mine_or_shared, list_name=list_name).order_by("name", "pk")[:50])
