import http.server
import os
import sqlite3

db = sqlite3.connect(os.environ["STATE_DIRECTORY"] + "/data.db")
db.execute("pragma journal_mode = wal")
db.execute("create table if not exists starts (at text)")
db.execute("insert into starts values (datetime('now'))")
db.commit()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        starts = db.execute("select count(*) from starts").fetchone()[0]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"starts={starts}".encode())


http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
