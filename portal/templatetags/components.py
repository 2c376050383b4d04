"""The building blocks of a page, and the small tags templates need.

A component is a tag. One without content of its own takes what it shows:

    {% stat _("Energy") session.energy_wh|kwh %}
    {% badge invoice.get_state_display tone="good" %}

One around content is a block tag:

    {% page_header site.name %}<a class="button" href="…">Edit</a>{% endpage_header %}
    {% panel _("Stations") %}…{% endpanel %}

Each renders the template of its name in `templates/components/`, and sees its arguments alone and the CSRF
token. Arguments are escaped; the content between block tags is already rendered and safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django import template
from django.contrib.staticfiles import finders
from django.core.paginator import Page
from django.forms import BaseForm, BoundField
from django.http import QueryDict
from django.template import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from portal import bundles
from portal.templatetags.drawings import Figure
from tenants.models import FactorReset

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


# --- components around content ---


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
def panel(
    content: str, title: str = "", note: str = "", link: str = "", link_label: str = "", lang: str = ""
) -> SafeString:
    """A sheet with an optional heading (in the language `lang`, if not the page's), a note and one link at its end."""
    return _frame(
        "components/panel.html",
        content,
        {"title": title, "note": note, "link": link, "link_label": link_label, "lang": lang},
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


@register.simple_block_tag(takes_context=True)
def confirm(  # noqa: PLR0913
    context: Context,
    content: str,
    id: str,
    action: str,
    label: str,
    title: str,
    confirm: str = "",
    *,
    danger: bool = False,
    small: bool = False,
) -> SafeString:
    """A dangerous or final act behind a question, which the content is: a button opens it, a form posts to `action`.

    `confirm` is the word on the final button. Without script the question is a popover instead of a modal dialog.
    """
    arguments = {
        "id": id,
        "action": action,
        "label": label,
        "title": title,
        "confirm": confirm,
        "danger": danger,
        "small": small,
        "csrf_token": context.get("csrf_token", ""),
    }
    return _frame("components/confirm.html", content, arguments)


# --- components without content of their own ---


@register.simple_tag
def badge(label: object, tone: str = "", *, live: bool = False) -> SafeString:
    """A state in a word. `tone`: good, warn, bad, info or nothing; `live`: it pulses."""
    return _word("badge", label, tone, live=live)


@register.simple_tag
def dot(label: object, tone: str = "", *, live: bool = False) -> SafeString:
    """A quieter badge for dense lists."""
    return _word("dot", label, tone, live=live)


def _word(css: str, label: object, tone: str, *, live: bool) -> SafeString:
    """Write a word with its colour; without a template, since a list has hundreds of them."""
    modifiers = f" {css}--{tone}" if tone else ""
    modifiers += f" {css}--live" if live else ""
    return format_html('<span class="{}{}">{}</span>', css, modifiers, label)


@register.inclusion_tag("components/stat.html")
def stat(
    label: str,
    value: object,
    note: object = "",
    delta: str = "",
    delta_tone: str = "",
    spark: Sequence[Figure] = (),
    url: str = "",
    id: str = "",
) -> dict[str, Any]:
    """A key figure; several stand in `<div class="stats">`.

    `value` and `delta` are written already (`|money`, `|kwh`); `delta_tone` is good or bad, `spark` the figures
    of a small line.
    """
    return {
        "label": label,
        "value": value,
        "note": note,
        "delta": delta,
        "delta_tone": delta_tone,
        "spark": spark,
        "url": url,
        "id": id,
    }


@register.inclusion_tag("components/facts.html")
def facts(facts: Iterable[tuple[object, object]], *, narrow: bool = False) -> dict[str, Any]:
    """Names and values; `narrow` puts the values at the end, for an aside."""
    return {"facts": facts, "narrow": narrow}


@register.inclusion_tag("components/tabs.html")
def tabs(tabs: Iterable[object], label: str = "") -> dict[str, Any]:
    """Sub-pages of a page: objects or dicts with label, url, current and, where there is one, count."""
    return {"tabs": tabs, "label": label}


@register.inclusion_tag("components/filters.html")
def filters(form: BaseForm, target: str = "", search: str = "", clear_url: str = "") -> dict[str, Any]:
    """The filter bar of a list: a GET form that sends itself and swaps only the list, keeping the address.

    `target` is the id of the list's element (without it the page reloads), `search` the name of the search field.
    """
    return {"form": form, "target": target, "search": search, "clear_url": clear_url}


@register.inclusion_tag("components/period_chips.html")
def period_chips(filters: object) -> dict[str, Any]:
    """The ready-made periods of a list (`portal.web.periods.PeriodForm`), as links."""
    return {"filters": filters}


@register.inclusion_tag("components/filters_fold.html")
def filters_fold() -> dict[str, Any]:
    """What unfolds the filters of a list on a phone; it stands after the search field."""
    return {}


@register.inclusion_tag("components/list_head.html")
def list_head(shown: object, target: str = "list", actions: str = "") -> dict[str, Any]:
    """The headings of a list (`portal.web.tables.Shown`), each with its sorting link.

    `actions`: what a last column of buttons is called, for screen readers.
    """
    return {"shown": shown, "target": target, "actions": actions}


@register.inclusion_tag("components/list_tools.html", takes_context=True)
def list_tools(context: Context, shown: object, export_url: str = "") -> dict[str, Any]:
    """What one does with a list: its saved views, its columns, and the file of exactly this list."""
    request = context["request"]
    return {
        "shown": shown,
        "slug": context["operator"].slug,
        "here": request.path,
        "export_url": export_url,
        "may_keep": not context.get("is_read_only"),
        "keepers": (getattr(getattr(request, "user", None), "pk", None), None),
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("components/pager.html")
def pager(page: object, target: str = "", note: str = "", label: str = "") -> dict[str, Any]:
    """Paging by key. `page` has `newer` and `older`: query strings, empty where there is none.

    `note` says what is shown, `target` is the id of the list's element, `label` tells two pagers of a page apart.
    """
    return {"page": page, "target": target, "note": note, "label": label}


@register.inclusion_tag("components/pages.html")
def pages(page: Page[Any], query: str = "", label: str = "") -> dict[str, Any]:
    """Paging by number, for short lists. `query`: the other parameters, encoded."""
    return {"page": page, "query": query, "label": label}


@register.inclusion_tag("components/field.html")
def field(
    field: BoundField, unit: str = "", css: str = "", *, bare: bool = False, optional: bool = False
) -> dict[str, Any]:
    """One field of a form: label, control, help and error, tied together for screen readers.

    `unit` is a word after the control; `bare` keeps the label for screen readers alone.
    """
    return {"field": field, "unit": unit, "css": css, "bare": bare, "optional": optional}


@register.inclusion_tag("components/form.html")
def form_fields(form: BaseForm) -> dict[str, Any]:
    """All fields of a form, after what is wrong with it as a whole. The page writes `<form>` and its buttons."""
    return {"form": form}


@register.inclusion_tag("components/saved_form.html")
def saved_form(form: BaseForm, save: str, back: str) -> dict[str, Any]:
    """A form that is filled in and saved. `save`: its button in words; `back`: the address of the way back."""
    return {"form": form, "save": save, "back": back}


@register.inclusion_tag("components/file_drop.html")
def file_drop(field: BoundField, title: str = "", note: str = "", accept: str = "") -> dict[str, Any]:
    """A file to choose or drop. `note`: formats and size. The page writes `<form enctype=…>` and its button."""
    return {"field": field, "title": title, "note": note, "accept": accept}


@register.inclusion_tag("components/steps.html")
def steps(steps: Iterable[str], at: int) -> dict[str, Any]:
    """Where one stands in a task of several pages; `at` is 1 for the first."""
    return {"steps": steps, "at": at}


@register.inclusion_tag("components/progress.html")
def progress(
    id: str,
    label: str,
    done: int | None = 0,
    total: int | None = 0,
    note: str = "",
    poll_url: str = "",
    *,
    failed: object = False,
) -> dict[str, Any]:
    """How far background work has come.

    While there is a `poll_url` it asks that page every two seconds for itself; the page answers with this
    component, without `poll_url` once the work has ended.
    """
    return {
        "id": id,
        "label": label,
        "done": done,
        "total": total,
        "note": note,
        "poll_url": poll_url,
        "failed": failed,
    }


@register.inclusion_tag("components/chart.html")
def chart(chart: object) -> dict[str, Any]:
    """A `portal.web.charts.Chart` with its figures as a table, drawn by charts.js where uPlot is there."""
    return {"chart": chart}


@register.inclusion_tag("components/week_clock.html")
def week_clock(hours: Sequence[Sequence[int]], legend: Iterable[tuple[int, str]], label: str) -> dict[str, Any]:
    """A week of hours in bands: prices of a tariff, or how busy a site is. `label` says it in words.

    `hours[day][hour]` is a band from 0 to 5, Monday first; `legend` has (band, words).
    """
    return {"hours": hours, "legend": legend, "label": label}


@register.inclusion_tag("components/course.html")
def course(course: object) -> dict[str, Any]:
    """A session on one line with its power and its prices: a `portal.web.session_course.SessionCourse`."""
    return {"course": course}


@register.inclusion_tag("components/share.html")
def share(parts: Sequence[Sequence[Any]], label: str = "") -> dict[str, Any]:
    """How a whole divides into at most five parts: (label, figure, written figure)."""
    return {"parts": parts, "label": label}


@register.inclusion_tag("components/price_slices.html")
def price_slices(
    slices: Iterable[object], totals: Iterable[tuple[str, str]], tariff: str = "", tariff_url: str = ""
) -> dict[str, Any]:
    """Why a session costs what it costs: one line for each slice of time, dimension and price.

    A slice has at, what, quantity, unit_price and amount, all written; the last of `totals` is what is to pay.
    """
    return {"slices": slices, "totals": totals, "tariff": tariff, "tariff_url": tariff_url}


@register.inclusion_tag("components/timeline.html")
def timeline(events: Iterable[object]) -> dict[str, Any]:
    """What happened, newest first: title, at (written), by and, where there are any, url and changes."""
    return {"events": events}


@register.inclusion_tag("components/diff.html")
def diff(changes: Iterable[tuple[str, str, str]]) -> dict[str, Any]:
    """What an act changed: (field, before, after)."""
    return {"changes": changes}


@register.inclusion_tag("components/copy.html")
def copy(text: str, shown: str = "", *, mono: bool = False) -> dict[str, Any]:
    """A text with a button that copies it; `shown` stands there in its place."""
    return {"text": text, "shown": shown, "mono": mono}


@register.inclusion_tag("components/skeleton.html")
def skeleton(label: str = "") -> dict[str, Any]:
    """Room for what is still loading."""
    return {"label": label}


@register.inclusion_tag("components/sight.html")
def sight(sites_seen: int | None) -> dict[str, Any]:
    """How much of the operator somebody limited to some sites sees, so that no sum is taken for the whole."""
    return {"sites_seen": sites_seen}


@register.inclusion_tag("components/reset_banner.html")
def reset_banner(reset: FactorReset | None, path: str) -> dict[str, Any]:
    """That the person's second factor is about to be reset, on each of their pages."""
    return {"reset": reset, "path": path}


# --- small tags ---


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
