"""The people who run the instance."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from portal.gate.access import SignedInRequest
from portal.gate.platform_access import platform_view
from portal.web import addresses
from portal.words.say import why
from tenants.errors import Refused
from tenants.models import PlatformMember
from tenants.selectors import platform
from tenants.services.platform import members as platform_members
from tenants.services.proof import password_links


class MemberForm(forms.Form):
    """A new member."""

    email = forms.EmailField(label=gettext_lazy("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=150,
        required=False,
        help_text=gettext_lazy("For somebody who has no account yet."),
    )
    # The account that was shown before; empty until then.
    meant = forms.UUIDField(required=False, widget=forms.HiddenInput)


@platform_view()
def member_list(request: SignedInRequest) -> HttpResponse:
    """List the members, also those who have left."""
    return render(request, "platform/members/list.html", {"nav": "members", "members": platform.members()})


@platform_view(step_up=True)
def member_add(request: SignedInRequest) -> HttpResponse:
    """Let somebody run the instance; somebody new also gets a link to choose a password.

    An account that is there already is shown first, as anybody can have made it.
    """
    form = MemberForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = platform_members.add(**form.cleaned_data)
        except platform_members.AccountExists as found:
            context = {"nav": "members", "account": found.account}
            return render(request, "platform/members/confirm.html", context)
        except Refused as refusal:
            form.add_error("email", why(refusal))
        else:
            user = added.member.user
            if added.needs_password:
                path = reverse("account:set_password", args=password_links.FIRST.parts(user))
                context = {"nav": "members", "person": user, "link": addresses.whole(request, path)}
                return render(request, "platform/members/link.html", context)
            messages.success(request, _("%(person)s is a member of the platform now.") % {"person": user})
            return redirect("platform:member_list")
    context = {"nav": "members", "form": form}
    return render(request, "platform/members/add.html", context, status=400 if form.errors else 200)


@require_POST
@platform_view(step_up=True)
def member_remove(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    """Take a member off; never the last one."""
    member = get_object_or_404(PlatformMember.objects.select_related("user"), user__public_id=public_id, is_active=True)
    try:
        platform_members.deactivate(member)
    except Refused as refusal:
        messages.error(request, why(refusal))
    else:
        messages.success(request, _("%(person)s is no longer a member of the platform.") % {"person": member.user})
    return redirect("platform:member_list")
