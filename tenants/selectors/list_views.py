"""How a person wants a list, and the views of it that they may open."""

from collections.abc import Sequence

from django.db.models import BooleanField, ExpressionWrapper, Q

from tenants.models import ListChoice, SavedView, User
from tenants.search import terms

#: So many are opened to be put in order, and so many shown.
_OPENED, _SHOWN = 500, 50


def choice(user: User, list_name: str) -> ListChoice | None:
    """What the person chose for the list."""
    return ListChoice.objects.filter(user=user, list_name=list_name).first()


def saved(user: User, list_name: str, *, with_shared: bool) -> Sequence[SavedView]:
    """The person's own views, then those that others share or shared before they left, by name.

    However many are shared, one's own stay.
    """
    seen = Q(user=user) | Q(is_shared=True) if with_shared else Q(user=user)
    own = ExpressionWrapper(Q(user=user), BooleanField())
    rows = SavedView.objects.filter(seen, list_name=list_name).order_by(own.desc(nulls_last=True), "-pk")[:_OPENED]
    return sorted(rows, key=lambda view: (view.user_id is None, view.user_id != user.pk, terms.in_order(view.name)))[
        :_SHOWN
    ]
