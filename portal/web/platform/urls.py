"""The platform's pages."""

from django.urls import path

from portal.web.platform import health, log, members, operators, visits

app_name = "platform"

urlpatterns = [
    path("", operators.operator_list, name="operator_list"),
    path("operators/new/", operators.operator_new, name="operator_new"),
    path("operators/<slug:slug>/", operators.operator_detail, name="operator_detail"),
    path("operators/<slug:slug>/suspend/", operators.operator_suspend, name="operator_suspend"),
    path("operators/<slug:slug>/resume/", operators.operator_resume, name="operator_resume"),
    path("operators/<slug:slug>/close/", operators.operator_close, name="operator_close"),
    path("operators/<slug:slug>/invite/", operators.owner_invite, name="owner_invite"),
    path("operators/<slug:slug>/visit/", visits.visit_new, name="visit_new"),
    path("visits/<uuid:public_id>/end/", visits.visit_end, name="visit_end"),
    path("health/", health.health, name="health"),
    path("log/", log.event_list, name="log"),
    path("members/", members.member_list, name="member_list"),
    path("members/add/", members.member_add, name="member_add"),
    path("members/<uuid:public_id>/remove/", members.member_remove, name="member_remove"),
]
