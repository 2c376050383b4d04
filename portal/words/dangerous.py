"""The acts that a fresh proof is asked for, in words: what the person is about to do, and to what or to whom.

Found by the name of the address. Lookups run in the operator's scope, as the page itself does.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.models import Export, Invoice, InvoiceRun, Settlement, Tariff, TariffVersion
from charging.models import MeterKey, SettingTemplate, Site, Station, StationKnock
from portal.words import approvals, measures
from tenants.models import Account, ApiKey, Approval, Invitation, Membership, Operator, PlatformMember

#: What the address and the form say, to the thing they mean; None when there is none.
Find = Callable[[Mapping[str, Any], Mapping[str, str]], Any]


def _by(model: Any, key: str = "public_id", field: str = "public_id") -> Find:
    return lambda named, _typed: model._default_manager.filter(**{field: named[key]}).first()


def _typed(field: str) -> Find:
    return lambda _named, typed: typed.get(field)


def _person(named: Mapping[str, Any], _typed: Mapping[str, str]) -> Any:
    # Places are global rows: narrowed here.
    of_operator = Membership.objects.filter(operator__slug=named["operator_slug"])
    place = of_operator.select_related("user").filter(public_id=named["public_id"]).first()
    return place and place.user


def _invited(named: Mapping[str, Any], _typed: Mapping[str, str]) -> Any:
    of_operator = Invitation.objects.filter(operator__slug=named["operator_slug"])
    found = of_operator.filter(public_id=named["public_id"]).first()
    return found and found.email


def _newest_version(named: Mapping[str, Any], _typed: Mapping[str, str]) -> Any:
    versions = TariffVersion.objects.select_related("tariff").filter(tariff__public_id=named["tariff_id"])
    return versions.order_by("-number").first()


def _month_of_run(named: Mapping[str, Any], _typed: Mapping[str, str]) -> Any:
    run = InvoiceRun.objects.filter(public_id=named["run_id"]).first()
    return run and measures.month(run.month)


def _month_of_settlement(named: Mapping[str, Any], _typed: Mapping[str, str]) -> Any:
    settlement = Settlement.objects.filter(public_id=named["settlement_id"]).first()
    return settlement and measures.month(settlement.month)


def _approval(named: Mapping[str, Any], _typed: Mapping[str, str]) -> Any:
    found = Approval.objects.filter(public_id=named["public_id"]).first()
    return found and approvals.told(found, Operator.objects.get(slug=named["operator_slug"])).title


def _platform_member(named: Mapping[str, Any], _typed: Mapping[str, str]) -> Any:
    found = PlatformMember.objects.select_related("user").filter(user__public_id=named["public_id"]).first()
    return found and found.user


ACTS: dict[str, tuple[str | Promise, Find | None]] = {
    # Who may do what
    "staff:member_edit": (_("Change the role of %(thing)s"), _person),
    "staff:member_remove": (_("Remove %(thing)s as a member"), _person),
    "staff:member_sites": (_("Change which sites %(thing)s works at"), _person),
    "staff:invitation_new": (_("Invite %(thing)s"), _typed("email")),
    "staff:invitation_renew": (_("Make a new invitation link for %(thing)s"), _invited),
    "account:close": (_("Close your account"), None),
    "account:email": (_("Change your e-mail address"), None),
    "account:leave": (_("Leave %(thing)s"), _by(Operator, "slug", "slug")),
    # How people prove who they are
    "account:enrol": (_("Set up an authenticator"), None),
    "account:recovery_codes": (_("Make new recovery codes"), None),
    "account:remove_factor": (_("Remove your authenticator"), None),
    "account:passkey_new": (_("Add a passkey"), None),
    "account:passkey_new_options": (_("Add a passkey"), None),
    "account:passkey_rename": (_("Rename a passkey"), None),
    "account:passkey_remove": (_("Remove a passkey"), None),
    "staff:factor_reset": (_("Reset the second factor of %(thing)s"), _person),
    "staff:factor_reset_withdraw": (_("Stop the reset of the second factor of %(thing)s"), _person),
    "staff:security": (_("Change the operator's security settings"), None),
    "staff:training_rule": (_("Change whether personal data can be opened only with the training"), None),
    "staff:platform_visits": (_("Let the platform's staff make changes"), None),
    "staff:platform_leave_take_back": (_("Stop the platform's staff from making changes"), None),
    "staff:platform_visit_end": (_("End a visit by the platform's staff"), None),
    "staff:key_new": (_("Create the API key %(thing)s"), _typed("name")),
    "staff:key_rotate": (_("Replace the API key %(thing)s"), _by(ApiKey)),
    "staff:key_revoke": (_("Revoke the API key %(thing)s"), _by(ApiKey)),
    "staff:station_password": (_("Make a new password for %(thing)s"), _by(Station)),
    "staff:station_certificate_set": (_("Register a certificate of %(thing)s"), _by(Station)),
    "staff:station_certificate_remove": (_("Take away the certificate of %(thing)s"), _by(Station)),
    "staff:station_order": (_("Send a command to %(thing)s"), _by(Station)),
    "staff:stations_order": (_("Send a command to several stations"), None),
    "staff:site_limit_set": (_("Change the power of %(thing)s"), _by(Site)),
    "staff:template_align": (_("Send the settings of %(thing)s to stations"), _by(SettingTemplate)),
    "staff:meter_register": (_("Register the key of a meter of %(thing)s"), _by(Station)),
    "staff:meter_hold": (_("Change on which days the key of the meter %(thing)s holds"), _by(MeterKey)),
    "staff:meter_remove": (_("Remove the key of the meter %(thing)s"), _by(MeterKey)),
    "staff:card_rules": (_("Change which cards are let in unasked"), None),
    "staff:partner_link": (_("Change where %(thing)s is asked about its cards"), _by(Account)),
    "staff:partner_link_remove": (_("Ask %(thing)s no more about its cards"), _by(Account)),
    "staff:meter_rule": (_("Change what billing demands of signed meter values"), None),
    "staff:knock_adopt": (_("Take in %(thing)s"), _by(StationKnock)),
    # What binds customers
    "staff:seller_numbers": (_("Change the VAT numbers abroad"), None),
    "staff:settings": (_("Change the operator's details and bank account"), None),
    "staff:sending_way": (_("Change how e-invoices are sent"), None),
    "finance:tariff_publish": (_("Publish %(thing)s"), _newest_version),
    "finance:tariff_assign": (_("Choose where %(thing)s applies"), _by(Tariff, "tariff_id")),
    "finance:tariff_unassign": (_("Change where %(thing)s applies"), _by(Tariff, "tariff_id")),
    "finance:run_issue": (_("Issue the invoices for %(thing)s"), _month_of_run),
    "finance:rerating_carry_out": (_("Credit and bill anew what was re-rated"), None),
    "finance:settlement_close": (_("Close the settlement of %(thing)s"), _month_of_settlement),
    "finance:invoice_credit": (_("Credit invoice %(thing)s"), _by(Invoice, "invoice_id")),
    "finance:invoice_kept": (_("Open invoice %(thing)s, kept of somebody erased"), _by(Invoice, "invoice_id")),
    "finance:invoice_write_off": (_("Write off what is open of invoice %(thing)s"), _by(Invoice, "invoice_id")),
    "staff:approval_decide": (_("Decide on another person's request: %(thing)s"), _approval),
    # What takes names out of the portal
    "staff:driver_export": (_("Download the personal data of all drivers"), None),
    "staff:driver_list_export": (_("Download the listed drivers"), None),
    "staff:incident_write": (_("Write to everybody an incident concerns"), None),
    "staff:incident_file": (_("Fetch the evidence of an incident"), None),
    "staff:person_erase": (_("Erase a person"), None),
    "staff:person_copy_file": (_("Fetch the copy of somebody's data"), None),
    "driver:copy_file": (_("Fetch the copy of your data"), None),
    "staff:audit_csv": (_("Download the audit log"), None),
    "staff:audit_jsonl": (_("Download the audit log"), None),
    "staff:seal_export": (_("Download the sealed audit log"), None),
    "staff:station_messages_file": (_("Download the messages of %(thing)s"), _by(Station)),
    "staff:session_export": (_("Download the listed sessions"), None),
    "staff:review_export": (_("Download the listed sessions"), None),
    "staff:account_export": (_("Download the listed payers"), None),
    "staff:token_export": (_("Download the listed cards"), None),
    "staff:member_export": (_("Download the listed members"), None),
    "staff:consent_agreed": (_("Download who has said yes"), None),
    "staff:consent_paper_file": (_("Fetch the scan of a consent"), None),
    "staff:consent_export": (_("Download the listed answers"), None),
    "finance:payment_export": (_("Download the listed payments"), None),
    "finance:letter_export": (_("Download the listed letters"), None),
    "finance:reminder_export": (_("Download the listed reminders"), None),
    "finance:sending_export": (_("Download the listed e-invoices"), None),
    "finance:host_export": (_("Download the listed contracts"), None),
    "finance:settlement_export": (_("Download the listed statements"), None),
    "finance:ageing_export": (_("Download what is open of each payer"), None),
    "staff:dispute_export": (_("Download the listed disputes"), None),
    "staff:difference_export": (_("Download the listed differences"), None),
    "staff:person_request_export": (_("Download the listed requests"), None),
    "staff:incident_export": (_("Download the listed incidents"), None),
    "finance:reminder_send": (_("Send reminders"), None),
    "finance:invoice_export": (_("Download the listed invoices"), None),
    "finance:timetable_confirm": (_("Send files to the server that you know by its fingerprint"), None),
    "finance:timetable_new": (_("Let files be sent automatically"), None),
    "finance:timetable_try": (_("Send the file of a timetable now"), None),
    "finance:package_file": (_("Download the files of a month for the accountant"), None),
    "finance:export_file": (_("Download %(thing)s"), _by(Export, "export_id")),
    # The platform
    "platform:member_remove": (_("Remove %(thing)s from the platform's staff"), _platform_member),
    "platform:member_add": (_("Add %(thing)s to the platform's staff"), _typed("email")),
    "platform:operator_close": (_("Close %(thing)s for good"), _by(Operator, "slug", "slug")),
    "platform:operator_new": (_("Create the operator %(thing)s"), _typed("name")),
    "platform:owner_invite": (_("Invite an owner of %(thing)s"), _by(Operator, "slug", "slug")),
    "platform:operator_resume": (_("Reopen %(thing)s"), _by(Operator, "slug", "slug")),
    "platform:operator_suspend": (_("Suspend %(thing)s"), _by(Operator, "slug", "slug")),
    "platform:visit_new": (_("Visit %(thing)s"), _by(Operator, "slug", "slug")),
}


def said(name: str, named: Mapping[str, Any], typed: Mapping[str, str]) -> str:
    """Return what somebody is about to do at this address with what they typed; empty for what has no words.

    A thing that is not there, or not named yet, is an ellipsis.
    """
    words, find = ACTS.get(name, ("", None))
    return str(words) % {"thing": (find and find(named, typed)) or "…"}
