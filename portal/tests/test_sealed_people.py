"""Who signs in: address and name lie sealed, found whole by a mark, put in order and searched as people do."""

import os
from importlib import import_module

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import override_settings

from portal.tests import dump
from tenants.crypto import Unreadable
from tenants.models import Membership, User
from tenants.rls import APP
from tenants.selectors import people
from tenants.services.people import memberships


@pytest.fixture
def ines(db):
    return User.objects.create_user("Ines.Kanari@example.com", "secret", name="Ines Kanarifågel")


def afresh(user):
    return User.objects.get(pk=user.pk)


def test_no_table_says_who_signs_in(ines):
    for text in ("ines.kanari", "Kanarif"):
        assert dump.found_in_tables(text) == {}
    assert (afresh(ines).email, afresh(ines).name, str(afresh(ines))) == (
        "ines.kanari@example.com", "Ines Kanarifågel", "Ines Kanarifågel",
    )  # fmt: skip


@pytest.mark.parametrize("written", ["ines.kanari@example.com", "INES.kanari@Example.com"])
def test_an_address_is_found_whole_and_in_any_case(ines, written):
    assert User.objects.get(email=written) == ines
    assert User.objects.get(email__iexact=written) == ines
    assert User.objects.get_by_natural_key(written) == ines
    assert not User.objects.exclude(email=written).exists()
    assert authenticate(username=written, password="secret") == ines


def test_it_is_found_through_who_belongs_to_it_and_not_in_part(ines, north):
    memberships.add(ines, operator=north, role="support")
    assert Membership.objects.get(user__email="Ines.Kanari@example.com").user == ines
    assert not User.objects.filter(email="ines.kanari@example").exists()
    for lookup in ("email__startswith", "email__icontains", "name", "name__icontains"):
        with pytest.raises((ValueError, FieldError), match=r"sealed|Unsupported lookup"):
            User.objects.filter(**{lookup: "ines"}).exists()


def test_there_is_one_person_an_address(ines):
    with pytest.raises(IntegrityError, match="user_email_once"), transaction.atomic():
        User.objects.create_user("ines.KANARI@example.com")


def test_another_address_has_another_mark_also_where_only_it_is_saved(ines):
    ines.email = "other@example.com"
    ines.save(update_fields=["email"])
    assert User.objects.get(email="other@example.com") == ines
    assert not User.objects.filter(email="ines.kanari@example.com").exists()
    row = afresh(ines)
    row.language = "sv"
    row.save()
    assert User.objects.get(email="other@example.com").language == "sv"


def test_a_text_opens_as_nobody_else_s(ines):
    other = User.objects.create_user("per@example.com", name="Per")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM tenants_user WHERE id = %s", [ines.pk])
        cursor.execute("UPDATE tenants_user SET name = %s WHERE id = %s", [*cursor.fetchone(), other.pk])
    with pytest.raises(Unreadable):
        _ = afresh(other).name


def test_staff_are_searched_by_a_part_of_name_or_address_and_put_in_order(north):
    for name in ("Åsa Öberg", "Bo", "Asta", "Zoe", ""):
        memberships.add(
            User.objects.create_user(f"{name[:2] or 'no'}@example.com", name=name), operator=north, role="support"
        )
    staff = people.staff(north)

    def found(search):
        return sorted(str(place.user) for place in people.staff(north, search=search))

    assert (found("asa"), found("ÖBERG"), found("as"), found("no@ex"), found("xyz")) == (
        ["Åsa Öberg"], ["Åsa Öberg"], ["Asta", "Åsa Öberg"], ["no@example.com"], [],
    )  # fmt: skip
    assert [str(place.user) for place in sorted(staff, key=lambda place: people.in_order(place.user))] == [
        "no@example.com", "Asta", "Bo", "Zoe", "Åsa Öberg",
    ]  # fmt: skip


def test_with_a_new_key_people_sign_in_before_and_after_they_are_sealed_anew(ines, settings, tmp_path, capsys):
    settings.MEDIA_ROOT = str(tmp_path)
    settings.ENCRYPTION_KEYS = [os.urandom(32), *settings.ENCRYPTION_KEYS]
    for again, current in ((1, 0), (0, 1)):
        assert authenticate(username="ines.kanari@example.com", password="secret") == ines
        call_command("rotate_encryption")
        assert f"Addresses of sign-in: {again} encrypted again, {current} were current" in capsys.readouterr().out
    with override_settings(ENCRYPTION_KEYS=settings.ENCRYPTION_KEYS[:1]):
        assert User.objects.get(email="ines.kanari@example.com").name == "Ines Kanarifågel"


def test_who_lay_in_clear_is_sealed_in_batches(ines):
    User.objects.create_user("per@example.com")
    sealing = import_module("tenants.migrations.0061_people_who_sign_in_are_sealed")
    before = {user.pk: (user.email, user.name, user.email_mark) for user in User.objects.all()}
    with connection.cursor() as cursor, pytest.MonkeyPatch.context() as patch:
        cursor.execute("RESET ROLE; SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE tenants_user RENAME email TO sealed_email;"
            "ALTER TABLE tenants_user RENAME name TO sealed_name;"
            "ALTER TABLE tenants_user ADD email text NOT NULL DEFAULT '', ADD name text NOT NULL DEFAULT ''"
        )
        for pk, (email, name, _) in before.items():
            cursor.execute(
                "UPDATE tenants_user SET email = %s, name = %s, sealed_email = '', sealed_name = '', email_mark = id"
                " WHERE id = %s",
                [email, name, pk],
            )
        patch.setattr(sealing, "BATCH", 1)
        sealing.seal()
        cursor.execute(
            "ALTER TABLE tenants_user DROP email, DROP name;"
            "ALTER TABLE tenants_user RENAME sealed_email TO email; ALTER TABLE tenants_user RENAME sealed_name TO name"
        )
        cursor.execute(f"SET ROLE {APP}")
    assert {user.pk: (user.email, user.name, user.email_mark) for user in User.objects.all()} == before
