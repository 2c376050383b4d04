from datetime import timedelta

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TenantsConfig(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        from tenants import registers, sealed_fields, tasks, work  # needs loaded models
        from tenants.models import (
            AuditCheck,
            Erasure,
            IncidentBundle,
            IncidentLetters,
            IncidentList,
            NoticeLetters,
            PasswordLetter,
            PersonPackage,
            RetentionNight,
            SearchIndex,
        )
        from tenants.permissions import Permission
        from tenants.privacy import affected, erasure, evidence, packages, retention
        from tenants.rls import rights
        from tenants.selectors import names
        from tenants.services import indexing, log_checks, person_keys
        from tenants.services.people import driver_exports, notices, security
        from tenants.services.proof import password_letters
        from tenants.work import Kind, Lane

        post_migrate.connect(rights.grant, sender=self)
        registers.register()
        sealed_fields.keys_from(person_keys.KEYS)
        driver_exports.register()
        security.register()
        erasure.register()
        work.register_sender(tasks.send_to)
        names.register()
        work.register(
            Kind(
                SearchIndex.work_kind,
                SearchIndex,
                Lane.BULK,
                indexing.carry_out,
                permission=Permission.MANAGE_OPERATOR,
                prepare=indexing.ask_if_behind,
            )
        )
        work.register(Kind(PasswordLetter.work_kind, PasswordLetter, Lane.QUICK, password_letters.send))
        work.register(
            Kind(
                NoticeLetters.work_kind,
                NoticeLetters,
                Lane.BULK,
                notices.send_letters,
                permission=Permission.MANAGE_PRIVACY,
            )
        )
        work.register(
            Kind(
                PersonPackage.work_kind,
                PersonPackage,
                Lane.WAITED,
                packages.make,
                permission=Permission.MANAGE_PRIVACY,
                lease=timedelta(minutes=10),
                rests=False,
            )
        )
        work.register(
            Kind(
                Erasure.work_kind,
                Erasure,
                Lane.WAITED,
                erasure.carry_out,
                permission=Permission.MANAGE_PRIVACY,
                lease=timedelta(minutes=10),
                rests=False,
            )
        )
        work.register(
            Kind(
                RetentionNight.work_kind,
                RetentionNight,
                Lane.BULK,
                retention.carry_out,
                permission=Permission.MANAGE_PRIVACY,
                prepare=retention.ask_tonight,
                lease=timedelta(minutes=10),
                rests=False,
            )
        )
        work.register(
            Kind(
                IncidentList.work_kind,
                IncidentList,
                Lane.WAITED,
                affected.freeze,
                permission=Permission.MANAGE_PRIVACY,
                lease=timedelta(minutes=10),
                rests=False,
            )
        )
        work.register(
            Kind(
                IncidentLetters.work_kind,
                IncidentLetters,
                Lane.BULK,
                affected.send_letters,
                permission=Permission.MANAGE_PRIVACY,
                rests=False,
            )
        )
        work.register(
            Kind(
                IncidentBundle.work_kind,
                IncidentBundle,
                Lane.WAITED,
                evidence.make,
                permission=Permission.MANAGE_PRIVACY,
                lease=timedelta(minutes=10),
                rests=False,
            )
        )
        work.register(
            Kind(
                "audit_check",
                AuditCheck,
                Lane.WAITED,
                log_checks.carry_out,
                permission=Permission.VIEW_AUDIT,
                lease=timedelta(minutes=30),
                rests=False,
            )
        )
