"""The cast: how the people of all tests are made. Who they are, the fixtures of conftest.py name."""

from django.db.models import QuerySet

from tenants.models import Invitation, Membership, Operator, User
from tenants.scoping import tenant_scope
from tenants.services.people import drivers, memberships
from tenants.services.proof import two_factor

PASSWORD = "correct horse battery"


def somebody(operator: Operator, name: str, role: str = Membership.Role.OWNER) -> User:
    """Somebody who works at the operator and has a second factor."""
    user = User.objects.create_user(f"{name}@example.com", PASSWORD, name=name.capitalize())
    memberships.add(user, operator=operator, role=role)
    two_factor.new_device(user, name="phone")
    return user


def a_driver(operator: Operator, name: str = "dana") -> User:
    """A driver of the operator who can sign in, without a second factor."""
    user = User.objects.create_user(f"{name}@example.com", PASSWORD, name=name.capitalize())
    with tenant_scope(operator.pk):
        driver = drivers.create(customer_number="1001", name=f"{name.capitalize()} Driver", email=user.email)
        drivers.link_user(driver, user=user)
    return user


def invited(email: str, operator: Operator) -> QuerySet[Invitation]:
    """The operator's invitations to this address."""
    return Invitation.objects.filter(operator=operator, email_mark__in=Invitation.marks(email, operator.pk))
