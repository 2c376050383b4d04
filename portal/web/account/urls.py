"""The account pages: a person's own, outside any operator."""

from collections.abc import Callable

from django.http.response import HttpResponseBase
from django.urls import path

from portal.web.account import (
    challenge,
    closing,
    confirm,
    email,
    factor_reset,
    first_password,
    invitations,
    kept,
    operators,
    passkeys,
    password,
    password_reset,
    profile,
    second_factor,
    sign_in,
    sign_ins,
    visits,
)

app_name = "account"

#: What signing in takes, and who one is: also where the platform is run (`portal.platform_urls`).
EVERYWHERE = [
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("challenge/", challenge.challenge, name="challenge"),
    path("challenge/recovery/", challenge.recovery, name="recovery"),
    path("second-factor/", second_factor.enrol, name="enrol"),
    path("second-factor/recovery-codes/", second_factor.recovery_codes, name="recovery_codes"),
    path("second-factor/remove/", second_factor.remove, name="remove_factor"),
    path("second-factor/reset/stop/", factor_reset.stop, name="factor_reset_stop"),
    path("second-factor/reset/stop/letter/", factor_reset.stop_by_letter, name="stop_reset"),
    path("second-factor/reset/stop/<str:word>/", factor_reset.letter, name="factor_reset_by_letter"),
    path("passkeys/new/", passkeys.new, name="passkey_new"),
    path("passkeys/new/options/", passkeys.new_options, name="passkey_new_options"),
    path("passkeys/use/", passkeys.use, name="passkey_use"),
    path("passkeys/use/options/", passkeys.use_options, name="passkey_use_options"),
    path("passkeys/<str:key>/", passkeys.rename, name="passkey_rename"),
    path("passkeys/<str:key>/remove/", passkeys.remove, name="passkey_remove"),
    path("confirm/", confirm.confirm, name="step_up"),
    path("kept/", kept.go_on, name="kept"),
    path("sessions/", sign_ins.sign_in_list, name="sessions"),
    path("sessions/end-others/", sign_ins.end_others, name="end_others"),
    path("sessions/<uuid:public_id>/end/", sign_ins.end, name="end_session"),
    path("password/", password.change, name="password"),
    path("password/reset/", password_reset.ask, name="password_reset"),
    path("password/reset/choose/", password_reset.choose, name="new_password"),
    path("password/reset/<str:person>/<str:token>/", password_reset.letter, name="password_reset_choose"),
    path("password/first/", first_password.choose, name="first_password"),
    path("password/<str:person>/<str:token>/", first_password.link, name="set_password"),
    path("profile/", profile.profile, name="profile"),
]

#: About a person's places at operators, and what reaches into these: the portal's alone.
OF_PORTAL: list[tuple[str, Callable[..., HttpResponseBase], str]] = [
    ("profile/close/", closing.close, "close"),
    ("email/", email.ask, "email"),
    ("email/agree/", email.agree, "email_agree"),
    ("email/agree/<str:token>/", email.agree_letter, "email_agree_by_letter"),
    ("email/prove/", email.prove, "email_prove"),
    ("email/prove/<str:token>/", email.prove_letter, "email_prove_by_letter"),
    ("operators/<slug:slug>/leave/", operators.leave, "leave"),
    ("visits/<uuid:public_id>/leave/", visits.leave_visit, "leave_visit"),
    ("view-as/stop/", operators.stop_viewing, "stop_viewing"),
    ("invitations/open/", invitations.invitation, "join"),
    ("invitations/<uuid:public_id>/<str:secret>/", invitations.link, "invitation"),
]

urlpatterns = [
    *EVERYWHERE,
    path("operators/", operators.operators, name="operators"),
    *(path(route, page, name=name) for route, page, name in OF_PORTAL),
]
