//! The desk at which troubles arrive one after the other, each some minutes after the one before.

use crate::sample::asker::Asker;
use crate::sample::at::At;
use crate::sample::command::Command;
use crate::sample::customer::{Customer, Source};
use crate::sample::draft::{Missing, Sample};
use crate::sample::engagements::QUICK_SCAN;
use crate::sample::line::{Expect, Line, envelope, id};
use crate::sample::opening::{How, Opening};
use crate::sample::partner::Partner;
use crate::sample::story::Story;

/// Where and when troubles arrive.
pub(crate) struct Desk<'a> {
    pub(crate) sample: &'a mut Sample,
    pub(crate) at: At,
}

/// The partner that has most of the troubles.
pub(crate) fn contoso() -> Partner {
    Partner::numbered(0)
}

/// The partner whose customers are not contoso's.
pub(crate) fn adatum() -> Partner {
    Partner::numbered(1)
}

fn is_good(it: &Customer) -> bool {
    it.source == Source::Directory && it.tpid.is_some() && it.facts.seats >= 100 && it.facts.region != "latam"
}

impl Desk<'_> {
    /// Some minutes later.
    pub(crate) fn next(&mut self) -> At {
        self.at = self.at.minutes(3).ms(211);
        self.at
    }

    /// A command whose id belongs to `name`.
    pub(crate) fn say(&mut self, name: &str, asker: Asker, command: Command, expect: Expect) {
        let at = self.next();
        self.sample.take(vec![Line::new(at, &format!("desk/{name}"), asker, command, expect)]);
    }

    /// A command that is refused; `name` and code together name it.
    pub(crate) fn refuse(&mut self, name: &str, asker: Asker, command: Command, code: &'static str) {
        self.say(&format!("{code}/{name}"), asker, command, Expect::Refused(code));
    }

    /// A command that is never decided, although it can be read.
    pub(crate) fn problem(&mut self, name: &str, asker: Asker, command: Command, code: &'static str) {
        self.say(&format!("{code}/{name}"), asker, command, Expect::Problem(code));
    }

    /// A line that is spoilt after it was written.
    pub(crate) fn spoilt(
        &mut self,
        name: &str,
        asker: &Asker,
        command: &Command,
        code: &'static str,
        spoil: impl Fn(String) -> String,
    ) {
        let at = self.next();
        let id = id(&format!("desk/{code}/{name}"));
        let text = envelope(&id, asker, command, Some(at.to_string())).to_string();
        self.sample.take(vec![Line::text(at, spoil(text), Expect::Problem(code))]);
    }

    /// A customer whom the directory knows well and who meets most criteria.
    pub(crate) fn good_customer(&mut self) -> Result<Customer, Missing> {
        self.sample.fresh(is_good)
    }

    /// An opening, not yet told, of a quick scan by domain.
    pub(crate) fn opening(&mut self, name: &str, partner: Partner, customer: &Customer) -> Opening {
        let at = self.next();
        Opening::of(&format!("desk/{name}"), at, partner, customer, QUICK_SCAN, How::By("domain_name"))
    }

    /// A quick scan of a new customer, just begun.
    pub(crate) fn begun(&mut self, name: &str) -> Result<Story, Missing> {
        let customer = self.good_customer()?;
        Ok(self.opening(name, contoso(), &customer).begin_one(self.sample)?.late())
    }

    /// The same with a customer whose referral is upgraded.
    pub(crate) fn begun_with_managed(&mut self, name: &str) -> Result<Story, Missing> {
        let customer = self.sample.fresh(|it| is_good(it) && it.facts.managed)?;
        Ok(self.opening(name, contoso(), &customer).begin_one(self.sample)?.late())
    }

    /// A quick scan of a new customer who agreed, so contoso knows the customer.
    pub(crate) fn agreed(&mut self, name: &str, customer: &Customer) -> Result<Story, Missing> {
        let mut story = self.opening(name, contoso(), customer).begin_one(self.sample)?.late();
        story.send_consent(100_000);
        story.accept();
        Ok(story)
    }

    /// A story was told to where it goes; the desk goes on after it.
    pub(crate) fn file(&mut self, story: Story) {
        self.at = self.at.max(story.at);
        self.sample.take(story.lines);
    }
}
