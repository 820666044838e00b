import os


def app(environ, start_response):
    data = f"worker {os.getpid()} of {os.getppid()}, {environ['wsgi.url_scheme']}".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(data)))])
    return iter([data])
