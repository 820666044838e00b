import http.server
import os
import sys

import shoplib


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{shoplib.WORD} prefix={sys.prefix} here={os.getcwd()}/venv".encode())


http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()
