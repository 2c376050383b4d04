from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("charging", "0029_notes_are_sealed")]
    operations = [migrations.RemoveField(model_name="chargingsession", name="was_review_note")]
