"""Control characters and their like are refused in words, by every text field of every form."""

import importlib
import pkgutil

import pytest
from django import forms
from django.core.exceptions import ValidationError

from portal import web
from tenants.models import Driver, DriverIdentity
from tenants.scoping import tenant_scope

UNFIT = ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\n", "\t", "\ud800", "\ufffe", "\U0010ffff"]


def our_forms():
    """Every form that a page of ours declares."""
    for module in pkgutil.walk_packages(web.__path__, "portal.web."):
        importlib.import_module(module.name)
    waiting, found = list(forms.BaseForm.__subclasses__()), set()
    while waiting:
        form = waiting.pop()
        waiting += form.__subclasses__()
        if form.__module__.startswith("portal.web."):
            found.add(form)
    return sorted(found, key=str)


def text_fields():
    """(form, name) of every text field of them."""
    return [
        (form, name)
        for form in our_forms()
        for name, field in form.base_fields.items()
        if isinstance(field, forms.CharField)
    ]


def test_every_text_field_refuses_them():
    fields = text_fields()
    assert len(fields) > 40
    for form, name in fields:
        field = form.base_fields[name]
        takes_lines = isinstance(field.widget, forms.Textarea)
        for sign in UNFIT:
            if takes_lines and sign in "\n\t":
                field.validate(f"a{sign}b")
            else:
                with pytest.raises(ValidationError, match=f"may hold .U.{ord(sign):04X}."):
                    field.validate(f"a{sign}b")


@pytest.mark.parametrize("sign", ["\x07", "\ufffe", "\n"])
def test_a_name_with_one_is_refused_in_words_and_nothing_is_lost(north, olga, sign_in, sign):
    page = sign_in(olga).post("/o/north/drivers/new/", {"name": f"Da{sign}na", "country": "SE", "city": "Lund"})
    assert f"a sign that no text may hold (U+{ord(sign):04X})" in page.content.decode()
    assert "Lund" in page.content.decode()
    with tenant_scope(north.pk):
        assert not Driver.objects.exists()


@pytest.mark.parametrize("name", ["Åsa Öberg", "张伟 🎉", "محمد", "a\u200db", "O’Neill"])
def test_every_other_name_is_welcome(north, olga, sign_in, name):
    sign_in(olga).post("/o/north/drivers/new/", {"name": name, "country": "SE", "is_active": "on"})
    with tenant_scope(north.pk):
        assert DriverIdentity.objects.get().name == name
