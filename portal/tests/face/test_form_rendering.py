"""A list of choices is written as Django would write it, without a template a choice."""

import re

import pytest
from django import forms
from django.db.models.fields import BLANK_CHOICE_DASH
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe

from portal.form_rendering import QuickSelects

CHOICES = [
    ("", "Any <b>"),
    ("a\"b'", 'Quoted "&"'),
    (7, mark_safe("<i>kept</i>")),
    ("Group & more", [("x", "X"), ("y", "Y")]),
]


def html(renderer, widget, value):
    return re.sub(
        r"\s+", " ", widget.render("na<me", value, {"id": "f", "disabled": True, "x": False}, renderer)
    ).strip()


@pytest.mark.parametrize("value", ["", 7, "x", "a\"b'", ["x", "y"]])
@pytest.mark.parametrize("kind", [forms.Select, forms.SelectMultiple])
def test_a_select_is_that_of_django(kind, value):
    widget = kind(choices=CHOICES)
    ours, theirs = (html(renderer(), widget, value) for renderer in (QuickSelects, DjangoTemplates))
    assert re.sub(r"> <", "><", ours) == re.sub(r"> <", "><", theirs)


def test_other_controls_are_left_to_django():
    assert html(QuickSelects(), forms.TextInput(), "a") == html(DjangoTemplates(), forms.TextInput(), "a")


@pytest.mark.parametrize(("required", "said"), [(True, "Choose…"), (False, "nothing chosen")])
def test_the_choice_of_nothing_is_said_in_words(required, said):
    class Form(forms.Form):
        kind = forms.TypedChoiceField(choices=[*BLANK_CHOICE_DASH, ("a", "A")], required=required)

    html = str(Form(renderer=QuickSelects())["kind"])
    assert f'<option value="" selected>{said}</option>' in html
    assert "---" not in html
