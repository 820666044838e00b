from django.urls import path

from shop import views

urlpatterns = [path("", views.page), path("orders", views.add), path("api/orders", views.orders)]
