//! Every connection there is: how many, from where, and how to cut one off.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mqtt5::broker::router::MessageRouter;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// A connection that doesn't end by itself within this, because its peer takes nothing, is torn down.
const POLITE_END: Duration = Duration::from_secs(1);

pub(super) struct Connections {
    most: usize,
    most_per_address: Option<usize>,
    table: Arc<Mutex<Table>>,
}

#[derive(Default)]
struct Table {
    count: usize,
    per_address: HashMap<IpAddr, usize>,
    next: u64,
    named: HashMap<String, Vec<(u64, Ending)>>,
}

/// The two ways to end a connection: asked through the engine, and torn down.
#[derive(Clone)]
pub(super) struct Ending {
    pub(super) polite: broadcast::Sender<()>,
    pub(super) torn: CancellationToken,
    ended: CancellationToken,
}

impl Ending {
    fn new() -> Self {
        Self {
            polite: broadcast::Sender::new(1),
            torn: CancellationToken::new(),
            ended: CancellationToken::new(),
        }
    }
}

impl Connections {
    pub(super) fn new(most: usize, most_per_address: Option<usize>) -> Self {
        Self { most, most_per_address, table: Arc::default() }
    }

    /// A place for one more connection from `address`, if there is one.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Place> {
        let mut table = lock(&self.table);
        if table.count >= self.most {
            return None;
        }
        let here = table.per_address.get(&address).copied().unwrap_or(0);
        if self.most_per_address.is_some_and(|most| here >= most) {
            return None;
        }
        table.count += 1;
        table.per_address.insert(address, here + 1);
        Some(Place { table: Arc::clone(&self.table), address, named: None })
    }

    /// Ends every connection of `node_id`, and waits until it has ended.
    pub(super) async fn cut(&self, node_id: &str, router: &MessageRouter) {
        let endings: Vec<Ending> =
            lock(&self.table).named.get(node_id).into_iter().flatten().map(|(_, e)| e.clone()).collect();
        for ending in endings {
            // An error means that it hasn't logged in yet; then only tearing down helps.
            if ending.polite.send(()).is_err() {
                ending.torn.cancel();
            }
            if tokio::time::timeout(POLITE_END, ending.ended.cancelled()).await.is_err() {
                ending.torn.cancel();
                ending.ended.cancelled().await;
                router.disconnect_client(node_id).await;
            }
        }
    }

    pub(super) fn nodes(&self) -> Vec<String> {
        lock(&self.table).named.keys().cloned().collect()
    }
}

/// One connection's place; dropped, it is free again.
pub(super) struct Place {
    table: Arc<Mutex<Table>>,
    address: IpAddr,
    named: Option<(String, u64, Ending)>,
}

impl Place {
    /// From here on the connection can be cut off by its node's id. Called before the caller is asked for consent,
    /// so that a revocation meanwhile finds it.
    pub(super) fn name(&mut self, node_id: &str) -> Ending {
        let mut table = lock(&self.table);
        let ending = Ending::new();
        let number = table.next;
        table.next += 1;
        table.named.entry(node_id.to_owned()).or_default().push((number, ending.clone()));
        self.named = Some((node_id.to_owned(), number, ending.clone()));
        ending
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = lock(&self.table);
        table.count -= 1;
        if let Some(here) = table.per_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                table.per_address.remove(&self.address);
            }
        }
        let Some((node_id, number, ending)) = self.named.take() else { return };
        if let Some(list) = table.named.get_mut(&node_id) {
            list.retain(|(n, _)| *n != number);
            if list.is_empty() {
                table.named.remove(&node_id);
            }
        }
        ending.ended.cancel();
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_in_all_and_per_address_and_given_back() {
        let connections = Connections::new(3, Some(2));
        let (a, b) = ([127, 0, 0, 1].into(), [127, 0, 0, 2].into());
        let first = connections.enter(a);
        let second = connections.enter(a);
        assert!(first.is_some() && second.is_some());
        assert!(connections.enter(a).is_none(), "the address is full");
        let third = connections.enter(b);
        assert!(third.is_some());
        assert!(connections.enter(b).is_none(), "the house is full");
        drop(first);
        assert!(connections.enter(b).is_some());
    }

    #[test]
    fn a_node_is_listed_while_it_is_connected() {
        let connections = Connections::new(3, None);
        let mut place = connections.enter([127, 0, 0, 1].into()).unwrap();
        let ending = place.name("n1");
        assert_eq!(connections.nodes(), ["n1"]);
        drop(place);
        assert!(connections.nodes().is_empty());
        assert!(ending.ended.is_cancelled());
    }
}
