//! How a claim begins: Add or Claim, for one engagement or several.

use crate::sample::asker::Asker;
use crate::sample::at::At;
use crate::sample::command::{self, Command, Entry};
use crate::sample::customer::{Customer, Nomination, Source};
use crate::sample::draft::{Missing, Sample};
use crate::sample::line::{Expect, Line, id};
use crate::sample::partner::Partner;
use crate::sample::people;
use crate::sample::story::Story;

/// How the customer is named.
#[derive(Clone, Debug)]
pub(crate) enum How {
    /// Add, by an identifier of this kind.
    By(&'static str),
    /// Add, by a new opportunity of this value in USD cents, for so many hours.
    ByOpportunity { value_cents: i64, hours: i64 },
    /// Claim the customer whom the command of this id added.
    Known { add: String },
    /// Claim such a customer for a variable-pay engagement.
    KnownWithOpportunity { add: String, value_cents: i64, hours: i64 },
}

/// A command that creates claims.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) name: String,
    pub(crate) at: At,
    pub(crate) partner: Partner,
    pub(crate) user: Asker,
    pub(crate) location: &'static str,
    pub(crate) customer: Customer,
    pub(crate) engagements: Vec<&'static str>,
    pub(crate) how: How,
}

impl Opening {
    /// One engagement, asked for by the partner's user for all locations at its first location.
    pub(crate) fn of(
        name: &str,
        at: At,
        partner: Partner,
        customer: &Customer,
        engagement: &'static str,
        how: How,
    ) -> Self {
        Self {
            name: name.to_owned(),
            at,
            partner,
            user: partner.claims_user(),
            location: partner.locations.first().map_or("", |it| it.id),
            customer: customer.clone(),
            engagements: vec![engagement],
            how,
        }
    }

    /// The id of the command.
    pub(crate) fn id(&self) -> String {
        id(&format!("{}/open", self.name))
    }

    /// The fields that Add and Claim share, without hours.
    pub(crate) fn entry(&self) -> Entry {
        let customer = &self.customer;
        Entry {
            engagements: self.engagements.iter().map(|&it| it.to_owned()).collect(),
            friendly_name: self.friendly_name(),
            location: self.location.to_owned(),
            hours: None,
            reviewed_payout_cents: None,
            contacts: people::contacts(
                &customer.person,
                &self.partner.person(1),
                &customer.organisation,
                customer.country,
            ),
        }
    }

    /// `Amber Bakery security workshop` for the engagement `security-workshop-2026`.
    fn friendly_name(&self) -> String {
        let engagement = self.engagements.first().copied().unwrap_or_default();
        let words =
            engagement.trim_end_matches(|it: char| it == '-' || it.is_ascii_digit()).replace('-', " ");
        format!("{} {words}", self.customer.organisation)
    }

    /// The identifier by which an Add nominates the customer, where that needs no opportunity.
    pub(crate) fn nomination(&self, id_type: &'static str) -> Result<Nomination, Missing> {
        Nomination::of(&self.customer, id_type)
            .ok_or_else(|| format!("{} has no {id_type}", self.customer.organisation))
    }

    /// The command; the directory learns what it will be asked.
    pub(crate) fn command(&self, sample: &mut Sample) -> Result<Command, Missing> {
        let mut entry = self.entry();
        let terms = self.engagements.iter().map(|it| sample.engagement(it)).collect::<Result<Vec<_>, _>>()?;
        let quote = |hours: i64, value_cents: i64| {
            terms.iter().filter_map(|it| it.terms(self.at)).map(|it| it.quote_cents(hours, value_cents)).sum()
        };
        // Every third opening shows the payout that was reviewed.
        let reviewed = |amount: i64| (self.customer.number % 3 == 1).then_some(amount);
        Ok(match &self.how {
            How::By(id_type) => {
                let nomination = self.nomination(id_type)?;
                sample.directory.learn(&self.customer, &nomination);
                entry.reviewed_payout_cents = reviewed(quote(0, 0));
                command::add_customer(&nomination, None, &entry)
            }
            How::ByOpportunity { value_cents, hours } => {
                let opportunity = sample.opportunity(&self.customer, true, Some(*value_cents), "USD");
                let nomination = Nomination::opportunity(&opportunity);
                sample.directory.learn(&self.customer, &nomination);
                entry.hours = Some(*hours);
                entry.reviewed_payout_cents = reviewed(quote(*hours, *value_cents));
                command::add_customer(&nomination, None, &entry)
            }
            How::Known { add } => {
                entry.reviewed_payout_cents = reviewed(quote(0, 0));
                command::claim_customer(&format!("@{add}"), None, &entry)
            }
            How::KnownWithOpportunity { add, value_cents, hours } => {
                let opportunity = sample.opportunity(&self.customer, true, Some(*value_cents), "USD");
                sample.directory.learn(&self.customer, &Nomination::opportunity(&opportunity));
                entry.hours = Some(*hours);
                entry.reviewed_payout_cents = reviewed(quote(*hours, *value_cents));
                command::claim_customer(&format!("@{add}"), Some(&opportunity), &entry)
            }
        })
    }

    /// Begins: one story for each engagement; the lines so far are with the first.
    pub(crate) fn begin(&self, sample: &mut Sample) -> Result<Vec<Story>, Missing> {
        let mut lines = Vec::new();
        if let How::By(id_type) = self.how
            && self.customer.source == Source::Upstream
        {
            lines.push(self.observed(&self.nomination(id_type)?));
        }
        lines.push(Line::new(
            self.at,
            &format!("{}/open", self.name),
            self.user.clone(),
            self.command(sample)?,
            Expect::Accepted,
        ));
        let mut stories = Vec::new();
        for engagement in &self.engagements {
            let story = Story::after(self, &sample.engagement(engagement)?, std::mem::take(&mut lines))?;
            stories.push(story);
        }
        Ok(stories)
    }

    /// Begins with one engagement: its story.
    pub(crate) fn begin_one(&self, sample: &mut Sample) -> Result<Story, Missing> {
        let first = self.begin(sample)?.into_iter().next();
        first.ok_or_else(|| format!("{} names no engagement", self.name))
    }

    /// Facts that a service recorded an hour before.
    fn observed(&self, nomination: &Nomination) -> Line {
        let at = self.at.hours(-1);
        Line::new(
            at,
            &format!("{}/facts", self.name),
            crate::sample::asker::service("account-facts"),
            command::record_customer_facts(
                nomination,
                self.customer.facts.json(),
                at.minutes(-20),
                "account system",
            ),
            Expect::Accepted,
        )
    }
}
