"""Write down for what is issued already what its places, tariffs and customers are called today; from here on final."""

from typing import ClassVar

from django.db import migrations

NAMES = """
INSERT INTO billing_issuedplace (operator_id, run_id, site_id, station_id, site_name, station_name, station_identifier,
    time_zone)
SELECT seen.operator_id, seen.run_id, w.id, t.id, w.name, coalesce(nullif(t.name, ''), t.identifier), t.identifier,
    w.time_zone
FROM (
    SELECT DISTINCT i.operator_id, i.run_id, s.site_id, s.station_id FROM billing_invoice i
    JOIN billing_billedsession b ON b.operator_id = i.operator_id AND b.invoice_id = i.id
    JOIN charging_chargingsession s ON s.operator_id = b.operator_id AND s.id = b.session_id
    WHERE i.state = 'issued' AND i.run_id IS NOT NULL
) seen
JOIN charging_site w ON w.operator_id = seen.operator_id AND w.id = seen.site_id
JOIN charging_station t ON t.operator_id = seen.operator_id AND t.id = seen.station_id;

INSERT INTO billing_issuedtariff (operator_id, run_id, tariff_version_id, name)
SELECT used.operator_id, used.run_id, v.id, f.name
FROM (
    SELECT DISTINCT i.operator_id, i.run_id, l.tariff_version_id FROM billing_invoice i
    JOIN billing_invoiceline l ON l.operator_id = i.operator_id AND l.invoice_id = i.id
    WHERE i.state = 'issued' AND i.run_id IS NOT NULL
) used
JOIN billing_tariffversion v ON v.operator_id = used.operator_id AND v.id = used.tariff_version_id
JOIN billing_tariff f ON f.operator_id = v.operator_id AND f.id = v.tariff_id;

SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE billing_invoice DISABLE TRIGGER USER;
UPDATE billing_invoice i SET customer_number = d.customer_number
FROM tenants_driver d WHERE d.operator_id = i.operator_id AND d.id = i.driver_id AND i.state = 'issued';
ALTER TABLE billing_invoice ENABLE TRIGGER USER;
"""
FINAL = """
CREATE TRIGGER final_names BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("billing", "0012_names_as_issued")]

    operations: ClassVar = [
        migrations.RunSQL(
            NAMES + "".join(FINAL.format(table=table) for table in ("billing_issuedplace", "billing_issuedtariff"))
        )
    ]
