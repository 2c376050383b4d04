"""The account pages: a person's own, outside any operator."""

from django.urls import path

from portal.web.account import challenge, operators, password, profile, second_factor, sign_in

app_name = "account"

urlpatterns = [
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("challenge/", challenge.challenge, name="challenge"),
    path("challenge/recovery/", challenge.recovery, name="recovery"),
    path("second-factor/", second_factor.enrol, name="enrol"),
    path("second-factor/recovery-codes/", second_factor.recovery_codes, name="recovery_codes"),
    path("second-factor/remove/", second_factor.remove, name="remove_factor"),
    path("password/", password.change, name="password"),
    path("password/<str:person>/<str:token>/", password.set_first, name="set_password"),
    path("profile/", profile.profile, name="profile"),
    path("operators/", operators.operators, name="operators"),
]
