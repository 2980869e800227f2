//! The smallest HTTP client that will do: one request, one connection.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

/// Reads from a server as this client: status and JSON body.
pub(crate) fn get(base: &str, path: &str, client: &str) -> (u16, Value) {
    ask(base, "GET", path, client, "")
}

/// Posts to a server as this client.
pub(crate) fn post(base: &str, path: &str, client: &str, body: &Value) -> (u16, Value) {
    ask(base, "POST", path, client, &body.to_string())
}

fn ask(base: &str, method: &str, path: &str, client: &str, body: &str) -> (u16, Value) {
    let mut stream = send(base, method, path, client, body);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

/// Sends a request and leaves the answer to be read.
pub(crate) fn send(base: &str, method: &str, path: &str, client: &str, body: &str) -> TcpStream {
    let host = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {host}\r\nUser-Agent: {client}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    stream
}
