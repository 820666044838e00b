import os
import sqlite3
import sys

from flask import Flask, request

app = Flask(__name__)


def db():
    con = sqlite3.connect(os.path.join(os.environ.get("STATE_DIRECTORY", "."), "notes.db"), timeout=10)
    con.execute("create table if not exists notes (text)")
    return con


@app.get("/")
def page():
    return f"<h1>{len(notes())} notes</h1><p>Python of {sys.prefix}"


@app.get("/api/notes")
def notes():
    with db() as con:
        return [text for text, in con.execute("select text from notes")]


@app.post("/api/notes")
def add():
    with db() as con:
        con.execute("insert into notes values (?)", [request.json["text"]])
    return notes(), 201
