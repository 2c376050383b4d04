from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("tenants", "0068_views_in_clear_are_gone")]

    operations = [
        migrations.AddField(
            "account", "dealer_since", models.DateField(blank=True, null=True, verbose_name="buys to resell from")
        ),
        migrations.AddField(
            "account", "dealer_until", models.DateField(blank=True, null=True, verbose_name="buys to resell until")
        ),
        migrations.AddField(
            "account",
            "dealer_evidence",
            models.CharField(
                blank=True, db_default="", default="", max_length=80, verbose_name="what shows that it resells"
            ),
        ),
        migrations.AddField(
            "account",
            "dealer_in",
            models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=2, verbose_name="established in"
            ),
        ),
        migrations.AddField(
            "account",
            "dealer_changed_at",
            models.DateTimeField(editable=False, null=True, verbose_name="resale changed"),
        ),
        migrations.AddConstraint(
            "account",
            models.CheckConstraint(
                condition=Q(dealer_since__isnull=True, dealer_until__isnull=True)
                | (Q(dealer_since__isnull=False, driver__isnull=True) & ~Q(dealer_in="") & ~Q(dealer_evidence="")),
                name="account_dealer_is_shown",
            ),
        ),
        migrations.AddConstraint(
            "account",
            models.CheckConstraint(
                condition=Q(dealer_until__isnull=True) | Q(dealer_until__gte=F("dealer_since")),
                name="account_dealer_until_after_since",
            ),
        ),
        migrations.AddIndex(
            "account",
            models.Index(fields=["operator"], name="account_dealers", condition=Q(dealer_since__isnull=False)),
        ),
    ]
