//! What `psql` sends, taken down on its way.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What went over the wire, in order: the protocol is a question and its answer in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The text of a simple query.
    Query(String),
    /// The message of the server's error.
    Error(String),
    /// The server asks for the data of a `COPY … FROM STDIN`.
    CopyIn,
}

/// Listens on a port of its own.
#[derive(Debug)]
pub struct Recorder {
    pub port: u16,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Recorder {
    /// Hands everything on to a server.
    pub fn in_front_of(server: u16) -> io::Result<Self> {
        Self::listen(move |client, events| {
            let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server))?;
            server.set_nodelay(true)?;
            let back = (server.try_clone()?, client.try_clone()?, Arc::clone(&events));
            thread::spawn(move || {
                let (mut server, mut client, events) = back;
                let _ = answers(&mut server, &mut client, &events);
                let _ = client.shutdown(std::net::Shutdown::Both);
            });
            questions(client, server, &events)
        })
    }

    /// Plays a server that answers every query with nothing: no statement can do any harm.
    pub fn alone(standard_conforming_strings: bool) -> io::Result<Self> {
        Self::listen(move |mut client, events| {
            startup(&mut client)?;
            let mut hello = message(b'R', &0u32.to_be_bytes());
            let strings = if standard_conforming_strings { "on" } else { "off" };
            for (name, value) in
                [("server_version", "15.0"), ("client_encoding", "UTF8"), ("standard_conforming_strings", strings)]
            {
                hello.extend(message(b'S', format!("{name}\0{value}\0").as_bytes()));
            }
            hello.extend(message(b'Z', b"I"));
            client.write_all(&hello)?;
            loop {
                let (kind, body) = read_message(&mut client)?;
                if kind == b'Q' {
                    record(&events, Event::Query(text(&body)));
                    let mut answer = message(b'I', b"");
                    answer.extend(message(b'Z', b"I"));
                    client.write_all(&answer)?;
                }
            }
        })
    }

    fn listen(
        serve: impl Fn(TcpStream, Arc<Mutex<Vec<Event>>>) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let events = Arc::new(Mutex::new(Vec::new()));
        let recorder = Recorder { port, events: Arc::clone(&events) };
        let serve = Arc::new(serve);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (serve, events) = (Arc::clone(&serve), Arc::clone(&events));
                // psql's \connect opens the second connection before it closes the first.
                thread::spawn(move || {
                    let _ = client.set_nodelay(true);
                    // The end of a connection is an error here, and the rule.
                    let _ = serve(client, events);
                });
            }
        });
        Ok(recorder)
    }

    /// What has been recorded since the last call.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn questions(mut client: TcpStream, mut server: TcpStream, events: &Mutex<Vec<Event>>) -> io::Result<()> {
    let start = startup(&mut client)?;
    server.write_all(&start)?;
    loop {
        let (kind, body) = match read_message(&mut client) {
            Ok(read) => read,
            Err(error) => {
                let _ = server.shutdown(std::net::Shutdown::Both);
                return Err(error);
            }
        };
        if kind == b'Q' {
            record(events, Event::Query(text(&body)));
        }
        server.write_all(&message(kind, &body))?;
    }
}

fn answers(server: &mut TcpStream, client: &mut TcpStream, events: &Mutex<Vec<Event>>) -> io::Result<()> {
    loop {
        let (kind, body) = read_message(server)?;
        match kind {
            b'E' => {
                let fields = body.split(|&byte| byte == 0);
                let said = fields.filter_map(|field| field.strip_prefix(b"M")).map(text).next();
                record(events, Event::Error(said.unwrap_or_default()));
            }
            b'G' => record(events, Event::CopyIn),
            _ => {}
        }
        client.write_all(&message(kind, &body))?;
    }
}

fn record(events: &Mutex<Vec<Event>>, event: Event) {
    events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
}

/// The first message has no kind.
fn startup(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    client.read_exact(&mut length)?;
    let mut start = vec![0; u32::from_be_bytes(length) as usize];
    start[..4].copy_from_slice(&length);
    client.read_exact(&mut start[4..])?;
    Ok(start)
}

fn read_message(from: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    from.read_exact(&mut head)?;
    let [kind, length @ ..] = head;
    let mut body = vec![0; (u32::from_be_bytes(length) as usize).saturating_sub(4)];
    from.read_exact(&mut body)?;
    Ok((kind, body))
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("no message has 4 GB");
    [&[kind], length.to_be_bytes().as_slice(), body].concat()
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body.strip_suffix(b"\0").unwrap_or(body)).into_owned()
}
