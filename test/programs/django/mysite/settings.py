import os

SECRET_KEY = "of a test"
ALLOWED_HOSTS = [os.environ.get("NEXUSHUB_HOST") or os.environ["HOST"]]  # HOST is an address where it is open
ROOT_URLCONF = "mysite.urls"
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["STATE_DIRECTORY"] + "/db.sqlite3"}
}
