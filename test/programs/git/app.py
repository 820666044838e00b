# Keeps its pages in a repository in its state folder.
import http.server
import os
import subprocess


def git(*arguments):
    ran = subprocess.run(["git", *arguments], capture_output=True, text=True, cwd=os.environ["STATE_DIRECTORY"])
    if ran.returncode:
        raise RuntimeError(ran.stderr)
    return ran.stdout


git("config", "--global", "user.name", "app")
git("config", "--global", "user.email", "app@example.org")
git("init", "--quiet", "pages")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        git("-C", "pages", "commit", "--quiet", "--allow-empty", "--message", "asked")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(git("-C", "pages", "log", "--format=%an %s", "-1").encode())


http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
