//! Reading: everything in the store as it stands at one cursor.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use claim_domain::catalog::Catalog;
use claim_domain::customer::Customer;
use claim_domain::event::Event;
use claim_domain::identifier::Identifier;
use claim_domain::ids::{ClaimId, CommandId, CustomerId, PartnerId};
use claim_domain::time::Instant;
use claim_journal::{Cursor, PartitionId, Position};

use crate::database::{Columns, Transaction, Value, column};
use crate::error::{QueryError, StoreError};
use crate::inputs::{
    Answered, ClaimFile, HistoryEntry, answers, claim_file, history, read_customer, refusals, told,
};
use crate::params;
use crate::stored::{read_json, read_text};
use crate::views::{Checkpoints, Views, cursor};

/// All views at one moment, for as long as it is kept: rows, counts and cursor belong together.
#[derive(Debug)]
pub struct Snapshot<'v> {
    views: &'v Views,
    checkpoints: Checkpoints,
    /// Holds the moment; it only reads, and ends with the snapshot.
    _moment: Transaction<'v>,
}

/// What a partner itself told of a customer: no more of it is shown to that partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acquaintance {
    /// The organisation's name in the newest contacts given.
    pub name: String,
    /// The identifiers that its claims use.
    pub identifiers: BTreeSet<Identifier>,
    /// When one of its claims last changed.
    pub updated_at: Instant,
    /// The decision that changed it.
    pub position: Position,
}

impl<'v> Snapshot<'v> {
    pub(crate) fn take(views: &'v Views) -> Result<Self, StoreError> {
        let moment = views.database().begin_reading("reading the views")?;
        // The first read fixes the moment.
        let checkpoints = views.checkpoints()?;
        Ok(Self { views, checkpoints, _moment: moment })
    }

    /// Asks the tables of a view, with [`params!`](crate::params), and reads each row that is found. `doing` is what an
    /// error says.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read, or `read` cannot read a row.
    pub fn query<'a, T>(
        &self,
        doing: &str,
        sql: &str,
        params: impl AsRef<[Value<'a>]>,
        read: impl FnMut(&Columns<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.views.database().query(doing, sql, params, read)
    }

    /// Up to where everything is folded: every partition and the program.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        cursor(&self.checkpoints)
    }

    pub(crate) fn checkpoints(&self) -> &Checkpoints {
        &self.checkpoints
    }

    /// Refuses to read a view that was folded by another version.
    ///
    /// # Errors
    /// [`QueryError::Outdated`], or [`QueryError::Store`] when the store cannot be read.
    pub fn require(&self, name: &str, wanted: u32) -> Result<(), QueryError> {
        match self.views.version(name)? {
            Some(found) if found == wanted => Ok(()),
            found => Err(QueryError::Outdated { name: name.to_owned(), found, wanted }),
        }
    }

    /// The newest decision of the program that is folded; its catalog is `catalog().at(program())`.
    #[must_use]
    pub fn program(&self) -> u64 {
        self.checkpoints.get(&PartitionId::Program).map_or(0, |it| it.sequence)
    }

    /// The catalog, with its past.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn catalog(&self) -> Result<Arc<Catalog>, StoreError> {
        let program = self.program();
        if let Some((folded, catalog)) = &*self.views.catalog.borrow()
            && *folded == program
        {
            return Ok(Arc::clone(catalog));
        }
        let sql = "SELECT sequence, event FROM program_events ORDER BY sequence, number";
        let events = self.query("reading the catalog", sql, params![], |row| {
            let sequence: i64 = column(row, "sequence")?;
            let event: Event = read_json("a program event", &column::<String>(row, "event")?)?;
            Ok((u64::try_from(sequence).unwrap_or(0), event))
        })?;
        let mut catalog = Catalog::default();
        for (sequence, event) in &events {
            catalog.evolve(*sequence, event);
        }
        let catalog = Arc::new(catalog);
        *self.views.catalog.borrow_mut() = Some((program, Arc::clone(&catalog)));
        Ok(catalog)
    }

    /// What the rules know of a customer, its claims left out: those are [`Self::claim`]s.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn customer(&self, id: CustomerId) -> Result<Option<Customer>, StoreError> {
        read_customer(self.views.database(), id)
    }

    /// A claim with its contacts and names.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn claim(&self, id: ClaimId) -> Result<Option<ClaimFile>, StoreError> {
        claim_file(self.views.database(), id)
    }

    /// Everything that ever happened to a claim, oldest first; refusals of commands that name it included.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn history(&self, claim: ClaimId) -> Result<Vec<HistoryEntry<'static>>, StoreError> {
        history(self.views.database(), claim)
    }

    /// Where the answers under a command id stand, of every source; of each source first the answer that stands for
    /// ever, then those told that the id was reused.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn answers(&self, id: CommandId) -> Result<Vec<Answered>, StoreError> {
        answers(self.views.database(), id)
    }

    /// How many commands were refused, by code.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn refusals(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        refusals(self.views.database())
    }

    /// The customers known to a partner, for ever.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn known(&self, partner: &PartnerId) -> Result<Vec<CustomerId>, StoreError> {
        let sql = "SELECT customer FROM known WHERE partner = ?1 ORDER BY customer";
        self.query("reading known customers", sql, params![partner.as_str()], |row| {
            read_text("a customer id", &column::<String>(row, "customer")?).map(CustomerId)
        })
    }

    /// What a partner told of one customer, or of each customer it has claims with.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn acquaintances(
        &self,
        partner: &PartnerId,
        customer: Option<CustomerId>,
    ) -> Result<BTreeMap<CustomerId, Acquaintance>, StoreError> {
        let mut all: BTreeMap<CustomerId, (i64, Acquaintance)> = BTreeMap::new();
        for it in told(self.views.database(), partner, customer)? {
            let updated_at = Instant::from_ms(it.updated_at_ms);
            let (contacts_at_ms, known) = all.entry(it.customer).or_insert_with(|| {
                let (name, identifiers) = (it.name.clone(), BTreeSet::new());
                (it.contacts_at_ms, Acquaintance { name, identifiers, updated_at, position: it.position })
            });
            known.identifiers.insert(it.identifier);
            if it.contacts_at_ms > *contacts_at_ms {
                *contacts_at_ms = it.contacts_at_ms;
                known.name = it.name;
            }
            if it.position > known.position {
                (known.updated_at, known.position) = (updated_at, it.position);
            }
        }
        Ok(all.into_iter().map(|(id, (_, it))| (id, it)).collect())
    }
}
