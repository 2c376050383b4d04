"""Which permission opens which URL: the table as it was reviewed, beside what the pages declare.

The matrix asks of a page what the page declares, so it cannot see a declaration that is too weak. This table
can: a change of what a page asks for is a change of two places, and the second is this one. The words of a
key are the URL names that it opens.
"""

import pytest

from portal.tests.doors import PLATFORM, PORTAL, doors
from tenants.permissions import Permission

#: `members`: everybody who works at the operator. `account`: every signed-in person, about themselves.
#: `public`: anybody; why, stands with each page.
MAY_OPEN = {
    Permission.VIEW_OVERVIEW: (
        "staff:columns_choose staff:overview staff:overview_days staff:search staff:training staff:view_remove "
        "staff:view_save staff:work_again staff:work_list"
    ),
    Permission.VIEW_NETWORK: (
        "staff:site_detail staff:site_export staff:site_list staff:station_detail staff:station_export "
        "staff:station_list staff:station_signs"
    ),
    Permission.MANAGE_NETWORK: (
        "staff:knock_adopt staff:knock_list staff:site_edit staff:site_limit staff:site_limit_set staff:site_new "
        "staff:station_again staff:station_ask "
        "staff:meter_hold staff:meter_register staff:meter_remove staff:station_meters "
        "staff:station_commands staff:station_edit staff:station_merge staff:station_messages "
        "staff:station_messages_file staff:station_new "
        "staff:station_boot staff:station_certificate staff:station_certificate_remove staff:station_certificate_set "
        "staff:stations_order staff:stations_together "
        "staff:station_order staff:station_part staff:station_password staff:station_settings staff:template_align "
        "staff:template_detail staff:template_edit staff:template_list staff:template_new staff:template_read "
        "staff:template_remove"
    ),
    Permission.VIEW_SESSIONS: "staff:session_detail staff:session_export staff:session_list",
    Permission.REVIEW_SESSIONS: (
        "staff:difference_decide staff:difference_export staff:difference_list "
        "staff:review_decide staff:review_export staff:review_list staff:session_correct"
    ),
    Permission.IMPORT_SESSIONS: (
        "staff:import_detail staff:import_discard staff:import_export staff:import_leave staff:import_list "
        "staff:import_new staff:import_rejected staff:import_row staff:import_start staff:import_template "
        "staff:import_undo"
    ),
    Permission.VIEW_DRIVERS: (
        "staff:card_notices staff:session_signed "
        "api:accounts staff:account_detail staff:account_export staff:account_list staff:driver_detail "
        "staff:driver_list staff:group_export staff:group_list staff:token_detail staff:token_export staff:token_list"
        " staff:token_show"
    ),
    Permission.MANAGE_DRIVERS: (
        "staff:card_notice_seen staff:driver_edit staff:driver_invite staff:driver_new staff:driver_uninvite "
        "staff:group_new "
        "staff:token_assign staff:token_block staff:token_merge staff:token_new staff:token_part staff:token_remove "
        "staff:token_unblock"
    ),
    Permission.MANAGE_ACCOUNTS: (
        "staff:account_edit staff:account_invite staff:account_move staff:account_new staff:account_person_remove "
        "staff:account_uninvite staff:token_issue staff:token_leave staff:token_settle "
        "finance:account_terms finance:discount_new finance:fee_end "
        "finance:fee_new finance:fee_remove finance:host_edit finance:host_end finance:host_new"
    ),
    Permission.VIEW_TARIFFS: "finance:tariff_detail finance:tariff_export finance:tariff_list finance:tariff_paid",
    Permission.MANAGE_TARIFFS: (
        "finance:tariff_archive finance:tariff_assign finance:tariff_edit finance:tariff_effect finance:tariff_new "
        "finance:tariff_preview finance:tariff_publish finance:tariff_restore finance:tariff_simulate "
        "finance:tariff_unassign"
    ),
    Permission.VIEW_INVOICES: (
        "staff:dispute_detail staff:dispute_export staff:dispute_list finance:account_balance "
        "finance:ageing_export finance:ageing_list "
        "finance:fee_detail finance:fee_export finance:fee_list "
        "finance:letter_export finance:letter_list finance:reminder_export finance:reminder_list finance:reminder_sent "
        "finance:payment_detail finance:payment_export finance:payment_list finance:payment_waiting "
        "finance:invoice_detail finance:invoice_export finance:invoice_kept finance:invoice_list finance:invoice_page "
        "finance:invoice_pages finance:invoice_pdf finance:invoice_xml "
        "finance:host_detail finance:host_export finance:host_list finance:settlement_detail finance:settlement_list "
        "finance:statement_detail finance:statement_pdf finance:statement_sessions finance:statement_xml "
        "finance:ledger_account finance:ledger_month finance:month_steps "
        "finance:reconciliation finance:rerating_detail finance:rerating_export finance:rerating_list "
        "finance:run_detail finance:run_export finance:run_list "
        "finance:sending_export finance:sending_list finance:settlement_export"
    ),
    Permission.RUN_BILLING: "finance:run_discard finance:run_start",
    Permission.ISSUE_INVOICES: (
        "staff:dispute_answer finance:invoice_credit finance:invoice_write_off finance:write_off_undo "
        "finance:rerating_carry_out finance:rerating_new finance:run_issue "
        "finance:invoice_send finance:settlement_ask finance:settlement_close finance:statement_send "
        "finance:invoice_mail finance:letter_again finance:run_mail finance:reminder_send"
    ),
    Permission.MANAGE_PAYMENTS: (
        "finance:invoice_payment finance:match_undo finance:payment_back finance:payment_confirm finance:payment_file "
        "finance:payment_file_export finance:payment_file_ours finance:payment_files finance:payment_free "
        "finance:payment_keep finance:payment_settle "
        "finance:statement_paid finance:statement_unpaid"
    ),
    Permission.EXPORT_FINANCE: (
        "finance:export_file finance:export_list finance:export_new finance:export_repeat finance:export_taken "
        "finance:package_file finance:package_new "
        "finance:timetable_confirm finance:timetable_end finance:timetable_list finance:timetable_look "
        "finance:timetable_new finance:timetable_try "
        "finance:ledger_close finance:return_new finance:vouchers_new finance:made_export finance:taken_export"
    ),
    Permission.VIEW_CONSENTS: (
        "staff:consent_agreed staff:consent_paper_file staff:consent_proof_pdf "
        "staff:consent_export staff:consent_list staff:consent_proof staff:consent_proof_file staff:consent_purpose"
    ),
    Permission.VIEW_PRIVACY: (
        "staff:incident staff:incident_affected staff:incident_export staff:incident_list "
        "staff:notice_list staff:person_request staff:person_request_export staff:person_request_list "
        "staff:privacy_record staff:privacy_record_csv staff:privacy_record_pdf staff:retention "
        "staff:erasure_certificate staff:erasure_certificate_pdf"
    ),
    Permission.MANAGE_PRIVACY: (
        "staff:hold_lift staff:hold_new staff:notice_add staff:notice_ask staff:notice_publish staff:notice_write "
        "staff:person_copy_file staff:person_erase "
        "staff:person_limit_lift staff:person_request_answer staff:person_request_copy staff:person_request_extend "
        "staff:person_request_new staff:purpose_edit staff:purpose_new staff:retention_change "
        "staff:consent_paper "
        "staff:training_write staff:incident_bundle staff:incident_close staff:incident_file staff:incident_find "
        "staff:incident_judge staff:incident_new staff:incident_note staff:incident_report staff:incident_write"
    ),
    Permission.VIEW_AUDIT: (
        "api:audit_events staff:audit_csv staff:audit_entry staff:audit_jsonl staff:audit_log "
        "staff:history_accounts staff:history_cards "
        "staff:history_consents staff:history_drivers staff:history_exports staff:history_groups "
        "staff:history_imports staff:history_invoices staff:history_keys staff:history_payments staff:history_people "
        "staff:history_profiles "
        "staff:history_runs staff:history_sessions staff:history_settings staff:history_sites staff:history_stations "
        "staff:history_tariffs staff:seal_check staff:seal_export staff:seal_list staff:seal_script"
    ),
    Permission.VIEW_PEOPLE: "staff:member_export staff:people staff:training_people",
    Permission.MANAGE_PEOPLE: (
        "staff:factor_reset staff:factor_reset_withdraw staff:invitation_new staff:invitation_renew "
        "staff:invitation_withdraw staff:member_edit staff:member_remove staff:member_sites staff:view_as"
    ),
    Permission.MANAGE_OPERATOR: (
        "staff:mail_rules staff:reminder_steps "
        "staff:booking_accounts staff:card_rules staff:partner_link staff:partner_link_remove staff:partner_list "
        "staff:credit_reasons staff:letterhead staff:letterhead_preview staff:meter_rule "
        "staff:seller_numbers staff:sending_way staff:settings"
    ),
    Permission.MANAGE_SECURITY: (
        "staff:platform_leave_take_back staff:platform_visit_end staff:platform_visits staff:security "
        "staff:training_rule"
    ),
    Permission.MANAGE_KEYS: "staff:key_export staff:key_list staff:key_new staff:key_revoke staff:key_rotate",
    Permission.EXPORT_DRIVERS: "staff:driver_export staff:driver_list_export",
    Permission.VIEW_APPROVALS: (
        "staff:approval_decide staff:approval_detail staff:approval_export staff:approval_list staff:approval_withdraw"
    ),
    Permission.USE_DRIVER_PAGES: (
        "driver:charge driver:favourite "
        "driver:history driver:invoice_list driver:invoice_pdf "
        "driver:late_letters driver:late_seen driver:live driver:live_stop "
        "driver:outlet driver:outlet_start driver:privacy driver:privacy_decide driver:session_detail "
        "driver:session_signed driver:start "
        "driver:token_block driver:token_found driver:token_list "
        "driver:copy_file driver:copy_new driver:details driver:limit_lift driver:request_list driver:request_new "
        "driver:request_withdraw driver:dispute_list driver:dispute_withdraw driver:invoice_dispute "
        "driver:session_dispute"
    ),
    Permission.USE_PAYER_PAGES: (
        "payer:dispute_list payer:dispute_withdraw payer:driver_totals payer:invoice_dispute payer:invoice_list "
        "payer:invoice_pdf payer:session_dispute payer:session_list payer:statement_approve payer:statement_contest "
        "payer:statement_detail payer:statement_list payer:statement_pdf payer:statement_sessions"
    ),
    "members": "api:me",
    "account": (
        "account:close account:email "
        "account:end_others account:end_session account:enrol account:factor_reset_stop account:leave "
        "account:leave_visit account:operators account:passkey_new account:passkey_new_options account:passkey_remove "
        "account:kept account:passkey_rename account:password account:profile account:recovery_codes "
        "account:remove_factor account:sessions account:step_up account:stop_viewing"
    ),
    "public": (
        "account:challenge account:factor_reset_by_letter account:first_password account:invitation account:join "
        "account:email_agree account:email_agree_by_letter account:email_prove account:email_prove_by_letter "
        "account:new_password account:stop_reset account:passkey_use "
        "account:passkey_use_options account:password_reset account:password_reset_choose account:recovery "
        "account:set_password account:sign_in account:sign_out api_guide api_schema healthz home "
        "letter_bounced manifest "
        "offline public_guest public_guest_stop public_notice public_notice_version public_outlet public_outlet_start "
        "service_worker set_language set_theme"
    ),
}
#: In the platform's own process, where no operator has pages.
MAY_OPEN_AT_PLATFORM = {
    "account": (
        "account:end_others account:end_session account:enrol account:factor_reset_stop account:operators "
        "account:kept account:passkey_new account:passkey_new_options account:passkey_remove "
        "account:passkey_rename account:password account:profile account:recovery_codes account:remove_factor "
        "account:sessions account:step_up"
    ),
    "platform": (
        "platform:health platform:log platform:member_add platform:member_list platform:member_remove "
        "platform:operator_close platform:operator_detail platform:operator_list platform:operator_new "
        "platform:operator_resume platform:operator_suspend platform:owner_invite platform:visit_end "
        "platform:visit_new"
    ),
    "public": (
        "account:challenge account:factor_reset_by_letter account:first_password account:invitation account:join "
        "account:new_password account:stop_reset account:leave account:leave_visit account:close account:email "
        "account:email_agree account:email_agree_by_letter account:email_prove account:email_prove_by_letter "
        "account:passkey_use account:passkey_use_options account:password_reset account:password_reset_choose "
        "account:recovery account:set_password account:sign_in account:sign_out account:stop_viewing healthz home "
        "set_language set_theme"
    ),
}


def declared(urlconf: str) -> dict[str, str]:
    """What each URL declares; of a public page not the reason."""
    return {door.name: str(door.access).partition(":")[0] for door in doors(urlconf)}


def reviewed(table: dict[str, str]) -> dict[str, str]:
    return {name: str(access) for access, names in table.items() for name in names.split()}


@pytest.mark.parametrize(("urlconf", "table"), [(PORTAL, MAY_OPEN), (PLATFORM, MAY_OPEN_AT_PLATFORM)])
def test_every_page_asks_for_what_was_reviewed(urlconf, table):
    assert declared(urlconf) == reviewed(table)


@pytest.mark.parametrize("table", [MAY_OPEN, MAY_OPEN_AT_PLATFORM])
def test_no_page_stands_twice(table):
    names = [name for names in table.values() for name in names.split()]
    assert len(names) == len(set(names))


def test_every_permission_opens_something():
    assert {*Permission} - set(MAY_OPEN) == set()
