//! What the client sends, taken down on its way.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::Family;

/// Bits of the protocol's `server_status`.
pub const AUTOCOMMIT: u16 = 0x2;
pub const NO_BACKSLASH_ESCAPES: u16 = 0x200;
pub const ANSI_QUOTES: u16 = 0x8000;

const COM_QUIT: u8 = 1;
const COM_INIT_DB: u8 = 2;
const COM_QUERY: u8 = 3;
const CLIENT_QUERY_ATTRIBUTES: u32 = 1 << 27;

type Queries = Arc<Mutex<Vec<String>>>;

/// Listens on a port of its own.
#[derive(Debug)]
pub struct Recorder {
    pub port: u16,
    queries: Queries,
}

impl Recorder {
    /// Hands everything on to a server.
    pub fn in_front_of(server: u16) -> io::Result<Self> {
        Self::listen(move |mut client, queries| {
            let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, server))?;
            server.set_nodelay(true)?;
            let mut back = (server.try_clone()?, client.try_clone()?);
            thread::spawn(move || {
                let _ = io::copy(&mut back.0, &mut back.1);
                let _ = back.1.shutdown(Shutdown::Both);
            });
            let handed_on = questions(&mut client, &mut server, queries);
            let _ = server.shutdown(Shutdown::Both);
            handed_on
        })
    }

    /// Plays a server that answers everything with "done": no statement can do any harm.
    pub fn alone(family: Family, status: u16) -> io::Result<Self> {
        Self::listen(move |mut client, queries| {
            write_packet(&mut client, 0, &greeting(family, status))?;
            let (number, _) = read_packet(&mut client)?;
            write_packet(&mut client, number.wrapping_add(1), &done(status))?;
            loop {
                let (number, packet) = read_packet(&mut client)?;
                if packet.first() == Some(&COM_QUIT) {
                    return Ok(());
                }
                let answer = match packet.strip_prefix(&[COM_QUERY]) {
                    // The client asks so whether there are dollar quotes; to know no such column would be a no.
                    Some(b"select $$") if family == Family::Mysql => b"\xff\x28\x04#42000syntax".to_vec(),
                    _ => {
                        record(queries, &packet, false);
                        done(status)
                    }
                };
                write_packet(&mut client, number.wrapping_add(1), &answer)?;
            }
        })
    }

    fn listen(serve: impl Fn(TcpStream, &Queries) -> io::Result<()> + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let queries = Queries::default();
        let recorder = Recorder { port, queries: Arc::clone(&queries) };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let _ = client.set_nodelay(true);
                // The end of a connection is an error here, and the rule.
                let _ = serve(client, &queries);
            }
        });
        Ok(recorder)
    }

    /// What has been sent since the last call.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.queries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn questions(client: &mut TcpStream, server: &mut TcpStream, queries: &Queries) -> io::Result<()> {
    let (number, answer) = read_packet(client)?;
    let capabilities = answer.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    write_packet(server, number, &answer)?;
    loop {
        let (number, packet) = read_packet(client)?;
        if number == 0 {
            record(queries, &packet, capabilities & CLIENT_QUERY_ATTRIBUTES != 0);
        }
        write_packet(server, number, &packet)?;
    }
}

fn record(queries: &Queries, packet: &[u8], attributes: bool) {
    let use_name;
    let text = match packet {
        // No attributes, one set of them.
        [COM_QUERY, 0, 1, text @ ..] if attributes => text,
        [COM_QUERY, text @ ..] => text,
        // The client has a USE of its own.
        [COM_INIT_DB, name @ ..] => {
            use_name = [b"USE ", name].concat();
            &use_name
        }
        _ => return,
    };
    queries.lock().unwrap_or_else(PoisonError::into_inner).push(String::from_utf8_lossy(text).into_owned());
}

fn greeting(family: Family, status: u16) -> Vec<u8> {
    // Protocol 4.1, plug-in authentication, UTF-8; a password is never asked for.
    const CAPABILITIES: u32 = 0x0008_a209;
    let (version, plugin) = match family {
        Family::Mysql => ("9.7.0", "caching_sha2_password"),
        Family::Mariadb => ("5.5.5-10.11.0-MariaDB", "mysql_native_password"),
    };
    let [low, high] = [CAPABILITIES as u16, (CAPABILITIES >> 16) as u16].map(u16::to_le_bytes);
    let mut packet = vec![10];
    packet.extend_from_slice(version.as_bytes());
    packet.extend_from_slice(&[0, 1, 0, 0, 0]);
    packet.extend_from_slice(b"12345678\0");
    packet.extend_from_slice(&low);
    packet.push(45);
    packet.extend_from_slice(&status.to_le_bytes());
    packet.extend_from_slice(&high);
    packet.push(21);
    packet.extend_from_slice(&[0; 10]);
    packet.extend_from_slice(b"123456789012\0");
    packet.extend_from_slice(plugin.as_bytes());
    packet.push(0);
    packet
}

fn done(status: u16) -> Vec<u8> {
    let [low, high] = status.to_le_bytes();
    vec![0, 0, 0, low, high, 0, 0]
}

fn read_packet(from: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let mut packet = Vec::new();
    loop {
        let mut head = [0; 4];
        from.read_exact(&mut head)?;
        let [a, b, c, number] = head;
        let length = u32::from_le_bytes([a, b, c, 0]) as usize;
        let start = packet.len();
        packet.resize(start + length, 0);
        from.read_exact(&mut packet[start..])?;
        // A longer one goes on in the next.
        if length < 0xff_ffff {
            return Ok((number, packet));
        }
    }
}

fn write_packet(to: &mut TcpStream, number: u8, packet: &[u8]) -> io::Result<()> {
    let length = u32::try_from(packet.len()).ok().filter(|&length| length < 0xff_ffff);
    let length = length.ok_or_else(|| io::Error::other("longer than anything that is sent here"))?;
    let [a, b, c, _] = length.to_le_bytes();
    to.write_all(&[&[a, b, c, number], packet].concat())
}
