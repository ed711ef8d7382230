//! A TCP proxy between the victim and its server, which strikes at the nth thing that the victim sends.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::Result;
use crate::victim::Victim;

/// What happens at the nth send. The answers stop at once in all but [`Fault::Stall`], so that what the victim
/// knows at its end is the same in every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The victim is killed before the server gets any of it.
    KillBefore,
    /// The victim is killed when the server has half of it.
    KillHalf,
    /// The victim is killed when the server has all of it, before its answer.
    KillAfter,
    /// The server gets all of it, and both connections are closed: between COMMIT and its answer, too.
    Close,
    /// The server gets half of it, and both connections are closed.
    Cut,
    /// The server gets all of it, and both connections are reset.
    Reset,
    /// The victim gets half of the answer, and both connections are closed.
    CutAnswer,
    /// Nothing gets through for a second; then everything does.
    Stall,
}

impl Fault {
    fn kills(self) -> bool {
        matches!(self, Fault::KillBefore | Fault::KillHalf | Fault::KillAfter)
    }
}

/// One port of 127.0.0.1 before a server's, for one victim.
pub struct Proxy {
    pub port: u16,
    state: Arc<State>,
}

struct State {
    fault: Option<(Fault, usize)>,
    sends: AtomicUsize,
    struck: AtomicBool,
    /// Struck, and no connection lets anything through any more.
    dead: AtomicBool,
    /// The next answer is cut.
    cut_answer: AtomicBool,
    victim: Mutex<Option<Arc<Victim>>>,
}

impl Proxy {
    /// Strikes at the nth send, counted from 1 over all connections; with no fault it only counts.
    pub fn before(server: u16, fault: Option<(Fault, usize)>) -> Result<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State {
            fault,
            sends: AtomicUsize::new(0),
            struck: AtomicBool::new(false),
            dead: AtomicBool::new(false),
            cut_answer: AtomicBool::new(false),
            victim: Mutex::new(None),
        });
        let for_connections = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                // The proxy's owner is gone, or everything was struck.
                if Arc::strong_count(&for_connections) == 1 || for_connections.dead.load(Ordering::SeqCst) {
                    return;
                }
                // Where the server is down the victim sees its connection closed.
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let _ = relay(client, server, &for_connections);
            }
        });
        Ok(Proxy { port, state })
    }

    /// Whom to kill. Until it is known a fault waits.
    pub fn aim(&self, victim: Arc<Victim>) {
        *lock(&self.state.victim) = Some(victim);
    }

    pub fn struck(&self) -> bool {
        self.state.struck.load(Ordering::SeqCst)
    }

    pub fn sends(&self) -> usize {
        self.state.sends.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Wakes the listener, so that its thread ends.
        self.state.dead.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn relay(client: TcpStream, server: TcpStream, state: &Arc<State>) -> Result<()> {
    let (from_client, to_server) = (client.try_clone()?, server.try_clone()?);
    let there = Arc::clone(state);
    std::thread::spawn(move || there.sends(from_client, to_server));
    let back = Arc::clone(state);
    std::thread::spawn(move || back.answers(server, client));
    Ok(())
}

impl State {
    /// What the victim sends. One read is one send of it: it waits for an answer before it sends again.
    fn sends(&self, mut client: TcpStream, mut server: TcpStream) {
        let mut buffer = vec![0; 1 << 20];
        while let Ok(length @ 1..) = client.read(&mut buffer) {
            let sent = &buffer[..length];
            let nth = self.sends.fetch_add(1, Ordering::SeqCst) + 1;
            let fault = self.fault.filter(|(_, at)| *at == nth).map(|(fault, _)| fault);
            let Some(fault) = fault else {
                if self.dead.load(Ordering::SeqCst) || server.write_all(sent).is_err() {
                    break;
                }
                continue;
            };
            self.struck.store(true, Ordering::SeqCst);
            match fault {
                Fault::Stall => {
                    std::thread::sleep(Duration::from_secs(1));
                    let _ = server.write_all(sent);
                    continue;
                }
                Fault::CutAnswer => {
                    self.cut_answer.store(true, Ordering::SeqCst);
                    let _ = server.write_all(sent);
                    continue;
                }
                _ => self.dead.store(true, Ordering::SeqCst),
            }
            let passes = match fault {
                Fault::KillBefore => 0,
                Fault::KillHalf | Fault::Cut => length / 2,
                _ => length,
            };
            let _ = server.write_all(&sent[..passes]);
            if fault.kills() {
                self.kill();
            }
            if fault == Fault::Reset {
                // Closing then resets instead of saying goodbye.
                let _ = socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO));
                let _ = socket2::SockRef::from(&server).set_linger(Some(Duration::ZERO));
            }
            break;
        }
        if !matches!(self.fault, Some((Fault::Reset, _))) {
            let _ = server.shutdown(Shutdown::Both);
            let _ = client.shutdown(Shutdown::Both);
        }
        // With a reset, the other direction ends by itself: it sees `dead`, or its peer gone.
    }

    fn answers(&self, mut server: TcpStream, mut client: TcpStream) {
        let mut buffer = vec![0; 1 << 20];
        // Looks up from time to time, whether the connection is to be reset: the last owner closes it.
        let _ = server.set_read_timeout(Some(Duration::from_millis(20)));
        loop {
            let length = match server.read(&mut buffer) {
                Ok(length @ 1..) => length,
                Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                    if self.dead.load(Ordering::SeqCst) {
                        break;
                    }
                    continue;
                }
                _ => break,
            };
            if self.dead.load(Ordering::SeqCst) {
                break;
            }
            if self.cut_answer.swap(false, Ordering::SeqCst) {
                self.dead.store(true, Ordering::SeqCst);
                let _ = client.write_all(&buffer[..length / 2]);
                break;
            }
            if client.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        if !matches!(self.fault, Some((Fault::Reset, _))) || !self.dead.load(Ordering::SeqCst) {
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        }
    }

    fn kill(&self) {
        loop {
            if let Some(victim) = &*lock(&self.victim) {
                victim.kill();
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
