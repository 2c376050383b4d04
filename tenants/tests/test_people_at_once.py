"""What people do to places at the same moment, each in a transaction of their own."""

import threading

import pytest
from django.db import connection

from tenants.models import Invitation, Membership, User
from tenants.scoping import tenant_scope
from tenants.services.people import invitations, memberships
from tenants.services.people.invitations import Ended
from tenants.services.people.memberships import LastOwner
from tenants.services.proof import password_links

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "correct horse battery"


def at_once(*acts):
    """Run the acts in threads, each with a connection; return the kind of what each raised, None if nothing."""
    ready = threading.Barrier(len(acts))
    raised: list[type[Exception] | None] = [None] * len(acts)

    def run(number, act):
        try:
            ready.wait(20)
            act()
        except Exception as error:
            raised[number] = type(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_a_link_opened_in_many_browsers_at_once_gives_one_account(north):
    made = invitations.invite(north, email="ines@example.com", role="support")
    found = invitations.opened(made.invitation.public_id, secret=made.secret)
    raised = at_once(*[
        lambda: invitations.accept_as_new(found, name="Ines", password=PASSWORD) for _ in range(8)
    ])  # fmt: skip
    assert sorted(map(str, raised)) == sorted(map(str, [None, *[Ended] * 7]))
    assert Membership.objects.filter(operator=north).count() == User.objects.count() == 1


def test_a_link_accepted_many_times_at_once_is_accepted_once(north, sven):
    made = invitations.invite(north, email=sven.email, role="auditor")
    found = invitations.opened(made.invitation.public_id, secret=made.secret)
    raised = at_once(*[lambda: invitations.accept(found, user=sven)] * 8)
    assert raised.count(None) == 1
    assert raised.count(Ended) == 7


def test_of_withdrawing_and_accepting_at_once_exactly_one_happens(north, sven):
    for _ in range(5):
        made = invitations.invite(north, email=sven.email, role="auditor")
        found = invitations.opened(made.invitation.public_id, secret=made.secret)
        raised = at_once(
            lambda found=found: invitations.accept(found, user=sven),
            lambda found=found: invitations.withdraw(found),
        )
        assert raised.count(None) == 1, raised
        accepted = Membership.objects.filter(user=sven, operator=north)
        assert accepted.exists() == (raised[0] is None)
        for place in accepted:
            with tenant_scope(north.pk):
                memberships.remove(place)


def test_two_invitations_of_one_address_at_once_leave_one(north):
    raised = at_once(*[lambda: invitations.invite(north, email="ines@example.com", role="support")] * 6)
    assert raised == [None] * 6
    assert Invitation.objects.count() == 1


def test_two_owners_who_remove_each_other_do_not_both_succeed(north, olga, otto):
    with tenant_scope(north.pk):
        memberships.change_role(Membership.objects.get(user=otto), role="owner")
    places = list(Membership.objects.select_related("user", "operator").filter(operator=north))

    def remove(place):
        with tenant_scope(north.pk):
            memberships.remove(place)

    raised = at_once(*[lambda place=place: remove(place) for place in places])
    assert sorted(map(str, raised)) == sorted(map(str, [None, LastOwner]))
    assert Membership.objects.get(operator=north).role == "owner"


def test_two_owners_who_leave_at_once_do_not_both_go(north, olga, otto):
    with tenant_scope(north.pk):
        memberships.change_role(Membership.objects.get(user=otto), role="owner")

    def leave(user):
        with tenant_scope(north.pk):
            memberships.leave(user, operator=north)

    raised = at_once(lambda: leave(olga), lambda: leave(otto))
    assert sorted(map(str, raised)) == sorted(map(str, [None, LastOwner]))
    assert Membership.objects.filter(operator=north, role="owner").count() == 1


def test_a_link_to_a_first_password_used_many_times_at_once_sets_one(north):
    user = User.objects.create_user("ines@example.com", None)
    person, token = password_links.FIRST.parts(user)
    took: list[str] = []

    def use(password):
        if password_links.FIRST.use(person, token=token, password=password):
            took.append(password)

    assert at_once(*[lambda n=n: use(f"{PASSWORD} {n}") for n in range(8)]) == [None] * 8
    user.refresh_from_db()
    assert len(took) == 1
    assert user.check_password(took[0])
