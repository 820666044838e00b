from django.db import connection
from django.http import HttpResponse
from django.urls import path


def home(request):
    with connection.cursor() as cursor:
        cursor.execute("select 6 * 7")
        answer = cursor.fetchone()[0]
    return HttpResponse(f"secure={request.is_secure()} {request.build_absolute_uri()} {answer}")


urlpatterns = [path("", home)]
