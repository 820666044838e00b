//! Notes behind an API.

use std::{env, fs, io, path::PathBuf};

use serde_json::{json, Value};
use tiny_http::{Header, Method, Request, Response, Server};

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut notes = Notes::open(PathBuf::from(env::var("STATE_DIRECTORY").unwrap_or_default()).join("notes.json"))?;
    let server = Server::http(format!("{}:{}", env::var("HOST")?, env::var("PORT")?))?;
    for mut request in server.incoming_requests() {
        let (status, kind, body) = answer(&mut notes, &mut request);
        let response = Response::from_string(body)
            .with_status_code(status)
            .with_header(Header::from_bytes("Content-Type", kind).expect("a header"));
        if let Err(gone) = request.respond(response) {
            eprintln!("the client is gone: {gone}");
        }
    }
    Ok(())
}

fn answer(notes: &mut Notes, request: &mut Request) -> (u16, &'static str, String) {
    const HTML: &str = "text/html; charset=utf-8";
    const JSON: &str = "application/json";
    match (request.method(), request.url()) {
        (Method::Get, "/") => (200, HTML, format!("<h1>{} notes</h1>", notes.list.len())),
        (Method::Get, "/api/notes") => (200, JSON, json!(notes.list).to_string()),
        (Method::Post, "/api/notes") => match notes.add(request) {
            Ok(()) => (201, JSON, json!(notes.list).to_string()),
            Err(e) => (400, HTML, e.to_string()),
        },
        _ => (404, HTML, "there is no such page".to_string()),
    }
}

/// What is kept in one file.
struct Notes {
    file: PathBuf,
    list: Vec<Value>,
}

impl Notes {
    fn open(file: PathBuf) -> io::Result<Notes> {
        let list = match fs::read(&file) {
            Ok(text) => serde_json::from_slice(&text)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(e),
        };
        Ok(Notes { file, list })
    }

    fn add(&mut self, request: &mut Request) -> io::Result<()> {
        let note: Value = serde_json::from_reader(request.as_reader())?;
        let mut list = self.list.clone();
        list.push(note["text"].clone());
        let new = self.file.with_extension("new");
        fs::write(&new, json!(list).to_string())?;
        fs::rename(&new, &self.file)?;
        self.list = list;
        Ok(())
    }
}
