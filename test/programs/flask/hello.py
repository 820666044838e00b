from flask import Flask, session

app = Flask(__name__)
app.secret_key = "of a test"


@app.route("/")
def hello():
    session["seen"] = True
    return "flask"
