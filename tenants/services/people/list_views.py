"""Keeps how a person wants a list, and views of it under a name.

A name lies sealed, so that no constraint holds it once: whoever keeps a view waits for the person's other browser.
"""

from collections.abc import Sequence

from django.db import connection, transaction

from tenants.models import ListChoice, SavedView, User
from tenants.scoping import current_operator_id

_ONE_BY_ONE = "SELECT pg_advisory_xact_lock(hashtext('tenants.saved_view'), hashtext(%s))"


@transaction.atomic
def choose(user: User, list_name: str, *, columns: Sequence[str], is_dense: bool) -> None:
    """Show the list to the person with these columns from now on."""
    facts = {"columns": list(columns), "is_dense": is_dense}
    ListChoice.objects.update_or_create(user=user, list_name=list_name, defaults=facts)


@transaction.atomic
def save(user: User, list_name: str, *, name: str, query: str, is_shared: bool) -> SavedView:
    """Keep a view under a name; one of the person's with the same name becomes this one."""
    with connection.cursor() as cursor:
        cursor.execute(_ONE_BY_ONE, [f"{current_operator_id()}:{user.pk}"])
    view = _called(user, list_name, name) or SavedView(user=user, list_name=list_name, name=name)
    view.query, view.is_shared = query, is_shared
    view.save()
    return view


@transaction.atomic
def remove(user: User, list_name: str, *, name: str, with_shared: bool) -> bool:
    """Remove a view of the person's own, or else one that is the operator's; return whether there was one.

    with_shared: whether the person sees what others share.
    """
    found = _called(user, list_name, name) or (_called(None, list_name, name) if with_shared else None)
    return found is not None and bool(found.delete()[0])


def hand_over(user: User) -> None:
    """Let what somebody who leaves shared be the operator's, as others work with it; the rest goes."""
    ListChoice.objects.filter(user=user).delete()
    views = SavedView.objects.filter(user=user)
    views.filter(is_shared=False).delete()
    views.update(user=None)


def _called(user: User | None, list_name: str, name: str) -> SavedView | None:
    """The view of this name that is the person's, or nobody's."""
    rows = SavedView.objects.filter(user=user, list_name=list_name).order_by("pk")
    return next((view for view in rows if view.name == name), None)
