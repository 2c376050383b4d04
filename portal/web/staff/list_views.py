"""How one wants a list shown: its columns, dense rows, and views kept under a name."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from charging.site_scope import visible_sites
from portal.gate.access import SignedInRequest, operator_view
from portal.gate.next_page import next_page
from portal.web import lists
from portal.words.lists import LISTS
from tenants.models import Operator, SavedView
from tenants.permissions import Permission
from tenants.services.people import list_views

_MOST_COLUMNS = 30


class ViewForm(forms.ModelForm):  # type: ignore[type-arg]
    """A view: its name, what the list's address said, and who sees it."""

    class Meta:
        model = SavedView
        fields = ("name", "query", "is_shared")

    def clean_query(self) -> str:
        """Keep what narrows and sorts, and nothing else."""
        return lists.narrowed(QueryDict(self.cleaned_data["query"])).urlencode()


@operator_view(Permission.VIEW_OVERVIEW)
@require_POST
def view_save(request: SignedInRequest, operator: Operator, list_name: str) -> HttpResponse:
    """Keep the list as it is now under a name."""
    form = ViewForm(request.POST)
    if list_name not in LISTS:
        raise Http404
    if form.is_valid():
        view = list_views.save(request.user, list_name, **form.cleaned_data)
        messages.success(request, _("The view “%(name)s” was saved.") % {"name": view.name})
    else:
        messages.error(request, _("A view needs a name of at most 60 characters."))
    return _back(request, operator)


@operator_view(Permission.VIEW_OVERVIEW)
@require_POST
def view_remove(request: SignedInRequest, operator: Operator, list_name: str) -> HttpResponse:
    """Remove a view of one's own, or one that somebody who has left shared."""
    name = request.POST.get("name", "").replace("\0", "")
    if list_views.remove(request.user, list_name, name=name, with_shared=visible_sites() is None):
        messages.success(request, _("The view “%(name)s” was removed.") % {"name": name})
    return _back(request, operator)


@operator_view(Permission.VIEW_OVERVIEW)
@require_POST
def columns_choose(request: SignedInRequest, operator: Operator, list_name: str) -> HttpResponse:
    """Show the list with these columns from now on."""
    if list_name not in LISTS:
        raise Http404
    columns = [name[:20] for name in request.POST.getlist("columns") if "\0" not in name][:_MOST_COLUMNS]
    list_views.choose(request.user, list_name, columns=columns, is_dense="is_dense" in request.POST)
    return _back(request, operator)


def _back(request: SignedInRequest, operator: Operator) -> HttpResponse:
    return redirect(next_page(request, reverse("staff:overview", args=[operator.slug])))
