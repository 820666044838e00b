import os
import sqlite3

from flask import Flask, request, send_from_directory
from werkzeug.utils import secure_filename

DATA = os.environ.get("STATE_DIRECTORY", ".")
FILES = os.path.join(DATA, "files")
app = Flask(__name__)


def db():
    con = sqlite3.connect(os.path.join(DATA, "notes.db"), timeout=10)
    con.execute("create table if not exists notes (text)")
    return con


@app.get("/")
def page():
    return f"<h1>{len(notes())} notes</h1><form method=post action=/files enctype=multipart/form-data>" \
        "<input type=file name=file><button>Upload</button></form>"


@app.get("/api/notes")
def notes():
    with db() as con:
        return [text for text, in con.execute("select text from notes")]


@app.post("/api/notes")
def add():
    with db() as con:
        con.execute("insert into notes values (?)", [request.json["text"]])
    return notes(), 201


@app.post("/files")
def upload():
    os.makedirs(FILES, exist_ok=True)
    name = secure_filename(request.files["file"].filename)
    request.files["file"].save(os.path.join(FILES, name))
    return {"name": name}, 201


@app.get("/files/<name>")
def download(name):
    return send_from_directory(FILES, name)
