"""The building blocks of a page that hold other content, and the small tags templates need.

A component without content of its own is a template in `templates/components/`, used by
`{% include … with … only %}`. A component around content is a block tag here, which renders its
frame from the same folder:

    {% page_header title=site.name %}<a class="button" href="…">Edit</a>{% endpage_header %}
    {% panel title="Stations" %}…{% endpanel %}

Frames escape their arguments; the content between the tags is already rendered and safe.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django import template
from django.contrib.staticfiles import finders
from django.forms import BoundField
from django.http import QueryDict
from django.template import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from portal import bundles

register = template.Library()

Crumbs = Iterable[tuple[str, str]]


def _frame(template_name: str, content: str, arguments: dict[str, Any]) -> SafeString:
    """Put content, which is a rendered part of the page and escaped already, into a component."""
    inner = mark_safe(content.strip())  # noqa: S308  # nosec
    return mark_safe(render_to_string(template_name, {**arguments, "content": inner}))  # noqa: S308  # nosec


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """A picture from the sprite `static/img/icons.svg`, hidden from screen readers. `size`: s or l."""
    css = f"icon icon--{size}" if size else "icon"
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', css, _sprite(), name)


def _sprite() -> str:
    return static("img/icons.svg")


@register.simple_block_tag
def page_header(
    content: str, title: str, lead: str = "", badge: str = "", tone: str = "", crumbs: Crumbs = ()
) -> SafeString:
    """The heading of a page; the content is its actions, the primary one last.

    `crumbs` are (label, url) pairs, the nearest page last.
    """
    arguments = {"title": title, "lead": lead, "badge": badge, "tone": tone, "crumbs": crumbs}
    return _frame("components/page_header.html", content, arguments)


@register.simple_tag
def crumb(label: str, url: str) -> list[tuple[str, str]]:
    """One step of the way to this page, for `crumbs`: `{% crumb "Sites" url as crumbs %}`."""
    return [(label, url)]


@register.simple_block_tag
def panel(content: str, title: str = "", note: str = "", link: str = "", link_label: str = "") -> SafeString:
    """A sheet with an optional heading, a note under it and one link at its end."""
    return _frame(
        "components/panel.html",
        content,
        {"title": title, "note": note, "link": link, "link_label": link_label},
    )


@register.simple_block_tag
def table_frame(content: str, label: str) -> SafeString:
    """A box in which a wide table scrolls, reachable by keyboard. `label` names it for screen readers."""
    return _frame("components/table_frame.html", content, {"label": label})


@register.simple_block_tag
def empty_state(content: str, title: str, text: str = "", icon: str = "search") -> SafeString:
    """Nothing here yet: says why and offers the next step (the content)."""
    return _frame("components/empty_state.html", content, {"title": title, "text": text, "icon": icon})


@register.simple_block_tag
def alert(content: str, tone: str = "info", title: str = "") -> SafeString:
    """A message in the page. `tone`: info, good, warn or bad."""
    return _frame("components/alert.html", content, {"tone": tone, "title": title})


@register.simple_block_tag
def dialog(content: str, id: str, title: str) -> SafeString:
    """A dialog, opened by `<button type="button" popovertarget="ID" data-opens>`.

    A button inside with `popovertarget="ID" popovertargetaction="hide" data-closes` closes it.
    """
    return _frame("components/dialog.html", content, {"id": id, "title": title})


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: object) -> str:
    """The page's own query string with some values replaced; an empty value removes the key.

    `?{% query order="-started" cursor="" %}` keeps every filter and drops the cursor.
    """
    request = context.get("request")
    values: QueryDict = request.GET.copy() if request else QueryDict(mutable=True)
    for key, value in changes.items():
        if value in (None, ""):
            values.pop(key, None)
        else:
            values[key] = str(value)
    return urlencode(sorted(values.lists()), doseq=True)


@register.filter
def control(field: BoundField) -> SafeString:
    """The widget of a form field, tied to its help and its error for screen readers."""
    attributes: dict[str, str | bool] = {}
    described = [f"{field.auto_id}_{part}" for part, there in _notes(field) if there]
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if field.errors:
        attributes["aria-invalid"] = "true"
    return field.as_widget(attrs=attributes)


def _notes(field: BoundField) -> tuple[tuple[str, bool], tuple[str, bool]]:
    return ("help", bool(field.help_text)), ("error", bool(field.errors))


@register.filter
def input_type(field: BoundField) -> str:
    """What kind of control a field has: checkbox, radio, select, file or text."""
    return getattr(field.field.widget, "input_type", "textarea")


@register.simple_tag
def bundle_addresses(bundle: str) -> list[str]:
    """Where a page finds the style sheet or script of that name (`portal.bundles`)."""
    return bundles.addresses(bundle)


@register.simple_tag
def vendor_file(path: str) -> str:
    """The address of a file that npm brings, or nothing when npm was not there."""
    return static(path) if _is_there(path) else ""


@cache
def _is_there(path: str) -> bool:
    return finders.find(path) is not None


@register.filter
def tone_icon(tone: str) -> str:
    """The picture that goes with a message of this tone, which may be Django's own level tag."""
    return {
        "good": "check",
        "success": "check",
        "warn": "warning",
        "warning": "warning",
        "bad": "fault",
        "error": "fault",
    }.get(tone, "info")


@register.filter
def message_tone(tags: str) -> str:
    """Django's message level as one of our tones."""
    levels = {"success": "good", "warning": "warn", "error": "bad"}
    return next((levels[tag] for tag in tags.split() if tag in levels), "info")


@register.filter
def initial(name: str) -> str:
    """The first letter of a name, for a monogram."""
    return name.strip()[:1].upper() or "?"
