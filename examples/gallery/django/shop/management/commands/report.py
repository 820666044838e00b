from django.core.management.base import BaseCommand

from shop.models import Order


class Command(BaseCommand):
    help = "Says how many orders there are."

    def handle(self, *args, **options):
        packed = Order.objects.exclude(packed=None).count()
        self.stdout.write(f"{Order.objects.count()} orders, {packed} packed")
