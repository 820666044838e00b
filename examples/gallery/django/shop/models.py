from django.db import models


class Order(models.Model):
    what = models.CharField(max_length=200)
    made = models.DateTimeField(auto_now_add=True)
    packed = models.DateTimeField(null=True)
