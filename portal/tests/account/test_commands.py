import pytest
from django.core.management import CommandError, call_command, load_command_class
from django.test import Client

from portal.tests import app_role
from portal.tests.cast import PASSWORD
from portal.tests.links import through
from tenants.errors import Refused
from tenants.models import Membership, Operator, User
from tenants.scoping import tenant_scope
from tenants.selectors import consents
from tenants.services.people import memberships, operators
from tenants.services.proof import two_factor


@pytest.fixture
def demo(north, settings):
    """A demonstration with one person who has a device."""
    settings.DEMONSTRATION = True
    user = User.objects.create_user("olga@demo.example", PASSWORD, name="Olga")
    memberships.add(user, operator=north, role="owner")
    offered = two_factor.offered_device(user)
    offered.confirmed = True
    offered.save()
    return user


def test_the_demonstration_s_codes_pass_the_challenge_even_twice_in_a_row(demo, capsys):
    for _ in range(2):
        client = Client()
        client.post("/account/sign-in/", {"email": demo.email, "password": PASSWORD})
        assert "bin/manage otp_code olga@demo.example" in client.get("/account/challenge/").content.decode()
        call_command("otp_code", demo.email)
        assert client.post("/account/challenge/", {"code": capsys.readouterr().out.strip()}).status_code == 302


def test_codes_are_refused_outside_a_demonstration(demo, settings):
    settings.DEMONSTRATION = False
    with pytest.raises(CommandError, match="not a demonstration"):
        call_command("otp_code", demo.email)


@pytest.mark.parametrize("email", ["olga@example.com", "nobody@demo.example"])
def test_codes_are_refused_for_people_who_are_not_of_the_demonstration(demo, olga, email):
    with pytest.raises(CommandError, match="not one of the demonstration"):
        call_command("otp_code", email)


def test_the_challenge_of_real_people_says_nothing_about_the_command(olga, settings):
    settings.DEMONSTRATION = True
    client = Client()
    client.post("/account/sign-in/", {"email": olga.email, "password": PASSWORD})
    assert "otp_code" not in client.get("/account/challenge/").content.decode()


def test_an_operator_is_created_with_an_owner_who_gets_a_link(client, db, capsys):
    with app_role.as_platform():
        call_command("create_operator", "east", name="East AB", owner="eva@example.com")
    said = capsys.readouterr().out
    operator = Operator.objects.get(slug="east")
    assert not Membership.objects.filter(operator=operator).exists()  # a place is accepted, not given
    with tenant_scope(operator.pk):
        assert [tally.purpose.code for tally in consents.tallies(language="sv")] == [
            "marketing-email",
            "usage-analytics",
        ]
    link = next(word for word in said.split() if word.startswith("/account/invitations/"))
    client.post(through(client, link), {"name": "Eva", "password": PASSWORD, "again": PASSWORD})
    owner = Membership.objects.get(operator=operator)
    assert (owner.role, owner.user.email, owner.user.email_proved_at) == ("owner", "eva@example.com", None)


@pytest.mark.parametrize("currency", ["ISK", "KWD", "kr"])
def test_an_operator_bills_in_no_currency_without_hundredths(currency, north):
    said = f"Nothing is billed in “{currency}”, as invoices have two decimals. Choose one of SEK, EUR"
    with pytest.raises(CommandError, match=said), app_role.as_platform():
        call_command("create_operator", "east", name="East AB", currency=currency)
    assert not Operator.objects.filter(slug="east").exists()
    with pytest.raises(Refused, match="currency_not_billed"):
        operators.change(north, currency=currency)


def test_a_taken_address_is_refused_in_words(north):
    with pytest.raises(CommandError, match="slug"):
        call_command("create_operator", "north", name="Another", owner="eva@example.com")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ("create_operator east --name East --time-zone Mars", "--time-zone: there is no time zone 'Mars'"),
        ("create_operator east --name East --owner eva", "--owner: 'eva' is no e-mail address"),
        ("platform_member add eva", "email: 'eva' is no e-mail address"),
        ("password_link eva@example.com --address example.com", "--address: 'example.com' is no address that begins"),
        (
            "simulate_stations --gateway http://a.example",
            "--gateway: 'http://a.example' is no address that begins with ws",
        ),
        ("simulate_stations --stations 0", "--stations: '0' is no whole number from 1 on"),
        ("simulate_stations --minute 0", "--minute: '0' is no number of seconds above 0"),
        ("simulate_stations --minute soon", "--minute: 'soon' is no number of seconds above 0"),
    ],
)
def test_a_wrong_argument_is_named_with_its_value_before_anything_is_done(argv, said, capsys):
    name, *rest = argv.split()
    with pytest.raises(SystemExit) as ended:
        load_command_class("portal", name).run_from_argv(["manage.py", name, *rest])
    assert ended.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_an_operator_with_a_wrong_number_or_name_is_not_made(north):
    for slug, more, said in (
        ("east", {"vat_number": "hello"}, "hello"),
        ("North!", {}, "slug 'North!': Enter a valid"),
        ("north", {}, "slug 'north': Operator with this"),
    ):
        with pytest.raises(CommandError, match=said), app_role.as_platform():
            call_command("create_operator", slug, name="East AB", **more)
    assert Operator.objects.count() == 1
