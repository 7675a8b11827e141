//! A small web server on this machine, with an answer for each failure of a network.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// How the server answers each request.
#[derive(Clone)]
pub(super) enum Answer {
    /// Status 200 and these bytes.
    Body(Vec<u8>),
    /// Status 404 and a page.
    NotFound,
    /// Nothing at all, with the connection left open.
    Silence,
    /// Half of these bytes, after all were announced; then the connection closes.
    Half(Vec<u8>),
    /// Half of these bytes, after all were announced; then nothing, with the connection left open.
    HalfThenSilence(Vec<u8>),
    /// Bytes without end and without a length.
    Endless,
}

/// A server that runs until the tests end.
pub(super) struct Server {
    /// What to put into `Options::mirrors`.
    pub(super) address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server that answers every request in the same way.
    pub(super) fn new(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/mnist/", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, seen) = (answer.clone(), Arc::clone(&seen));
                // A client that gives up breaks the pipe, which is no failure of the test.
                thread::spawn(move || serve(&stream, &answer, &seen).ok());
            }
        });
        Self { address, requests }
    }

    /// The paths that were asked for.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// An address where connections are refused.
pub(super) fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

/// A listener that never accepts connections, and its HTTPS address.
pub(super) fn unresponsive() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}/", listener.local_addr().unwrap());
    (listener, address)
}

fn serve(mut stream: &TcpStream, answer: &Answer, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    seen.lock().unwrap().push(request.split(' ').nth(1).unwrap_or_default().to_owned());
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let ok =
        |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    match answer {
        Answer::Body(bytes) => {
            stream.write_all(ok(bytes.len()).as_bytes())?;
            stream.write_all(bytes)
        }
        Answer::NotFound => {
            let page = "HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>";
            stream.write_all(page.as_bytes())
        }
        // Waits until the client gives up.
        Answer::Silence => stream.read(&mut [0]).map(|_| ()),
        Answer::Half(bytes) => {
            stream.write_all(ok(bytes.len()).as_bytes())?;
            stream.write_all(&bytes[..bytes.len() / 2])
        }
        Answer::HalfThenSilence(bytes) => {
            stream.write_all(ok(bytes.len()).as_bytes())?;
            stream.write_all(&bytes[..bytes.len() / 2])?;
            stream.read(&mut [0]).map(|_| ())
        }
        Answer::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&[0; 4096])?;
            }
        }
    }
}
