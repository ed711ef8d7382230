//! A proxy before a server: it delays what passes, and counts the round trips. It knows nothing of what it passes on.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// Listens at a port of 127.0.0.1 for as long as the process lives.
pub struct Proxy {
    port: u16,
    round_trips: Arc<AtomicUsize>,
}

impl Proxy {
    /// Before the server at `address`. Each direction takes half of `delay`, a round trip all of it.
    ///
    /// # Errors
    /// When no port is free.
    pub fn before(address: &str, delay: Duration) -> io::Result<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let proxy = Proxy { port: listener.local_addr()?.port(), round_trips: Arc::default() };
        let (address, round_trips) = (address.to_owned(), Arc::clone(&proxy.round_trips));
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { continue };
                let Ok(server) = TcpStream::connect(&address) else { continue };
                drop(join(client, server, delay / 2, &round_trips));
            }
        });
        Ok(proxy)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How often a client has spoken after the server had, or for the first time: all that it sends before the server
    /// answers is one.
    pub fn round_trips(&self) -> usize {
        self.round_trips.load(Ordering::SeqCst)
    }
}

fn join(client: TcpStream, server: TcpStream, delay: Duration, round_trips: &Arc<AtomicUsize>) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let clients_turn = Arc::new(AtomicBool::new(true));
    let (count, turn) = (Arc::clone(round_trips), Arc::clone(&clients_turn));
    pass(client.try_clone()?, server.try_clone()?, delay, move || {
        if turn.swap(false, Ordering::SeqCst) {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    pass(server, client, delay, move || clients_turn.store(true, Ordering::SeqCst));
    Ok(())
}

/// One direction: a thread reads and stamps, another one writes when it is time, so that a delay holds nothing up
/// behind it. What comes is told before it is passed on: the answer to it can't be told earlier.
fn pass(mut from: TcpStream, mut to: TcpStream, delay: Duration, came: impl Fn() + Send + 'static) {
    let (send, receive) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            came();
            let Some(bytes) = buffer.get(..n) else { break };
            if send.send((Instant::now() + delay, bytes.to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in receive {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        drop(to.shutdown(Shutdown::Both));
    });
}
