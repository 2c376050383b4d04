"""People at an operator: added by e-mail, known before or new."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tenants.errors import Refused
from tenants.models import Membership, Operator, User
from tenants.selectors import people
from tenants.services import memberships


@dataclass(frozen=True, slots=True)
class Added:
    """A person with a new place, and whether they still need a link to choose a password."""

    user: User
    membership: Membership
    needs_password: bool


@transaction.atomic
def add(operator: Operator, *, email: str, role: str, name: str = "") -> Added:
    """Give the person with this address a role; a person who is not known yet is created.

    Raises:
        Refused: they have the role already.
    """
    user = User.objects.filter(email=email.lower()).first()
    if user is None:
        user = User.objects.create_user(email, None, name=name, language=operator.language)
    elif Membership.objects.filter(user=user, operator=operator, role=role).exists():
        raise Refused(_("This person has that role already."))
    membership = memberships.add(user, operator=operator, role=role)
    return Added(user, membership, needs_password=may_get_link(user, operator=operator))


def may_get_link(user: User, *, operator: Operator) -> bool:
    """Tell whether this operator's owners may hold the person's link for a first password.

    Only for a person without a password whose every place is here: otherwise the link would open
    another operator's pages to whoever made it.
    """
    return not user.has_usable_password() and people.operator_ids(user) == [operator.pk]
