//! What is newer than a snapshot, in two layers: one that grows, and one that waits until a snapshot holds all of it.

use std::collections::HashMap;
use std::hash::Hash;
use std::thread;

/// A layer that was forgotten. To free it takes tens of milliseconds where it is large, which no decision should wait for.
pub type Forgotten = Box<dyn Send>;

/// Frees layers on a thread of its own; here, if there is none to be had.
pub fn free(forgotten: Vec<Forgotten>) {
    if !forgotten.is_empty() {
        drop(thread::Builder::new().name("forgetting".to_owned()).spawn(move || drop(forgotten)));
    }
}

/// Entries in memory in front of a snapshot. Where there is no snapshot they all stay in the first layer.
#[derive(Clone, Debug)]
pub struct Layers<K, V> {
    fresh: HashMap<K, V>,
    older: HashMap<K, V>,
}

impl<K, V> Default for Layers<K, V> {
    fn default() -> Self {
        Self { fresh: HashMap::new(), older: HashMap::new() }
    }
}

impl<K: Eq + Hash, V> Layers<K, V> {
    /// The entry, if it is in memory.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.fresh.get(key).or_else(|| self.older.get(key))
    }

    /// The entry to be changed, if it is in memory. It is of the fresh layer from then on.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V>
    where
        K: Clone,
    {
        if let Some(value) = self.older.remove(key) {
            self.fresh.entry(key.clone()).or_insert(value);
        }
        self.fresh.get_mut(key)
    }

    /// The entry to be changed, a new one if none is in memory. It is of the fresh layer from then on.
    pub fn entry(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let older = self.older.remove(&key);
        self.fresh.entry(key).or_insert_with(|| older.unwrap_or_default())
    }

    /// Puts an entry into the fresh layer.
    pub fn insert(&mut self, key: K, value: V) {
        self.older.remove(&key);
        self.fresh.insert(key, value);
    }

    /// Forgets the older layer, since a snapshot holds it, and lets the fresh one wait in its place.
    #[must_use = "to be dropped where nobody waits"]
    pub fn turn(&mut self) -> Forgotten
    where
        K: Send + 'static,
        V: Send + 'static,
    {
        let fresh = std::mem::take(&mut self.fresh);
        Box::new(std::mem::replace(&mut self.older, fresh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_since_the_last_turn_outlives_the_next_one() {
        let mut layers = Layers::default();
        layers.insert(1, "one");
        layers.insert(2, "two");
        drop(layers.turn());
        assert_eq!((layers.get(&1), layers.get(&2)), (Some(&"one"), Some(&"two")));
        if let Some(two) = layers.get_mut(&2) {
            *two = "two again";
        }
        layers.insert(3, "three");
        drop(layers.turn());
        assert_eq!(
            (layers.get(&1), layers.get(&2), layers.get(&3)),
            (None, Some(&"two again"), Some(&"three"))
        );
        drop(layers.turn());
        assert_eq!((layers.get(&2), layers.get(&3)), (None, None));
    }
}
