import os
import sys

from flask import Flask

app = Flask(__name__)


@app.route("/")
def hello():
    here = os.path.dirname(os.path.abspath(__file__))
    return "isolated" if sys.prefix == here + "/env" != sys.base_prefix else sys.prefix
