"""All tables of this floor as they were when its migrations became one, and what they keep to (`walls.sql`)."""

from pathlib import Path

import django.contrib.postgres.fields
import django.core.serializers.json
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import tenants.migrations._at_once
import tenants.identifiers
import tenants.models.audit_entry
import tenants.models.operator
import tenants.rls.constraints
import tenants.scoping
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("tenants", "0001_initial"),
        ("tenants", "0002_append_only"),
        ("tenants", "0003_statistics"),
        ("tenants", "0004_audit_columns"),
        ("tenants", "0005_seals"),
        ("tenants", "0006_audit_indexes"),
        ("tenants", "0007_invitation_is_mailed"),
        ("tenants", "0008_platform_people_are_kept"),
        ("tenants", "0009_second_person"),
        ("tenants", "0010_factors"),
        ("tenants", "0011_audit_combinations"),
        ("tenants", "0012_audit_second_conditions"),
        ("tenants", "0013_stamp_transaction"),
        ("tenants", "0014_platform_events"),
        ("tenants", "0015_place_held_since"),
        ("tenants", "0016_work_is_a_row"),
        ("tenants", "0017_credit_needs_two"),
        ("tenants", "0018_write_security"),
        ("tenants", "0019_acts_are_registered"),
        ("tenants", "0020_search"),
        ("tenants", "0021_list_views"),
        ("tenants", "0022_rights"),
        ("tenants", "0023_drivers_of_a_group"),
        ("tenants", "0024_accounts"),
        ("tenants", "0025_every_driver_has_an_account"),
        ("tenants", "0026_manage_accounts"),
        ("tenants", "0027_password_letters"),
        ("tenants", "0028_payers"),
        ("tenants", "0029_prices_include_vat"),
        ("tenants", "0030_rounds_to_crowns"),
        ("tenants", "0031_views_of_the_operator"),
        ("tenants", "0032_processing"),
        ("tenants", "0033_notices_and_requests"),
        ("tenants", "0034_retention"),
        ("tenants", "0035_erasure"),
        ("tenants", "0036_operator_keys"),
        ("tenants", "0037_manage_payments"),
    ]

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        tenants.migrations._at_once.AtOnce(
            operations=[
                migrations.CreateModel(
                    name="ConsentPurpose",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("code", models.SlugField(db_index=False, max_length=40, verbose_name="code")),
                        ("is_active", models.BooleanField(default=True, verbose_name="asked")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="consent_purpose_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="consent_purpose_of_operator"),
                            models.UniqueConstraint(fields=("operator", "code"), name="consent_purpose_code_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DriverGroup",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("name", models.CharField(max_length=100, verbose_name="name")),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="driver_group_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="driver_group_of_operator"),
                            models.UniqueConstraint(fields=("operator", "name"), name="driver_group_name_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Operator",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("slug", models.SlugField(unique=True, verbose_name="address in the portal")),
                        ("name", models.CharField(max_length=100, verbose_name="name")),
                        ("legal_name", models.CharField(blank=True, max_length=200, verbose_name="legal name")),
                        (
                            "organisation_number",
                            models.CharField(blank=True, max_length=20, verbose_name="organisation number"),
                        ),
                        ("vat_number", models.CharField(blank=True, max_length=20, verbose_name="VAT number")),
                        ("street", models.CharField(blank=True, max_length=200, verbose_name="street")),
                        ("postal_code", models.CharField(blank=True, max_length=20, verbose_name="postal code")),
                        ("city", models.CharField(blank=True, max_length=100, verbose_name="city")),
                        (
                            "country",
                            models.CharField(
                                default="SE", help_text="ISO 3166, two letters.", max_length=2, verbose_name="country"
                            ),
                        ),
                        ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                        ("phone", models.CharField(blank=True, max_length=40, verbose_name="phone")),
                        ("bankgiro", models.CharField(blank=True, max_length=20, verbose_name="bankgiro")),
                        ("approved_for_f_tax", models.BooleanField(default=True, verbose_name="approved for F-tax")),
                        (
                            "payment_terms_days",
                            models.PositiveSmallIntegerField(default=30, verbose_name="payment terms, days"),
                        ),
                        ("currency", models.CharField(default="SEK", max_length=3, verbose_name="currency")),
                        (
                            "time_zone",
                            models.CharField(default="Europe/Stockholm", max_length=50, verbose_name="time zone"),
                        ),
                        ("language", models.CharField(default="sv", max_length=5, verbose_name="language")),
                        (
                            "factor_required_of",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=12),
                                blank=True,
                                default=tenants.models.operator.staff_roles,
                                size=None,
                            ),
                        ),
                        (
                            "four_eyes",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=30), blank=True, default=list, size=None
                            ),
                        ),
                        ("platform_may_change_until", models.DateTimeField(blank=True, null=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[("active", "active"), ("suspended", "suspended"), ("closed", "closed")],
                                default="active",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("prices_include_vat", models.BooleanField(default=True, verbose_name="prices including VAT")),
                        ("rounds_to_crowns", models.BooleanField(default=False, verbose_name="round to whole kronor")),
                        (
                            "privacy_contact",
                            models.CharField(blank=True, max_length=200, verbose_name="contact for personal data"),
                        ),
                    ],
                    options={
                        "permissions": [
                            ("view_overview", "See the overview"),
                            ("view_network", "See sites and stations"),
                            ("manage_network", "Change sites and stations"),
                            ("view_sessions", "See charging sessions"),
                            ("review_sessions", "Decide on sessions under review"),
                            ("import_sessions", "Import sessions from files"),
                            ("view_drivers", "See drivers and cards"),
                            ("manage_drivers", "Change drivers and cards"),
                            ("manage_accounts", "Change payers and who belongs to them"),
                            ("view_tariffs", "See tariffs"),
                            ("manage_tariffs", "Make and publish tariffs"),
                            ("view_invoices", "See runs and invoices"),
                            ("run_billing", "Start invoice runs"),
                            ("issue_invoices", "Issue invoices and credit notes"),
                            ("manage_payments", "Import payments and say what they are for"),
                            ("export_finance", "Download invoices for accounting"),
                            ("view_consents", "See consents and their proof"),
                            ("view_audit", "See the audit log"),
                            ("view_people", "See members"),
                            ("manage_people", "Invite, change and remove members"),
                            ("manage_operator", "Change the operator's details"),
                            ("manage_security", "Change how people sign in and what needs a second person"),
                            ("manage_keys", "Make and revoke API keys"),
                            ("export_drivers", "Download the personal data of all drivers"),
                            ("view_approvals", "See what waits for a second person"),
                            ("view_privacy", "See what personal data is processed for"),
                            (
                                "manage_privacy",
                                "Say what personal data is processed for, and answer people about theirs",
                            ),
                            ("use_driver_pages", "See one's own charging"),
                            ("use_payer_pages", "See the invoices of one's own company or association"),
                        ],
                        "default_permissions": (),
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("factor_required_of__contains", ["owner"])),
                                name="operator_owners_need_a_factor",
                            ),
                            tenants.rls.constraints.WriteSecurity(adds=False, column="id", name="operator_writes"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="User",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("password", models.CharField(max_length=128, verbose_name="password")),
                        ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                        (
                            "is_superuser",
                            models.BooleanField(
                                default=False,
                                help_text="Designates that this user has all permissions without explicitly assigning them.",
                                verbose_name="superuser status",
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("email", models.EmailField(max_length=254, unique=True, verbose_name="e-mail")),
                        ("name", models.CharField(blank=True, max_length=150, verbose_name="name")),
                        ("language", models.CharField(blank=True, max_length=5, verbose_name="language")),
                        ("is_active", models.BooleanField(default=True, verbose_name="active")),
                        ("email_proved_at", models.DateTimeField(editable=False, null=True)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "groups",
                            models.ManyToManyField(
                                blank=True,
                                help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                                related_name="user_set",
                                related_query_name="user",
                                to="auth.group",
                                verbose_name="groups",
                            ),
                        ),
                        (
                            "user_permissions",
                            models.ManyToManyField(
                                blank=True,
                                help_text="Specific permissions for this user.",
                                related_name="user_set",
                                related_query_name="user",
                                to="auth.permission",
                                verbose_name="user permissions",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(
                                django.db.models.functions.text.Lower("email"), name="user_email_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BrowserSession",
                    fields=[
                        (
                            "session_key",
                            models.CharField(
                                max_length=40, primary_key=True, serialize=False, verbose_name="session key"
                            ),
                        ),
                        ("session_data", models.TextField(verbose_name="session data")),
                        ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("last_seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("address", models.GenericIPAddressField(null=True)),
                        ("user_agent", models.CharField(blank=True, max_length=300)),
                        (
                            "user",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="browser_sessions",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="ConsentNotice",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("version", models.PositiveIntegerField()),
                        ("language", models.CharField(max_length=5)),
                        ("title", models.CharField(max_length=100, verbose_name="title")),
                        ("text", models.TextField(verbose_name="text")),
                        ("text_sha256", models.CharField(editable=False, max_length=64)),
                        ("published_at", models.DateTimeField()),
                        (
                            "purpose",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="notices",
                                to="tenants.consentpurpose",
                            ),
                        ),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                        ("asks_again", models.BooleanField(default=False)),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="consent_notice_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="consent_notice_of_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="purpose", name="consent_notice_purpose_same_operator"
                            ),
                            models.UniqueConstraint(
                                fields=("operator", "purpose", "version", "language"),
                                name="consent_notice_version_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Driver",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("customer_number", models.CharField(max_length=30, verbose_name="customer number")),
                        ("is_active", models.BooleanField(default=True, verbose_name="active")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "user",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="drivers",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "group",
                            tenants.scoping.OwnedForeignKey(
                                blank=True,
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="drivers",
                                to="tenants.drivergroup",
                            ),
                        ),
                        (
                            "identity",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.driveridentity",
                            ),
                        ),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("group__isnull", False)),
                                fields=["group", "customer_number"],
                                include=("is_active",),
                                name="driver_of_group",
                            )
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="driver_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="driver_of_operator"),
                            tenants.rls.constraints.SameOperator(field="group", name="driver_group_same_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="identity", name="driver_identity_same_operator"
                            ),
                            models.UniqueConstraint(
                                fields=("operator", "customer_number"), name="driver_customer_number_once"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("user__isnull", False)),
                                fields=("operator", "user"),
                                name="driver_user_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DriverIdentity",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(blank=True, max_length=200, verbose_name="name")),
                        ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                        ("phone", models.CharField(blank=True, max_length=40, verbose_name="phone")),
                        ("street", models.CharField(blank=True, max_length=200, verbose_name="street")),
                        ("postal_code", models.CharField(blank=True, max_length=20, verbose_name="postal code")),
                        ("city", models.CharField(blank=True, max_length=100, verbose_name="city")),
                        (
                            "country",
                            models.CharField(
                                default="SE", help_text="ISO 3166, two letters.", max_length=2, verbose_name="country"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "driver",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="identities",
                                to="tenants.driver",
                            ),
                        ),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                        (
                            "buyer_reference",
                            models.CharField(blank=True, max_length=100, verbose_name="buyer's reference"),
                        ),
                        (
                            "delivery_city",
                            models.CharField(blank=True, max_length=100, verbose_name="city of delivery"),
                        ),
                        (
                            "delivery_postal_code",
                            models.CharField(blank=True, max_length=20, verbose_name="postal code of delivery"),
                        ),
                        (
                            "delivery_street",
                            models.CharField(blank=True, max_length=200, verbose_name="street of delivery"),
                        ),
                        ("order_number", models.CharField(blank=True, max_length=100, verbose_name="order number")),
                        (
                            "organisation_number",
                            models.CharField(blank=True, max_length=20, verbose_name="organisation number"),
                        ),
                        ("vat_number", models.CharField(blank=True, max_length=20, verbose_name="VAT number")),
                        (
                            "account",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="identities",
                                to="tenants.account",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "driver"], name="driver_identity_by_driver"),
                            models.Index(fields=["operator", "name"], name="driver_identity_by_name"),
                            models.Index(
                                condition=models.Q(("account__isnull", False)),
                                fields=["operator", "account"],
                                name="driver_identity_by_account",
                            ),
                            models.Index(
                                condition=models.Q(("organisation_number", ""), _negated=True),
                                fields=["operator", "organisation_number"],
                                name="identity_by_organisation",
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="driver_identity_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="driver_identity_of_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="driver", name="driver_identity_driver_same_operator"
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="account", name="driver_identity_account_same_operator"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("account__isnull", True), ("driver__isnull", False)),
                                    models.Q(("account__isnull", False), ("driver__isnull", True)),
                                    _connector="OR",
                                ),
                                name="driver_identity_of_one",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Membership",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        (
                            "role",
                            models.CharField(
                                choices=[
                                    ("owner", "Owner"),
                                    ("operations", "Operations"),
                                    ("finance", "Finance"),
                                    ("support", "Support"),
                                    ("auditor", "Auditor"),
                                    ("privacy", "Data protection"),
                                    ("driver", "Driver"),
                                    ("payer", "Payer"),
                                ],
                                max_length=12,
                                verbose_name="role",
                            ),
                        ),
                        ("limited_to_sites", models.BooleanField(default=False, verbose_name="limited to some sites")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="memberships",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "operator",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="memberships",
                                to="tenants.operator",
                            ),
                        ),
                        ("held_since", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("operator", "user", "role"), name="membership_role_once"),
                            tenants.rls.constraints.WriteSecurity(
                                adds=True, column="operator_id", name="membership_writes"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Invitation",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                        ("name", models.CharField(blank=True, max_length=150, verbose_name="name")),
                        (
                            "role",
                            models.CharField(
                                choices=[
                                    ("owner", "Owner"),
                                    ("operations", "Operations"),
                                    ("finance", "Finance"),
                                    ("support", "Support"),
                                    ("auditor", "Auditor"),
                                    ("privacy", "Data protection"),
                                    ("driver", "Driver"),
                                    ("payer", "Payer"),
                                ],
                                max_length=12,
                                verbose_name="role",
                            ),
                        ),
                        ("driver_public_id", models.UUIDField(editable=False, null=True)),
                        ("limited_to_sites", models.BooleanField(default=False)),
                        (
                            "site_public_ids",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.UUIDField(), blank=True, default=list, size=None
                            ),
                        ),
                        ("secret_sha256", models.CharField(max_length=64)),
                        (
                            "invited_by_id",
                            models.BigIntegerField(
                                help_text="User who invited; kept when the user is gone.", null=True
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("expires_at", models.DateTimeField()),
                        ("accepted_at", models.DateTimeField(null=True)),
                        ("accepted_by_id", models.BigIntegerField(null=True)),
                        ("withdrawn_at", models.DateTimeField(null=True)),
                        (
                            "operator",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="invitations",
                                to="tenants.operator",
                            ),
                        ),
                        ("is_mailed", models.BooleanField(default=False)),
                        ("account_public_id", models.UUIDField(editable=False, null=True)),
                    ],
                    options={
                        "verbose_name": "invitation",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("accepted_at__isnull", True), ("withdrawn_at__isnull", True)),
                                fields=("operator", "email", "role"),
                                name="invitation_open_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("accepted_at__isnull", True), ("withdrawn_at__isnull", True), _connector="OR"
                                ),
                                name="invitation_one_end",
                            ),
                            tenants.rls.constraints.WriteSecurity(
                                adds=True, column="operator_id", name="invitation_writes"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FactorReset",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("requested_by_id", models.BigIntegerField()),
                        ("reason", models.CharField(max_length=300, verbose_name="reason")),
                        ("requested_at", models.DateTimeField()),
                        ("due_at", models.DateTimeField()),
                        ("stopped_at", models.DateTimeField(null=True)),
                        ("stopped_by_id", models.BigIntegerField(null=True)),
                        ("done_at", models.DateTimeField(null=True)),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="factor_resets",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "operator",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.operator"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "reset of a second factor",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("done_at__isnull", True), ("stopped_at__isnull", True)),
                                fields=("user",),
                                name="factor_reset_open_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("user_id", models.F("requested_by_id")), _negated=True),
                                name="factor_reset_by_another",
                            ),
                            tenants.rls.constraints.WriteSecurity(
                                adds=True, column="operator_id", name="factor_reset_writes"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ConsentEvent",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        (
                            "decision",
                            models.CharField(choices=[("given", "given"), ("withdrawn", "withdrawn")], max_length=10),
                        ),
                        ("text_sha256", models.CharField(max_length=64)),
                        (
                            "channel",
                            models.CharField(
                                choices=[("portal", "portal"), ("staff", "recorded by staff"), ("import", "import")],
                                max_length=10,
                            ),
                        ),
                        (
                            "recorded_by_id",
                            models.BigIntegerField(help_text="User who did it; kept when the user is gone.", null=True),
                        ),
                        ("address", models.GenericIPAddressField(null=True)),
                        ("happened_at", models.DateTimeField()),
                        (
                            "notice",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="events",
                                to="tenants.consentnotice",
                            ),
                        ),
                        (
                            "purpose",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="events",
                                to="tenants.consentpurpose",
                            ),
                        ),
                        (
                            "driver",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="consent_events",
                                to="tenants.driver",
                            ),
                        ),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "driver", "purpose", "-id"], name="consent_event_newest"),
                            models.Index(
                                fields=["operator", "purpose", "-happened_at", "-id"], name="consent_event_by_time"
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="consent_event_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="consent_event_of_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="driver", name="consent_event_driver_same_operator"
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="purpose", name="consent_event_purpose_same_operator"
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="notice", name="consent_event_notice_same_operator"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AuditSeal",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("number", models.PositiveIntegerField()),
                        ("from_xid", models.BigIntegerField()),
                        ("to_xid", models.BigIntegerField()),
                        (
                            "entry_ids",
                            django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                        ),
                        ("leaves", models.BinaryField()),
                        ("root", models.CharField(max_length=64)),
                        ("previous", models.CharField(max_length=64)),
                        ("hash", models.CharField(max_length=64)),
                        ("key_id", models.CharField(max_length=64)),
                        ("signature", models.CharField(max_length=128)),
                        ("sealed_at", models.DateTimeField(verbose_name="sealed")),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                        ("above_id", models.BigIntegerField(default=0)),
                        ("form", models.PositiveSmallIntegerField(default=1)),
                    ],
                    options={
                        "verbose_name": "seal",
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="audit_seal_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="audit_seal_of_operator"),
                            models.UniqueConstraint(fields=("operator", "number"), name="audit_seal_number_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AuditEntry",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("object_repr", models.TextField(verbose_name="object representation")),
                        ("serialized_data", models.JSONField(null=True)),
                        ("changes_text", models.TextField(blank=True, verbose_name="change message")),
                        (
                            "remote_addr",
                            models.GenericIPAddressField(blank=True, null=True, verbose_name="remote address"),
                        ),
                        ("remote_port", models.PositiveIntegerField(blank=True, null=True, verbose_name="remote port")),
                        (
                            "actor_email",
                            models.CharField(blank=True, max_length=254, null=True, verbose_name="actor email"),
                        ),
                        ("object_pk", models.CharField(max_length=255)),
                        ("object_id", models.BigIntegerField(blank=True, null=True)),
                        (
                            "action",
                            models.PositiveSmallIntegerField(
                                choices=[(0, "create"), (1, "update"), (2, "delete"), (3, "access")]
                            ),
                        ),
                        ("cid", models.CharField(blank=True, max_length=255, null=True, verbose_name="request")),
                        ("timestamp", models.DateTimeField(default=django.utils.timezone.now, verbose_name="time")),
                        (
                            "changes",
                            models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder, null=True),
                        ),
                        (
                            "additional_data",
                            models.JSONField(
                                blank=True, encoder=django.core.serializers.json.DjangoJSONEncoder, null=True
                            ),
                        ),
                        (
                            "event",
                            models.CharField(
                                blank=True, help_text="Code of an act that is not a row change.", max_length=60
                            ),
                        ),
                        (
                            "task",
                            models.CharField(
                                blank=True, help_text="Task or command that acted, if no person did.", max_length=120
                            ),
                        ),
                        ("user_agent", models.CharField(blank=True, max_length=300)),
                        ("on_behalf_of", models.BigIntegerField(null=True)),
                        ("api_key_id", models.BigIntegerField(null=True)),
                        ("is_platform", models.BooleanField(default=False)),
                        ("viewing_as", models.CharField(blank=True, max_length=12)),
                        (
                            "xid",
                            tenants.models.audit_entry.TransactionId(
                                db_default=tenants.models.audit_entry._CurrentTransaction(), editable=False
                            ),
                        ),
                        (
                            "actor",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "content_type",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="contenttypes.contenttype",
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                        (
                            "act",
                            models.GeneratedField(
                                db_persist=True,
                                expression=models.Case(
                                    models.When(
                                        models.Q(("event", ""), _negated=True),
                                        then=tenants.models.audit_entry.FirstWord("event"),
                                    ),
                                    models.When(action=0, then=models.Value("created")),
                                    models.When(action=1, then=models.Value("changed")),
                                    models.When(action=2, then=models.Value("deleted")),
                                    default=models.Value("seen"),
                                ),
                                output_field=models.CharField(max_length=60),
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                    ],
                    options={
                        "verbose_name": "audit entry",
                        "default_permissions": (),
                        "base_manager_name": "objects",
                        "indexes": [
                            models.Index(fields=["operator", "-timestamp", "-id"], name="audit_newest"),
                            models.Index(
                                fields=["operator", "content_type", "object_id", "-timestamp", "-id"],
                                name="audit_of_object",
                            ),
                            models.Index(fields=["operator", "xid"], name="audit_of_transaction"),
                            models.Index(
                                fields=["operator", "actor", "-timestamp", "-id", "act", "content_type"],
                                name="audit_of_actor",
                            ),
                            models.Index(
                                condition=models.Q(("is_platform", True)),
                                fields=["operator", "is_platform", "-timestamp", "-id"],
                                name="audit_of_platform",
                            ),
                            models.Index(
                                condition=models.Q(("cid__isnull", False)),
                                fields=["operator", "cid"],
                                name="audit_of_request",
                            ),
                            models.Index(
                                fields=["operator", "content_type", "-timestamp", "-id"], name="audit_of_kind"
                            ),
                            models.Index(
                                fields=["operator", "content_type", "act", "-timestamp", "-id"],
                                name="audit_of_kind_act",
                            ),
                            models.Index(fields=["operator", "act", "-timestamp", "-id"], name="audit_of_act"),
                            models.Index(
                                condition=models.Q(("task", ""), _negated=True),
                                fields=["operator", "task", "-timestamp", "-id", "act", "content_type"],
                                name="audit_of_task",
                            ),
                            models.Index(
                                condition=models.Q(("remote_addr__isnull", False)),
                                fields=["operator", "remote_addr", "-timestamp", "-id", "actor", "act", "content_type"],
                                name="audit_of_address",
                            ),
                            models.Index(
                                condition=models.Q(("api_key_id__isnull", False)),
                                fields=["operator", "api_key_id", "-timestamp", "-id", "act", "content_type"],
                                name="audit_of_key",
                            ),
                            models.Index(
                                condition=models.Q(("on_behalf_of__isnull", False)),
                                fields=["operator", "on_behalf_of", "-timestamp", "-id", "act", "content_type"],
                                name="audit_on_behalf",
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="audit_entry_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="audit_entry_of_operator"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Approval",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("action", models.CharField(max_length=30, verbose_name="act")),
                        ("subject", models.UUIDField(verbose_name="subject")),
                        ("facts", models.JSONField(default=dict)),
                        ("requested_at", models.DateTimeField(verbose_name="asked")),
                        ("expires_at", models.DateTimeField()),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "waiting for a second person"),
                                    ("approved", "approved"),
                                    ("refused", "refused"),
                                    ("withdrawn", "withdrawn"),
                                    ("used", "carried out"),
                                    ("outdated", "no longer valid"),
                                    ("expired", "expired"),
                                ],
                                default="waiting",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("decided_at", models.DateTimeField(null=True, verbose_name="decided")),
                        ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                        (
                            "decided_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "requested_by",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "approval",
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["operator", "-requested_at"], name="approval_newest")],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="approval_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="approval_of_operator"),
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["waiting", "approved"])),
                                fields=("operator", "action", "subject"),
                                name="approval_open_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state__in", ["approved", "used"]), _negated=True),
                                    models.Q(
                                        ("decided_by__isnull", False),
                                        models.Q(("decided_by", models.F("requested_by")), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="approval_by_a_second_person",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ApiKey",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("key_id", models.CharField(editable=False, max_length=16)),
                        ("secret_sha256", models.CharField(editable=False, max_length=64)),
                        ("name", models.CharField(max_length=100, verbose_name="name")),
                        (
                            "scopes",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=40), size=None, verbose_name="scopes"
                            ),
                        ),
                        ("created_by_id", models.BigIntegerField(editable=False, null=True)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("expires_at", models.DateTimeField(verbose_name="expires")),
                        ("last_used_at", models.DateTimeField(null=True, verbose_name="last used")),
                        ("last_used_address", models.GenericIPAddressField(null=True)),
                        ("revoked_at", models.DateTimeField(null=True, verbose_name="revoked")),
                        ("revoked_by_id", models.BigIntegerField(null=True)),
                        (
                            "replaced_by",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="replaces",
                                to="tenants.apikey",
                            ),
                        ),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "API key",
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="api_key_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="api_key_of_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="replaced_by", name="api_key_replaced_by_same_operator"
                            ),
                            models.UniqueConstraint(fields=("operator", "key_id"), name="api_key_id_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OperatorGrant",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "content_object",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="operator_grants",
                                to="tenants.operator",
                            ),
                        ),
                        (
                            "permission",
                            models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="auth.permission"),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="operator_grants",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.WriteSecurity(
                                adds=True, column="content_object_id", name="operator_grant_writes"
                            )
                        ],
                        "unique_together": {("user", "permission", "content_object")},
                    },
                ),
                migrations.CreateModel(
                    name="PlatformMember",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "user",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="platform_member",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="PlatformVisit",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("reason", models.CharField(max_length=300, verbose_name="reason")),
                        ("may_change", models.BooleanField(default=False)),
                        ("began_at", models.DateTimeField()),
                        ("ends_at", models.DateTimeField()),
                        ("ended_at", models.DateTimeField(null=True)),
                        (
                            "operator",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="platform_visits",
                                to="tenants.operator",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="platform_visits",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "platform visit",
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["user", "operator", "-ends_at"], name="platform_visit_of_person")
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("ends_at__gt", models.F("began_at"))), name="platform_visit_ends"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("reason", ""), _negated=True), name="platform_visit_has_reason"
                            ),
                            tenants.rls.constraints.WriteSecurity(
                                adds=True, column="operator_id", name="platform_visit_writes"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RecoveryCode",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("code_hash", models.CharField(max_length=64)),
                        ("used_at", models.DateTimeField(null=True)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "user",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="recovery_codes",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("user", "code_hash"), name="recovery_code_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TotpDevice",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(help_text="The human-readable name of this device.", max_length=64)),
                        ("confirmed", models.BooleanField(default=True, help_text="Is this device ready for use?")),
                        (
                            "throttling_failure_timestamp",
                            models.DateTimeField(
                                blank=True,
                                default=None,
                                help_text="A timestamp of the last failed verification attempt. Null if last attempt succeeded.",
                                null=True,
                            ),
                        ),
                        (
                            "throttling_failure_count",
                            models.PositiveIntegerField(default=0, help_text="Number of successive failed attempts."),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                auto_now_add=True,
                                help_text="The date and time when this device was initially created in the system.",
                                null=True,
                            ),
                        ),
                        (
                            "last_used_at",
                            models.DateTimeField(
                                blank=True, help_text="The most recent date and time this device was used.", null=True
                            ),
                        ),
                        ("sealed_seed", models.BinaryField()),
                        ("last_step", models.BigIntegerField(default=-1)),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="totp_devices",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="AuditCheck",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("queued", "waiting"),
                                    ("running", "running"),
                                    ("intact", "intact"),
                                    ("broken", "broken"),
                                    ("set_aside", "set aside"),
                                ],
                                default="queued",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("requested_by_id", models.BigIntegerField(null=True)),
                        ("requested_at", models.DateTimeField(verbose_name="asked")),
                        ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                        ("seals", models.PositiveIntegerField(default=0)),
                        ("entries", models.BigIntegerField(default=0)),
                        ("unsealed", models.BigIntegerField(default=0)),
                        ("head", models.CharField(blank=True, max_length=64)),
                        ("finding", models.JSONField(default=dict)),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("claimed_at", models.DateTimeField(null=True)),
                        ("done", models.BigIntegerField(default=0)),
                        ("error", models.CharField(blank=True, max_length=60)),
                        ("error_facts", models.JSONField(blank=True, default=dict)),
                        ("leased_until", models.DateTimeField(null=True)),
                        ("queued_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("total", models.BigIntegerField(default=0)),
                    ],
                    options={
                        "verbose_name": "check of the audit log",
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "-requested_at"], name="audit_check_newest"),
                            models.Index(
                                condition=models.Q(("state__in", ["queued", "running"])),
                                fields=["operator", "id"],
                                name="audit_check_open",
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="audit_check_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="audit_check_of_operator"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PlatformEvent",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("event", models.CharField(max_length=60)),
                        ("at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("task", models.CharField(blank=True, max_length=120)),
                        ("address", models.GenericIPAddressField(null=True)),
                        ("user_agent", models.CharField(blank=True, max_length=300)),
                        ("facts", models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder, null=True)),
                        (
                            "actor",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "platform event",
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["-at", "-id"], name="platform_event_newest")],
                    },
                ),
                migrations.CreateModel(
                    name="Turn",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("kind", models.CharField(max_length=40)),
                        ("lane", models.CharField(max_length=10)),
                        ("wanted_at", models.DateTimeField(null=True)),
                        ("taken_at", models.DateTimeField(null=True)),
                        (
                            "operator",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("operator", "kind"), name="turn_once", nulls_distinct=False)
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SearchSegment",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("subject", models.CharField(max_length=20)),
                        ("after", models.BigIntegerField()),
                        ("last", models.BigIntegerField()),
                        ("rows", models.IntegerField()),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "subject", "-last"], name="search_segment_newest")
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="search_segment_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="search_segment_of_operator"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SearchTerm",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("term", models.BigIntegerField()),
                        ("rows", models.IntegerField()),
                        ("packed", models.BinaryField()),
                        (
                            "operator",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                        (
                            "segment",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="terms",
                                to="tenants.searchsegment",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="search_term_row_security"),
                            tenants.rls.constraints.SameOperatorInBulk(
                                fields=("segment",), name="search_term_same_operator"
                            ),
                            models.UniqueConstraint(fields=("operator", "segment", "term"), name="search_term_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SearchIndex",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("queued", "waiting"),
                                    ("running", "running"),
                                    ("done", "done"),
                                    ("failed", "failed"),
                                    ("set_aside", "set aside"),
                                ],
                                default="queued",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("queued_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("claimed_at", models.DateTimeField(null=True)),
                        ("leased_until", models.DateTimeField(null=True)),
                        ("error", models.CharField(blank=True, max_length=60)),
                        ("error_facts", models.JSONField(blank=True, default=dict)),
                        ("done", models.BigIntegerField(default=0)),
                        ("total", models.BigIntegerField(default=0)),
                        ("subject", models.CharField(max_length=20)),
                        ("up_to", models.BigIntegerField(default=0)),
                        ("seen", models.BigIntegerField(default=0)),
                        ("seen_by", models.BigIntegerField(default=0)),
                        ("key", models.CharField(max_length=8)),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["queued", "running"])),
                                fields=["operator", "id"],
                                name="search_index_open",
                            )
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="search_index_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="search_index_of_operator"),
                            models.UniqueConstraint(fields=("operator", "subject"), name="search_index_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ListChoice",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("list_name", models.CharField(max_length=20)),
                        (
                            "columns",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=20), size=None
                            ),
                        ),
                        ("is_dense", models.BooleanField(default=False)),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="list_choice_row_security"),
                            models.UniqueConstraint(fields=("operator", "user", "list_name"), name="list_choice_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SavedView",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("list_name", models.CharField(max_length=20)),
                        ("name", models.CharField(max_length=60, verbose_name="name")),
                        ("query", models.CharField(max_length=2000)),
                        ("is_shared", models.BooleanField(default=False, verbose_name="shared")),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="saved_view_row_security"),
                            models.UniqueConstraint(
                                fields=("operator", "user", "list_name", "name"), name="saved_view_once"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Account",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("private", "private person"),
                                    ("company", "company"),
                                    ("housing", "housing association"),
                                    ("roaming", "roaming partner"),
                                ],
                                max_length=8,
                                verbose_name="kind",
                            ),
                        ),
                        ("customer_number", models.CharField(max_length=30, verbose_name="customer number")),
                        ("language", models.CharField(blank=True, max_length=5, verbose_name="language")),
                        (
                            "payment_terms_days",
                            models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="payment terms, days"),
                        ),
                        (
                            "delivery",
                            models.CharField(
                                choices=[
                                    ("portal", "in the portal"),
                                    ("email", "by e-mail"),
                                    ("e_invoice", "as an e-invoice"),
                                    ("letter", "by letter"),
                                ],
                                default="portal",
                                max_length=9,
                                verbose_name="delivery of invoices",
                            ),
                        ),
                        (
                            "least_amount",
                            models.DecimalField(
                                decimal_places=2, default=0, max_digits=8, verbose_name="smallest invoice"
                            ),
                        ),
                        (
                            "shows",
                            models.CharField(
                                choices=[
                                    ("invoices", "invoices only"),
                                    ("totals", "sums by driver"),
                                    ("sessions", "every session"),
                                ],
                                default="invoices",
                                max_length=8,
                                verbose_name="what its people see",
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True, verbose_name="active")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "driver",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="accounts",
                                to="tenants.driver",
                            ),
                        ),
                        (
                            "identity",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.driveridentity",
                            ),
                        ),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("kind", "private"), _negated=True),
                                fields=["operator", "kind", "id"],
                                name="account_few",
                            ),
                            models.Index(fields=["operator", "identity"], name="account_by_identity"),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="account_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="account_of_operator"),
                            tenants.rls.constraints.SameOperator(field="driver", name="account_driver_same_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="identity", name="account_identity_same_operator"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("driver__isnull", False), ("kind", "private")),
                                    models.Q(models.Q(("kind", "private"), _negated=True), ("driver__isnull", True)),
                                    _connector="OR",
                                ),
                                name="account_private_is_a_drivers",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("least_amount__gte", 0)), name="account_least_amount_not_negative"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("driver__isnull", False)),
                                fields=("operator", "driver"),
                                name="account_of_driver_once",
                            ),
                            models.UniqueConstraint(
                                fields=("operator", "customer_number"), name="account_customer_number_once"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PasswordLetter",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("queued", "waiting"),
                                    ("running", "running"),
                                    ("done", "done"),
                                    ("failed", "failed"),
                                    ("set_aside", "set aside"),
                                ],
                                default="queued",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("queued_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("claimed_at", models.DateTimeField(null=True)),
                        ("leased_until", models.DateTimeField(null=True)),
                        ("error", models.CharField(blank=True, max_length=60)),
                        ("error_facts", models.JSONField(blank=True, default=dict)),
                        ("done", models.BigIntegerField(default=0)),
                        ("total", models.BigIntegerField(default=0)),
                        ("sealed_to", models.TextField()),
                        ("link", models.TextField()),
                    ],
                    options={
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="AccountPerson",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "account",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="people",
                                to="tenants.account",
                            ),
                        ),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="accounts",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["operator", "account"], name="account_person_of_account")],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="account_person_row_security"),
                            tenants.rls.constraints.SameOperator(
                                field="account", name="account_person_account_same_operator"
                            ),
                            models.UniqueConstraint(fields=("operator", "user"), name="account_person_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ProcessingPurpose",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("code", models.SlugField(db_index=False, max_length=40, verbose_name="code")),
                        ("title", models.CharField(blank=True, max_length=100, verbose_name="purpose")),
                        ("why", models.TextField(blank=True, max_length=2000, verbose_name="what it is for")),
                        (
                            "basis",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("consent", "consent, art. 6(1)(a)"),
                                    ("contract", "contract, art. 6(1)(b)"),
                                    ("law", "legal obligation, art. 6(1)(c)"),
                                    ("vital", "vital interests, art. 6(1)(d)"),
                                    ("public", "public interest, art. 6(1)(e)"),
                                    ("interest", "legitimate interest, art. 6(1)(f)"),
                                ],
                                max_length=10,
                                verbose_name="lawful basis",
                            ),
                        ),
                        ("law", models.CharField(blank=True, max_length=200, verbose_name="law")),
                        (
                            "people",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=20),
                                blank=True,
                                default=list,
                                size=None,
                                verbose_name="people",
                            ),
                        ),
                        (
                            "kinds",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=20),
                                blank=True,
                                default=list,
                                size=None,
                                verbose_name="data",
                            ),
                        ),
                        ("recipients", models.TextField(blank=True, max_length=1000, verbose_name="other recipients")),
                        (
                            "transfers",
                            models.TextField(
                                blank=True, max_length=1000, verbose_name="transfers out of the EU and EEA"
                            ),
                        ),
                        ("kept", models.CharField(blank=True, max_length=300, verbose_name="kept")),
                        ("is_used", models.BooleanField(default=True, verbose_name="in use")),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="processing_purpose_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="processing_purpose_of_operator"),
                            models.UniqueConstraint(fields=("operator", "code"), name="processing_purpose_code_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PersonRequest",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("access", "copy of the data, art. 15"),
                                    ("rectification", "correction, art. 16"),
                                    ("erasure", "erasure, art. 17"),
                                    ("restriction", "restriction, art. 18"),
                                    ("portability", "data to take along, art. 20"),
                                    ("objection", "objection, art. 21"),
                                ],
                                max_length=14,
                                verbose_name="what is asked for",
                            ),
                        ),
                        (
                            "channel",
                            models.CharField(
                                choices=[
                                    ("portal", "portal"),
                                    ("email", "e-mail"),
                                    ("letter", "letter"),
                                    ("phone", "phone"),
                                    ("visit", "in person"),
                                ],
                                default="portal",
                                max_length=8,
                                verbose_name="how it came",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "open"),
                                    ("answered", "answered"),
                                    ("refused", "refused"),
                                    ("withdrawn", "withdrawn"),
                                ],
                                default="open",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("text", models.TextField(blank=True, max_length=5000, verbose_name="in the person's words")),
                        (
                            "identity_checked",
                            models.CharField(blank=True, max_length=300, verbose_name="how the identity was checked"),
                        ),
                        ("received_on", models.DateField(verbose_name="received")),
                        ("due_on", models.DateField(verbose_name="to be answered by")),
                        ("extended_at", models.DateTimeField(null=True)),
                        (
                            "extension_reason",
                            models.TextField(blank=True, max_length=2000, verbose_name="why it takes longer"),
                        ),
                        ("closed_at", models.DateTimeField(null=True, verbose_name="answered")),
                        ("answer", models.TextField(blank=True, max_length=5000, verbose_name="answer")),
                        ("entered_by_id", models.BigIntegerField(null=True)),
                        ("closed_by_id", models.BigIntegerField(null=True)),
                        (
                            "driver",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="requests",
                                to="tenants.driver",
                            ),
                        ),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "open")),
                                fields=["operator", "due_on", "id"],
                                name="person_request_open",
                            ),
                            models.Index(fields=["operator", "-closed_at", "-id"], name="person_request_closed"),
                            models.Index(fields=["operator", "driver", "-id"], name="person_request_of_driver"),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="person_request_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="person_request_of_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="driver", name="person_request_driver_same_operator"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PersonPackage",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("queued", "waiting"),
                                    ("running", "running"),
                                    ("done", "done"),
                                    ("failed", "failed"),
                                    ("set_aside", "set aside"),
                                ],
                                default="queued",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("queued_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("claimed_at", models.DateTimeField(null=True)),
                        ("leased_until", models.DateTimeField(null=True)),
                        ("error", models.CharField(blank=True, max_length=60)),
                        ("error_facts", models.JSONField(blank=True, default=dict)),
                        ("done", models.BigIntegerField(default=0)),
                        ("total", models.BigIntegerField(default=0)),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("language", models.CharField(max_length=5)),
                        ("file", models.FileField(blank=True, max_length=300, upload_to="")),
                        ("sha256", models.CharField(blank=True, max_length=64)),
                        ("size", models.BigIntegerField(default=0)),
                        ("made_at", models.DateTimeField(null=True)),
                        ("expires_at", models.DateTimeField(null=True)),
                        ("fetched_at", models.DateTimeField(null=True)),
                        ("requested_by_id", models.BigIntegerField(null=True)),
                        (
                            "driver",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="packages",
                                to="tenants.driver",
                            ),
                        ),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                        (
                            "request",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="packages",
                                to="tenants.personrequest",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["queued", "running"])),
                                fields=["operator", "id"],
                                name="person_package_open",
                            ),
                            models.Index(
                                condition=models.Q(("file", ""), _negated=True),
                                fields=["operator", "expires_at"],
                                name="person_package_age",
                            ),
                            models.Index(fields=["operator", "driver", "-id"], name="person_package_of_driver"),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="person_package_row_security"),
                            tenants.rls.constraints.SameOperator(
                                field="driver", name="person_package_driver_same_operator"
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="request", name="person_package_request_same_operator"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["queued", "running"])),
                                fields=("operator", "driver"),
                                name="person_package_open_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PrivacyNotice",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("version", models.PositiveIntegerField()),
                        ("language", models.CharField(max_length=5)),
                        ("title", models.CharField(max_length=100, verbose_name="title")),
                        ("text", models.TextField(verbose_name="text")),
                        ("text_sha256", models.CharField(editable=False, max_length=64)),
                        ("published_at", models.DateTimeField()),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="privacy_notice_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="privacy_notice_of_operator"),
                            models.UniqueConstraint(
                                fields=("operator", "version", "language"), name="privacy_notice_version_once"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ProcessingLimit",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[("restriction", "restricted"), ("objection", "objects")], max_length=12
                            ),
                        ),
                        ("since", models.DateTimeField()),
                        ("until", models.DateTimeField(null=True)),
                        (
                            "driver",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="limits",
                                to="tenants.driver",
                            ),
                        ),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                        (
                            "request",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="limits",
                                to="tenants.personrequest",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="processing_limit_row_security"),
                            tenants.rls.constraints.SameOperator(
                                field="driver", name="processing_limit_driver_same_operator"
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="request", name="processing_limit_request_same_operator"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("until", None)),
                                fields=("operator", "driver", "kind"),
                                name="processing_limit_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="NoticeDraft",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("words", models.JSONField(default=dict)),
                        ("changed_by_id", models.BigIntegerField(null=True)),
                        ("changed_at", models.DateTimeField()),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                        (
                            "purpose",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="drafts",
                                to="tenants.consentpurpose",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="notice_draft_row_security"),
                            tenants.rls.constraints.SameOperator(
                                field="purpose", name="notice_draft_purpose_same_operator"
                            ),
                            models.UniqueConstraint(
                                fields=("operator", "purpose"), name="notice_draft_once", nulls_distinct=False
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="NoticeLetters",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("queued", "waiting"),
                                    ("running", "running"),
                                    ("done", "done"),
                                    ("failed", "failed"),
                                    ("set_aside", "set aside"),
                                ],
                                default="queued",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("queued_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("claimed_at", models.DateTimeField(null=True)),
                        ("leased_until", models.DateTimeField(null=True)),
                        ("error", models.CharField(blank=True, max_length=60)),
                        ("error_facts", models.JSONField(blank=True, default=dict)),
                        ("done", models.BigIntegerField(default=0)),
                        ("total", models.BigIntegerField(default=0)),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("version", models.PositiveIntegerField()),
                        ("link", models.TextField()),
                        ("up_to", models.BigIntegerField(default=0)),
                        ("started_by_id", models.BigIntegerField(null=True)),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                        (
                            "purpose",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="letters",
                                to="tenants.consentpurpose",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["queued", "running"])),
                                fields=["operator", "id"],
                                name="notice_letters_open",
                            )
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="notice_letters_row_security"),
                            tenants.rls.constraints.SameOperator(
                                field="purpose", name="notice_letters_purpose_same_operator"
                            ),
                            models.UniqueConstraint(
                                fields=("operator", "purpose", "version"),
                                name="notice_letters_once",
                                nulls_distinct=False,
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LegalHold",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("reason", models.CharField(max_length=500, verbose_name="why")),
                        ("since", models.DateTimeField(verbose_name="since")),
                        ("until", models.DateTimeField(null=True, verbose_name="until")),
                        ("made_by_id", models.BigIntegerField(null=True)),
                        (
                            "driver",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="holds",
                                to="tenants.driver",
                            ),
                        ),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("until", None)),
                                fields=["operator", "driver"],
                                name="legal_hold_now",
                            )
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="legal_hold_row_security"),
                            tenants.rls.constraints.SameOperator(
                                field="driver", name="legal_hold_driver_same_operator"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RetentionNight",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("queued", "waiting"),
                                    ("running", "running"),
                                    ("done", "done"),
                                    ("failed", "failed"),
                                    ("set_aside", "set aside"),
                                ],
                                default="queued",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("queued_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("claimed_at", models.DateTimeField(null=True)),
                        ("leased_until", models.DateTimeField(null=True)),
                        ("error", models.CharField(blank=True, max_length=60)),
                        ("error_facts", models.JSONField(blank=True, default=dict)),
                        ("done", models.BigIntegerField(default=0)),
                        ("total", models.BigIntegerField(default=0)),
                        ("night", models.DateField()),
                        ("at", models.DateTimeField()),
                        ("counts", models.JSONField(default=dict)),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["queued", "running"])),
                                fields=["operator", "id"],
                                name="retention_night_open",
                            )
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="retention_night_row_security"),
                            models.UniqueConstraint(fields=("operator", "night"), name="retention_night_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RetentionRule",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("code", models.CharField(max_length=20, verbose_name="what")),
                        ("days", models.PositiveIntegerField(verbose_name="days")),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="retention_rule_row_security"),
                            models.UniqueConstraint(fields=("operator", "code"), name="retention_rule_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Erasure",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("queued", "waiting"),
                                    ("running", "running"),
                                    ("done", "done"),
                                    ("failed", "failed"),
                                    ("set_aside", "set aside"),
                                ],
                                default="queued",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("queued_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("claimed_at", models.DateTimeField(null=True)),
                        ("leased_until", models.DateTimeField(null=True)),
                        ("error", models.CharField(blank=True, max_length=60)),
                        ("error_facts", models.JSONField(blank=True, default=dict)),
                        ("done", models.BigIntegerField(default=0)),
                        ("total", models.BigIntegerField(default=0)),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("answer", models.TextField(blank=True, max_length=5000)),
                        ("requested_by_id", models.BigIntegerField(null=True)),
                        ("erased_at", models.DateTimeField(null=True)),
                        ("went", models.JSONField(default=dict)),
                        ("stays", models.JSONField(default=list)),
                        (
                            "driver",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="erasures",
                                to="tenants.driver",
                            ),
                        ),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                        (
                            "request",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="erasures",
                                to="tenants.personrequest",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["queued", "running"])),
                                fields=["operator", "id"],
                                name="erasure_open",
                            )
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="erasure_row_security"),
                            tenants.rls.constraints.SameOperator(field="driver", name="erasure_driver_same_operator"),
                            tenants.rls.constraints.SameOperator(field="request", name="erasure_request_same_operator"),
                            models.UniqueConstraint(fields=("operator", "driver"), name="erasure_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OperatorKey",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("number", models.PositiveIntegerField()),
                        ("wrapped", models.BinaryField()),
                        ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "operator",
                            models.ForeignKey(
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="operator_key_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="operator_key_of_operator"),
                            models.UniqueConstraint(fields=("operator", "number"), name="operator_key_once"),
                        ],
                    },
                ),
            ],
        ),
        migrations.RunSQL(Path(__file__).with_name("walls.sql").read_text(encoding="utf-8")),
    ]
