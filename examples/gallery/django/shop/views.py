from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from .models import Order


def page(request):
    return render(request, "shop/page.html", {"orders": Order.objects.order_by("id")})


@require_POST
def add(request):
    Order.objects.create(what=request.POST["what"])
    return redirect("/")


def orders(request):
    return JsonResponse({"orders": list(Order.objects.order_by("id").values())})
