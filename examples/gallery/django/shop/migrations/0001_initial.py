from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel(name="Order", fields=[
            ("id", models.BigAutoField(primary_key=True)),
            ("what", models.CharField(max_length=200)),
            ("made", models.DateTimeField(auto_now_add=True)),
            ("packed", models.DateTimeField(null=True)),
        ]),
    ]
