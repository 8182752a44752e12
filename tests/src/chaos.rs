//! A TCP proxy that spoils a link as bad networks do: cut, restored, slow, or dead without a word (half-open).
//!
//! It knows nothing of what goes through it, and counts every byte.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
    task::AbortHandle,
};

/// How the link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// Bytes pass, each chunk after this delay.
    Up(Duration),
    /// Connections are closed, new ones at once.
    Cut,
    /// Nothing passes and nothing is said.
    Dead,
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    link: watch::Sender<Link>,
    made: watch::Sender<usize>,
    open: AtomicUsize,
    to_target: AtomicU64,
    from_target: AtomicU64,
}

/// A proxy that runs until it is dropped.
#[derive(Debug)]
pub struct ChaosProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        self.cut();
        self.accepting.abort();
    }
}

impl ChaosProxy {
    /// Listens at `address` and passes everything on to `target`.
    pub async fn start(address: SocketAddr, target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address).await.with_context(|| format!("proxy at {address}"))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            target,
            link: watch::Sender::new(Link::Up(Duration::ZERO)),
            made: watch::Sender::new(0),
            open: AtomicUsize::new(0),
            to_target: AtomicU64::new(0),
            from_target: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        Ok(Self { address, shared, accepting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes all connections, and any new one at once.
    pub fn cut(&self) {
        self.shared.link.send_replace(Link::Cut);
    }

    /// Lets everything pass again.
    pub fn restore(&self) {
        self.shared.link.send_replace(Link::Up(Duration::ZERO));
    }

    /// Passes each chunk on after a delay.
    pub fn slow(&self, delay: Duration) {
        self.shared.link.send_replace(Link::Up(delay));
    }

    /// Keeps connections open and passes nothing: what a mobile network does when it forgets one.
    pub fn hold(&self) {
        self.shared.link.send_replace(Link::Dead);
    }

    /// Bytes passed on so far: to the target, from it.
    pub fn passed(&self) -> (u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.shared.to_target), read(&self.shared.from_target))
    }

    /// Connections passed on so far.
    pub fn connections(&self) -> usize {
        *self.shared.made.borrow()
    }

    /// Connections open now.
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::Acquire)
    }

    /// Waits until so many connections have been passed on in all.
    pub async fn connected(&self, times: usize, patience: Duration) -> Result<()> {
        let mut made = self.shared.made.subscribe();
        let enough = tokio::time::timeout(patience, made.wait_for(|made| *made >= times)).await;
        enough.with_context(|| {
            format!("{} connections of {times} within {patience:?}", self.connections())
        })??;
        Ok(())
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((near, _)) = listener.accept().await {
        if *shared.link.borrow() != Link::Cut {
            tokio::spawn(pass(near, Arc::clone(&shared)));
        }
    }
}

async fn pass(near: TcpStream, shared: Arc<Shared>) {
    let Ok(far) = TcpStream::connect(shared.target).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    shared.made.send_modify(|made| *made += 1);
    shared.open.fetch_add(1, Ordering::AcqRel);
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    let up = pump(near_read, far_write, &shared, &shared.to_target);
    let down = pump(far_read, near_write, &shared, &shared.from_target);
    // When one direction is over so is the connection: MQTT and HTTP have no use for half of one.
    tokio::select! {
        () = up => {}
        () = down => {}
    }
    shared.open.fetch_sub(1, Ordering::AcqRel);
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, shared: &Shared, count: &AtomicU64) {
    let mut link = shared.link.subscribe();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let state = *link.borrow_and_update();
        match state {
            Link::Cut => return,
            Link::Dead => {
                if link.changed().await.is_err() {
                    return;
                }
            }
            Link::Up(delay) => tokio::select! {
                changed = link.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
                read = from.read(&mut buffer) => {
                    let Ok(read @ 1..) = read else { return };
                    if !delay.is_zero() {
                        tokio::time::sleep(delay).await;
                    }
                    if to.write_all(&buffer[..read]).await.is_err() {
                        return;
                    }
                    count.fetch_add(read as u64, Ordering::Relaxed);
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.into_split();
                    tokio::io::copy(&mut read, &mut write).await
                });
            }
        });
        address
    }

    async fn answered(stream: &mut TcpStream) -> bool {
        let mut answer = [0; 4];
        stream.write_all(b"ping").await.is_ok() && stream.read_exact(&mut answer).await.is_ok()
    }

    #[tokio::test]
    async fn bytes_pass_and_are_counted_until_the_link_is_cut_and_again_when_restored() {
        let proxy = ChaosProxy::start("127.0.0.1:0".parse().unwrap(), echo().await).await.unwrap();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(answered(&mut stream).await);
        assert_eq!(proxy.passed(), (4, 4));
        proxy.cut();
        assert!(!answered(&mut stream).await);
        let mut refused = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(!answered(&mut refused).await);
        proxy.restore();
        let mut again = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(answered(&mut again).await);
        assert_eq!((proxy.connections(), proxy.passed()), (2, (8, 8)));
    }

    #[tokio::test]
    async fn a_held_link_says_nothing_and_loses_nothing() {
        let proxy = ChaosProxy::start("127.0.0.1:0".parse().unwrap(), echo().await).await.unwrap();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(answered(&mut stream).await);
        proxy.hold();
        let silence = tokio::time::timeout(Duration::from_millis(200), answered(&mut stream)).await;
        assert!(silence.is_err(), "something came through");
        proxy.restore();
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"ping");
    }
}
