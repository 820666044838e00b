import os
import pathlib

from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse, HTMLResponse

DATA = pathlib.Path(os.environ.get("STATE_DIRECTORY", "."))
app = FastAPI(title="Chat")
people = set()


@app.get("/", response_class=HTMLResponse)
def page():
    return """<!doctype html><title>Chat</title><input id=say autofocus><ul id=said></ul><script>
const socket = new WebSocket('wss://' + location.host + '/ws')
socket.onmessage = e => said.append(Object.assign(document.createElement('li'), {textContent: e.data}))
say.onchange = () => { socket.send(say.value); say.value = '' }
</script>"""


@app.websocket("/ws")
async def chat(socket: WebSocket):
    await socket.accept()
    people.add(socket)
    try:
        while True:
            text = await socket.receive_text()
            with (DATA / "chat.txt").open("a") as log:
                log.write(text + "\n")
            for other in list(people):
                await other.send_text(text)
    except WebSocketDisconnect:
        people.discard(socket)


@app.get("/api/said")
def said():
    log = DATA / "chat.txt"
    return log.read_text().splitlines() if log.exists() else []


@app.put("/api/files/{name}", status_code=201)
async def upload(name: str, request: Request):
    (DATA / name).write_bytes(await request.body())


@app.get("/api/files/{name}")
def download(name: str):
    return FileResponse(DATA / name)
