//! Who brings a snapshot further: follows the log, folds what is durable, and commits it in steps.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use claim_domain::ids::CustomerId;
use claim_journal::{Asked, Binding, Chain, Content, Decision, Kind, Line, Offsets, PartitionId};
use claim_log::{ReadLog, Start};
use serde::Serialize;

use crate::cut::Cut;
use crate::error::{KeepError, Unreadable};
use crate::hash::FoldHash;
use crate::known::{Change, Known};
use crate::rows::{self, Answers};
use crate::store::Snapshot;

/// Folds a log into a snapshot. There is one of them for a snapshot.
#[derive(Debug)]
pub struct Keeper {
    snapshot: Arc<Snapshot>,
    cut: Cut,
}

impl Keeper {
    /// Goes on from where the snapshot stands.
    #[must_use]
    pub fn new(snapshot: Arc<Snapshot>, cut: Cut) -> Self {
        Self { snapshot, cut }
    }

    /// Where the snapshot stands.
    #[must_use]
    pub fn cut(&self) -> &Cut {
        &self.cut
    }

    /// Folds what the log holds durably, up to its end, and commits whenever `step` bytes of it were folded, and at the end.
    /// `told` hears the position after each step, and ends the work by yielding false.
    ///
    /// # Errors
    /// [`KeepError`]; the snapshot then stands at the last position that was committed.
    pub fn catch_up(
        &mut self,
        log: &dyn ReadLog,
        step: u64,
        mut told: impl FnMut(u64) -> bool,
    ) -> Result<(), KeepError> {
        let mut records = log.read(&Start::others_at(self.cut.end))?;
        loop {
            let mut draft = Draft::new(&self.snapshot, self.cut.clone());
            let enough = self.cut.end + step;
            while draft.cut.end < enough
                && let Some(stored) = records.next()?
            {
                let offset = stored.offset;
                let line = Line::parse(&stored.line)
                    .map_err(|why| KeepError::Record { offset, why: why.to_string() })?;
                draft.fold(offset, &line)?;
                draft.cut.end = stored.next;
            }
            if draft.cut.end == self.cut.end {
                return Ok(());
            }
            let finished = draft.cut.end < enough;
            self.cut = draft.commit()?;
            if !told(self.cut.end) || finished {
                return Ok(());
            }
        }
    }
}

/// What a step changes, on the way to being committed.
struct Draft<'s> {
    snapshot: &'s Snapshot,
    cut: Cut,
    customers: HashMap<CustomerId, Drafted>,
    /// All other rows, and the hash of what stood there.
    rows: BTreeMap<Vec<u8>, Row>,
}

#[derive(Default)]
struct Drafted {
    known: Known,
    before: Option<FoldHash>,
}

struct Row {
    before: Option<FoldHash>,
    now: Option<Vec<u8>>,
}

impl<'s> Draft<'s> {
    fn new(snapshot: &'s Snapshot, cut: Cut) -> Self {
        Self { snapshot, cut, customers: HashMap::new(), rows: BTreeMap::new() }
    }

    fn fold(&mut self, offset: u64, line: &Line<'_>) -> Result<(), KeepError> {
        let partition = line.envelope.partition;
        let chain = self.cut.chains.entry(partition);
        // Whoever wrote the log, or opened it, judged it.
        chain.or_insert_with(|| Chain::new(partition, Offsets::Positions)).apply(offset, line);
        self.cut.records += 1;
        if line.envelope.kind == Kind::Binding {
            return self.bind(offset, line);
        }
        match self.cut.releases.read(line)? {
            Some(decision) => self.decided(offset, line, &decision),
            None => Ok(()),
        }
    }

    fn decided(&mut self, offset: u64, line: &Line<'_>, decision: &Decision) -> Result<(), KeepError> {
        let partition = line.envelope.partition;
        self.cut.newest = self.cut.newest.max(decision.judged_at);
        if let Some(asked) = decision.asked() {
            self.cut.newest = self.cut.newest.max(asked.received_at);
            self.cut.given = self.cut.given.max(Some(asked.received_at));
            self.answered(offset, partition, decision, asked)?;
        }
        if let Some(customer) = decision.customer {
            self.apply(partition, customer, decision)?;
        }
        if partition == PartitionId::Program {
            self.cut.program_judged_at = self.cut.program_judged_at.max(decision.judged_at);
            self.cut.program_head = line.envelope.previous.map(|before| line.extends(before));
            for (nth, event) in (0_u32..).zip(decision.events()) {
                let key = rows::program(line.envelope.sequence, nth);
                self.put(key, spelt(event, offset)?)?;
            }
        }
        Ok(())
    }

    /// Notes the answer under its id: the first body's route stays.
    fn answered(
        &mut self,
        offset: u64,
        partition: PartitionId,
        decision: &Decision,
        asked: &Asked,
    ) -> Result<(), KeepError> {
        let Some(route) = rows::route(partition, decision) else { return Ok(()) };
        let key = rows::answers(&asked.source, asked.id);
        let known = self.json::<Answers>(&key)?;
        let mut answers =
            known.unwrap_or_else(|| Answers { route, told: Vec::with_capacity(1), asks_for: None });
        match answers.told.iter_mut().find(|(digest, _)| *digest == asked.digest) {
            Some((_, at)) => *at = offset,
            None => answers.told.push((asked.digest, offset)),
        }
        if let (Content::Command(command), Some(customer), None) =
            (&asked.content, decision.customer, &answers.asks_for)
        {
            answers.asks_for = rows::takes(command).map(|it| (customer, it.to_vec()));
            // What a reference of another command resolves to stands from now on, whether it is granted or not.
            for engagement in rows::takes(command).unwrap_or_default() {
                let source = asked.source.to_string();
                let claim = claim_domain::ids::ClaimId::derive(customer, &source, asked.id, engagement);
                self.put(rows::claim(claim), rows::bare_customer(customer))?;
            }
        }
        let value = spelt(&answers, offset)?;
        self.put(key, value)
    }

    fn apply(
        &mut self,
        partition: PartitionId,
        id: CustomerId,
        decision: &Decision,
    ) -> Result<(), KeepError> {
        let mut changes = Vec::new();
        let customer = match self.customers.entry(id) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let key = rows::customer(id);
                let row = self.snapshot.row(&key)?;
                let before = row.as_ref().map(|it| FoldHash::of(&key, it));
                let known = row.map(|it| self.snapshot.parsed(&it)).transpose()?.unwrap_or_default();
                entry.insert(Drafted { known, before })
            }
        };
        customer.known.apply(decision, |change| changes.push(change));
        for change in changes {
            match change {
                Change::Created(claim) => self.put(rows::claim(claim), rows::bare_customer(id))?,
                Change::Runs(deadline) => {
                    self.put(rows::deadline(partition, &deadline), rows::bare_customer(id))?;
                }
                Change::Stopped(deadline) => self.set(rows::deadline(partition, &deadline), None)?,
            }
        }
        Ok(())
    }

    /// The first binding of an identifier wins.
    fn bind(&mut self, offset: u64, line: &Line<'_>) -> Result<(), KeepError> {
        let binding = Binding::decode(line.body).map_err(|why| KeepError::record(offset, &why))?;
        let identifier =
            binding.identifier().map_err(|why| KeepError::Record { offset, why: why.to_string() })?;
        let key = rows::binding(&identifier);
        if self.row(&key)?.is_some() {
            return Ok(());
        }
        self.put(key, rows::bare_customer(binding.customer))?;
        let mut nth = 0;
        while self.row(&rows::identifier(binding.customer, nth))?.is_some() {
            nth += 1;
        }
        self.put(rows::identifier(binding.customer, nth), identifier.to_string().into_bytes())
    }

    /// A row as it is in this step.
    fn row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Unreadable> {
        match self.rows.get(key) {
            Some(row) => Ok(row.now.clone()),
            None => Ok(self.snapshot.row(key)?.map(|it| it.to_vec())),
        }
    }

    fn json<T: serde::de::DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Unreadable> {
        self.row(key)?.map(|row| self.snapshot.parsed(&row)).transpose()
    }

    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<(), KeepError> {
        self.set(key, Some(value))
    }

    fn set(&mut self, key: Vec<u8>, now: Option<Vec<u8>>) -> Result<(), KeepError> {
        match self.rows.get_mut(&key) {
            Some(row) => row.now = now,
            None => {
                let before = self.snapshot.row(&key)?.map(|it| FoldHash::of(&key, &it));
                self.rows.insert(key, Row { before, now });
            }
        }
        Ok(())
    }

    /// Makes the step durable, with the hash of everything.
    fn commit(mut self) -> Result<Cut, KeepError> {
        for (id, Drafted { known, before }) in std::mem::take(&mut self.customers) {
            let now = Some(spelt(&known, self.cut.end)?);
            self.rows.insert(rows::customer(id), Row { before, now });
        }
        let mut changed = BTreeMap::new();
        for (key, Row { before, now }) in self.rows {
            if let Some(before) = before {
                self.cut.fold.remove(before);
            }
            if let Some(now) = &now {
                self.cut.fold.add(FoldHash::of(&key, now));
            }
            // What came and went within one step was never there.
            if before.is_some() || now.is_some() {
                changed.insert(key, now);
            }
        }
        self.snapshot.commit(changed, &self.cut)?;
        Ok(self.cut)
    }
}

fn spelt(value: &impl Serialize, offset: u64) -> Result<Vec<u8>, KeepError> {
    serde_json::to_vec(value).map_err(|why| KeepError::Record { offset, why: why.to_string() })
}
