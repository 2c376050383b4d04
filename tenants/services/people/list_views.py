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
def remove(user: User, list_name: str, *, name: str, with_shared: bool) -> bool:
    """Remove a view of the person's own, or else one that is the operator's; return whether there was one.

    with_shared: whether the person sees what others share.
    """
    views = SavedView.objects.filter(list_name=list_name, name=name)
    return any(views.filter(user=whose).delete()[0] for whose in ((user, None) if with_shared else (user,)))


def hand_over(user: User) -> None:
    """Let what somebody who leaves shared be the operator's, as others work with it; the rest goes."""
    ListChoice.objects.filter(user=user).delete()
    views = SavedView.objects.filter(user=user)
    views.filter(is_shared=False).delete()
    views.update(user=None)
