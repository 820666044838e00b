import signal
import threading

from django.core.management.base import BaseCommand
from django.db import close_old_connections, transaction
from django.utils import timezone

from shop.models import Order


class Command(BaseCommand):
    help = "Packs orders until it is told to stop."

    def handle(self, *args, **options):
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        while not stop.is_set():
            close_old_connections()
            if not self.pack_one():
                stop.wait(0.5)

    @transaction.atomic
    def pack_one(self):
        order = Order.objects.select_for_update(skip_locked=True).filter(packed=None).order_by("id").first()
        if order:
            order.packed = timezone.now()
            order.save()
            self.stdout.write(f"packed order {order.id}")
        return order
