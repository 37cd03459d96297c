//! Adding and claiming a customer.

use serde_json::{Value, json};

use super::claim::are_named;
use super::criteria::holds;
use super::ids::{claim_id, spelt};
use super::{Answer, Deciding, Program, no, no_because, who};

/// What a claim on one engagement would be.
struct Creation {
    engagement: Value,
    terms: Value,
    terms_version: Value,
    identifier: Value,
    payout_cents: u64,
}

impl Deciding<'_> {
    /// The whole command first, then each engagement by itself, last the reviewed sum.
    pub(super) fn create(&self) -> Answer {
        let body = &self.asked.body;
        let is_add = self.asked.command == "AddCustomer";
        let engagements = body["engagements"].as_array().expect("a list");
        self.whole_command(engagements)?;

        let program = self.program.as_of(self.asked.program);
        let judged: Vec<_> = engagements.iter().map(|it| self.engagement(&program, it)).collect();
        let refused: Vec<_> = engagements
            .iter()
            .zip(&judged)
            .filter_map(|(it, judged)| Some((it, judged.as_ref().err()?)))
            .collect();
        if let Some((_, first)) = refused.first() {
            let list = refused.iter().map(|(engagement, why)| {
                let details = why.get("details").cloned().unwrap_or_else(|| json!({}));
                json!({"engagement": engagement, "code": why["code"], "details": details})
            });
            let mut reason = (*first).clone();
            reason["details"]["engagements"] = list.collect();
            return Err(reason);
        }
        let creations: Vec<_> = judged.into_iter().flatten().collect();
        let sum: u64 = creations.iter().map(|it| it.payout_cents).sum();
        if body["reviewed_payout_cents"].as_u64().is_some_and(|reviewed| reviewed != sum) {
            return Err(no_because("payout_changed", json!({ "payout_cents": sum })));
        }

        let conflict = self.conflict().filter(|_| is_add);
        Ok(conflict.into_iter().chain(creations.into_iter().map(|it| self.created(it, is_add))).collect())
    }

    fn whole_command(&self, engagements: &[Value]) -> Result<(), Value> {
        let (asker, body) = (&self.asked.asker, &self.asked.body);
        let is_add = self.asked.command == "AddCustomer";
        let refusals = [
            (!is_add && self.past.known_to(&asker["partner"]).is_empty(), "customer_not_found"),
            (!who::covers(asker, &body["location"]), "location_not_in_scope"),
            (body["friendly_name"].is_null(), "friendly_name_required"),
            (
                engagements.is_empty()
                    || engagements.len() > 20
                    || engagements.iter().enumerate().any(|(i, it)| engagements[..i].contains(it)),
                "engagements_invalid",
            ),
            (!are_named(&body["contacts"]), "contacts_invalid"),
            (
                is_add
                    && body["customer"]["id_type"] == "tenant_id"
                    && body["found"]["email_matches"] != true
                    && body["mismatch_reason"].is_null(),
                "mismatch_reason_required",
            ),
        ];
        match refusals.into_iter().find(|(holds, _)| *holds) {
            Some((_, code)) => Err(no(code)),
            None => Ok(()),
        }
    }

    /// The first refusal of one engagement, or what a claim on it would be.
    fn engagement(&self, program: &Program, engagement: &Value) -> Result<Creation, Value> {
        let (partner, location) = (&self.asked.asker["partner"], &self.asked.body["location"]);
        let several = self.asked.body["engagements"].as_array().is_some_and(|it| it.len() > 1);
        let published = program.newest_version(engagement).ok_or_else(|| no("engagement_not_found"))?;
        let terms = &published["terms"];
        let here = |it: &super::Claim| it.told("engagement") == engagement;
        let claims: Vec<_> = self.past.claims().into_iter().filter(here).collect();
        let partners = |it: &&super::Claim| it.told("partner") == partner;
        let refusals = [
            (terms["activity"] != "partner_activity", "engagement_not_partner_activity"),
            (program.is_retired(engagement), "engagement_retired"),
            (claims.iter().filter(partners).any(|it| !it.is_over()), "open_claim_exists"),
            (!program.is_enrolled(partner, location, self.asked.at), "location_not_enrolled"),
            (!program.is_eligible(partner, location, engagement), "location_not_eligible"),
        ];
        if let Some((_, code)) = refusals.into_iter().find(|(holds, _)| *holds) {
            return Err(no(code));
        }
        self.kind_and_opportunity(terms, several)?;
        self.hours(terms)?;
        let payout_cents = self.payout(terms)?;
        let identifier = self.identity(terms)?;
        let counted = claims.iter().filter(|it| it.counts());
        let counted = match terms["scope"] == "partner_customer" {
            true => counted.filter(partners).count(),
            false => counted.count(),
        };
        if counted as u64 >= terms["limit"].as_u64().expect("a number") {
            return Err(no_because("claim_limit_reached", json!({"limit": terms["limit"]})));
        }
        Ok(Creation {
            engagement: engagement.clone(),
            terms: terms.clone(),
            terms_version: published["terms_version"].clone(),
            identifier,
            payout_cents,
        })
    }

    /// R-022 ….
    fn kind_and_opportunity(&self, terms: &Value, several: bool) -> Result<(), Value> {
        let body = &self.asked.body;
        let is_add = self.asked.command == "AddCustomer";
        let is_variable = terms["pay"] == "variable";
        let named = !body["msx_opportunity_id"].is_null();
        let refusals = [
            (is_add && !takes(terms, &body["customer"]), "id_kind_not_accepted"),
            (is_variable && several, "variable_pay_alone"),
            (!is_add && is_variable && !named, "opportunity_required"),
            (!is_add && !is_variable && named, "opportunity_not_allowed"),
        ];
        match refusals.into_iter().find(|(holds, _)| *holds) {
            Some((_, code)) => Err(no(code)),
            None => Ok(()),
        }
    }

    ///
    fn hours(&self, terms: &Value) -> Result<(), Value> {
        match (&terms["hours"], self.asked.body["hours"].as_u64()) {
            (Value::Null, Some(_)) => Err(no("hours_not_allowed")),
            (Value::Null, None) => Ok(()),
            (_, None) => Err(no("hours_required")),
            (limits, Some(hours)) => {
                let limit = |name: &str| limits[name].as_u64().expect("a number");
                match (limit("min")..=limit("max")).contains(&hours) {
                    true => Ok(()),
                    false => Err(no_because("hours_out_of_range", limits.clone())),
                }
            }
        }
    }

    /// min(hours × rate, cap, share of the opportunity's value), cut to whole cents once.
    fn payout(&self, terms: &Value) -> Result<u64, Value> {
        let rule = &terms["payout"];
        if terms["pay"] == "fixed" {
            return Ok(rule["fixed_cents"].as_u64().expect("cents"));
        }
        let opportunity = &self.asked.body["found"]["opportunity"];
        if opportunity["of_customer"] == false {
            return Err(no("opportunity_of_other_customer"));
        }
        if opportunity["open"] == false {
            return Err(no("opportunity_not_open"));
        }
        let by_hours =
            self.asked.body["hours"].as_u64().expect("hours") * rule["rate_cents"].as_u64().expect("cents");
        let cap = rule["cap_cents"].as_u64().unwrap_or(u64::MAX);
        let share = match rule["share_percent"].as_u64() {
            None => u64::MAX,
            Some(percent) if opportunity["currency"] == rule["currency"] => {
                let value = opportunity["value"].as_str().and_then(millionths);
                // a hundredth of a whole unit is a cent: percent of units are cents
                value.ok_or_else(|| no("opportunity_value_unusable"))? * percent / 1_000_000
            }
            Some(_) => return Err(no("opportunity_value_unusable")),
        };
        Ok(by_hours.min(cap).min(share))
    }

    /// The identifier that counts, if its facts meet the criteria.
    fn identity(&self, terms: &Value) -> Result<Value, Value> {
        let body = &self.asked.body;
        let judge = |facts: Option<&Value>| match terms
            .get("criteria")
            .map_or(Some(true), |it| holds(it, facts, None))
        {
            Some(true) => Ok(()),
            Some(false) => Err(no("criteria_not_met")),
            None => Err(no("fact_unknown")),
        };
        let given =
            if self.asked.command == "AddCustomer" { &body["customer"] } else { &body["msx_opportunity_id"] };
        if given["id_type"] == "domain_name" {
            return judge(self.past.observed(&body["found"]["tenant"]).map(|it| &it["values"]))
                .map(|()| given.clone());
        }
        if !given.is_null() {
            return judge(self.past.facts(given)).map(|()| given.clone());
        }
        let known = self.past.known_to(&self.asked.asker["partner"]);
        let taken: Vec<_> = known.into_iter().filter(|it| takes(terms, it)).collect();
        let newest = taken.first().ok_or_else(|| no("id_kind_not_accepted"))?;
        match taken.iter().find(|it| judge(self.past.facts(it)).is_ok()) {
            Some(it) => Ok(it.clone()),
            None => judge(self.past.facts(newest)).map(|()| newest.clone()),
        }
    }

    fn created(&self, it: Creation, is_add: bool) -> Value {
        let Self { asked, past, .. } = self;
        let (body, partner) = (&asked.body, &asked.asker["partner"]);
        let (engagement, is_variable) =
            (it.engagement.as_str().expect("an id"), it.terms["pay"] == "variable");
        let source = format!("partner:{}", partner.as_str().expect("an id"));
        let days = it.terms["days"]["consent"].as_i64().expect("a day count");
        let tenant = match it.identifier["id_type"] == "domain_name" {
            true if is_add => Some(&body["found"]["tenant"]),
            true => past.derived(&it.identifier),
            false => None,
        };
        let mut event = json!({
            "type": if is_add { "CustomerAdded" } else { "CustomerClaimed" },
            "version": 1,
            "claim": claim_id(&asked.customer_id, &source, &asked.id, engagement),
            "partner": partner,
            "engagement": engagement,
            "terms_version": it.terms_version,
            "location": body["location"],
            "identifier": it.identifier,
            "friendly_name": body["friendly_name"],
            "payout": {"cents": it.payout_cents, "currency": it.terms["payout"]["currency"]},
            "contacts": body["contacts"],
            "consent_due_at": spelt(asked.at + days * 86_400_000),
        });
        let found = |name: &str, kept: bool| Some(&body["found"][name]).filter(|_| kept);
        let maybe = [
            ("tenant", tenant),
            ("tpid", found("tpid", is_add || is_variable)),
            ("opportunity", found("opportunity", is_variable)),
            ("mismatch_reason", Some(&body["mismatch_reason"])),
            ("hours", Some(&body["hours"])),
        ];
        for (name, value) in maybe {
            if let Some(value) = value.filter(|it| !it.is_null()) {
                event[name] = value.clone();
            }
        }
        event
    }
}

fn takes(terms: &Value, identifier: &Value) -> bool {
    terms["id_kinds"].as_array().is_some_and(|kinds| kinds.contains(&identifier["id_type"]))
}

/// `digits[.digits]` in millionths.
fn millionths(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let part: u64 = format!("{part:0<6}").parse().ok()?;
    Some(whole.parse::<u64>().ok()? * 1_000_000 + part)
}
