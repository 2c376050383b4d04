"""Keeps how a person wants a list, and views of it under a name."""

from collections.abc import Sequence

from django.db import transaction

from tenants.models import ListChoice, SavedView, User


@transaction.atomic
def choose(user: User, list_name: str, *, columns: Sequence[str], is_dense: bool) -> None:
    """Show the list to the person with these columns from now on."""
    facts = {"columns": list(columns), "is_dense": is_dense}
    ListChoice.objects.update_or_create(user=user, list_name=list_name, defaults=facts)


@transaction.atomic
def save(user: User, list_name: str, *, name: str, query: str, is_shared: bool) -> SavedView:
    """Keep a view under a name; one of the person's with the same name becomes this one."""
    facts = {"query": query, "is_shared": is_shared}
    view, _ = SavedView.objects.update_or_create(user=user, list_name=list_name, name=name, defaults=facts)
    return view


@transaction.atomic
def remove(user: User, list_name: str, *, name: str) -> bool:
    """Remove a view of the person's own; return whether there was one."""
    removed, _ = SavedView.objects.filter(user=user, list_name=list_name, name=name).delete()
    return bool(removed)
