"""Writes the lists of choices in forms: Django renders a template for each choice, which took longer than the page.

What Django writes as dashes, the choice of nothing, is said in words here, for every form.
"""

from collections.abc import Iterator
from typing import Any

from django.db.models.fields import BLANK_CHOICE_DASH
from django.forms.renderers import DjangoTemplates
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

#: How Django says that nothing is chosen.
_DASHES = BLANK_CHOICE_DASH[0][1]


class QuickSelects(DjangoTemplates):
    """Django's own, but for the inside of a `select`."""

    def render(self, template_name: str, context: Any, request: Any = None) -> SafeString:
        """Render a form, a field or a control."""
        if template_name != "django/forms/widgets/select.html":
            return mark_safe(super().render(template_name, context, request))  # noqa: S308  # nosec
        return mark_safe("".join(_select(context["widget"])))  # noqa: S308  # nosec  # each part is escaped


def _select(widget: dict[str, Any]) -> Iterator[str]:
    nothing = _("Choose…") if widget["required"] else _("nothing chosen")
    yield f'<select name="{conditional_escape(str(widget["name"]))}"{_attributes(widget["attrs"])}>'
    for group, options, _index in widget["optgroups"]:
        if group:
            yield f'<optgroup label="{conditional_escape(str(group))}">'
        for option in options:
            value, attributes = conditional_escape(str(option["value"])), _attributes(option["attrs"])
            label = nothing if option["label"] == _DASHES else option["label"]
            yield f'<option value="{value}"{attributes}>{conditional_escape(label)}</option>'
        if group:
            yield "</optgroup>"
    yield "</select>"


def _attributes(given: dict[str, Any]) -> str:
    """As Django writes them: True is a name alone, False nothing."""
    return "".join(
        f" {conditional_escape(name)}" + ("" if value is True else f'="{conditional_escape(str(value))}"')
        for name, value in given.items()
        if value is not False
    )
