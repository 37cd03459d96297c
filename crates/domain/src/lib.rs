//! The rules of claims: what a command comes to ([`decide`](decide::decide)), what a deadline comes to
//! ([`decide::fire`]), and how events make a state ([`Customer::evolve`](customer::Customer::evolve),
//! [`Catalog::evolve`](catalog::Catalog::evolve)). `RULES.md` beside this crate is the law they carry out.
//!
//! Deliberately absent: a clock (time is an argument), randomness (ids are derived, none is drawn), input and output,
//! floating point, anything asynchronous. What must be known from outside is in the state already, or in the command.
//! So the same inputs give the same answer on any machine, for ever, and deciding cannot fail: a refusal is an
//! answer. Personal data is here as closed boxes only ([`sealed`]).
//!
//! Where to start: [`decide`] for the order of precedence and one verb after the other, then [`claim`] for the
//! sixteen statuses, [`customer`] for the fold, [`verdict`] for who is eligible. Every test of a verb reads "given a
//! history, when a command comes, then"; the kit is `decide/given.rs`. The whole table of statuses and commands is
//! `decide/transitions/table.rs`, what holds after any sequence of commands is `decide/properties.rs`. In
//! `tests/decisions` long histories are decided a second time by a model that shares nothing with this crate.
//!
//! Each rule of the source, and the tests that show it:
//!
//! | Rule | Shown by |
//! |---|---|
//! | R-001 | `every_command_is_for_its_askers_only` |
//! | R-002 | `an_engagement_of_another_activity_has_no_customers_page` |
//! | R-003 | `a_known_customer_is_eligible_under_its_identity`, `a_customer_is_known_for_ever_whatever_became_of_the_claim` |
//! | R-004 | — the three groups are views, each tested in its own crate |
//! | R-005 | `a_known_customer_is_eligible_under_its_identity`, `eligible_means_that_claim_is_accepted` |
//! | R-006 | `an_ineligible_customer_is_told_every_reason_in_order` |
//! | R-007 | `a_customer_that_fails_the_criteria_is_refused`, `an_ineligible_customer_is_told_every_reason_in_order` |
//! | R-008 | `open_and_approved_claims_count_and_no_other` |
//! | R-009 | `an_engagement_by_opportunity_only_lists_everyone_under_the_limit` |
//! | R-010 | `every_status_is_shown_under_its_heading` |
//! | R-011 | `every_status_is_shown_under_its_heading` |
//! | R-012 | — opening a claim by its id is reading; the id itself is `a_claim_id_carries_its_customers_slot_and_reads_back` |
//! | R-013 | `one_open_claim_of_a_partner_on_an_engagement_by_either_route` |
//! | R-014 | `an_ineligible_customer_is_told_every_reason_in_order`, `eligible_means_that_claim_is_accepted` |
//! | R-015 | — where a button stands is the page, not a decision |
//! | R-016 | `a_claim_needs_a_friendly_name` |
//! | R-017 | `a_body_without_location_identifier_or_contacts_does_not_read`, `what_is_asked_for_is_kept_with_the_claim` |
//! | R-018 | `a_location_that_is_not_enrolled_is_refused`, `a_location_is_enrolled_by_the_operator_or_an_admin_of_its_partner` |
//! | R-019 | `the_askers_role_must_cover_the_location` |
//! | R-020 | `the_askers_role_must_cover_the_location`, `a_claim_at_a_location_outside_the_askers_is_out_of_scope_whatever_its_status` |
//! | R-021 | `a_body_without_location_identifier_or_contacts_does_not_read`, `only_the_canonical_spelling_reads` |
//! | R-022 | `fixed_pay_takes_the_four_kinds_and_no_opportunity` |
//! | R-023 | `an_engagement_may_take_fewer_kinds` |
//! | R-024 | `facts_count_for_the_identifier_that_is_given_and_for_no_other` |
//! | R-025 | `variable_pay_takes_an_opportunity_only`, `terms_against_the_rules_are_refused` |
//! | R-026 | `fixed_pay_takes_the_four_kinds_and_no_opportunity`, `terms_against_the_rules_are_refused` |
//! | R-027 | `a_domain_is_checked_by_the_tenant_derived_from_it_now` |
//! | R-028 | — intake answers it with a problem, so that it never becomes a command (A-63) |
//! | R-029 | `facts_count_for_the_identifier_that_is_given_and_for_no_other` |
//! | R-030 | `facts_count_for_the_identifier_that_is_given_and_for_no_other`, `a_domains_facts_are_its_tenants_and_no_others` |
//! | R-031 | `a_tenant_at_odds_with_the_e_mail_domain_needs_a_reason_that_is_kept` |
//! | R-032 | `a_tenant_at_odds_with_the_e_mail_domain_needs_a_reason_that_is_kept` |
//! | R-033 | `a_tenant_at_odds_with_the_e_mail_domain_needs_a_reason_that_is_kept` |
//! | R-034 | `an_engagement_that_can_be_chosen_shows_its_proposed_payout`, `what_can_be_chosen_is_accepted_by_add`, `a_known_customer_is_eligible_under_its_identity`, `one_enrolled_and_eligible_location_of_the_partner_is_enough` |
//! | R-035 | `the_others_are_listed_with_every_reason`, `an_ineligible_customer_is_told_every_reason_in_order` |
//! | R-036 | `a_variable_pay_engagement_is_added_alone` |
//! | R-037 | `a_variable_pay_engagement_is_added_alone`, `one_to_twenty_engagements_each_once` |
//! | R-038 | `variable_pay_needs_hours_within_the_limits_of_its_terms` |
//! | R-039 | `variable_pay_needs_hours_within_the_limits_of_its_terms`, `fixed_pay_takes_no_hours` |
//! | R-040 | `no_later_command_carries_hours`, `what_is_frozen_never_changes_and_terminal_claims_stay_so` |
//! | R-041 | `contacts_need_every_name`, `a_body_without_location_identifier_or_contacts_does_not_read` |
//! | R-042 | `a_payout_other_than_the_reviewed_sum_is_refused_with_the_new_one` |
//! | R-043 | `an_engagement_that_can_be_chosen_shows_its_proposed_payout`, `variable_pay_is_the_least_of_hours_cap_and_share` |
//! | R-044 | `variable_pay_is_the_least_of_hours_cap_and_share`, `fixed_pay_is_a_constant` |
//! | R-045 | `if_one_engagement_refuses_nothing_is_created_and_each_reason_is_told` |
//! | R-046 | `each_chosen_engagement_gets_a_claim_with_the_same_fields` |
//! | R-047 | `each_chosen_engagement_gets_a_claim_with_the_same_fields` |
//! | R-048 | `a_customer_known_from_any_engagement_is_claimed_under_its_known_identity` |
//! | R-049 | `a_customer_known_from_any_engagement_is_claimed_under_its_known_identity` |
//! | R-050 | — where the action stands is the page; its command is `ClaimCustomer` |
//! | R-051 | `with_fixed_pay_the_earlier_of_two_faults_wins`, `what_is_asked_for_is_kept_with_the_claim` |
//! | R-052 | `the_location_must_be_enrolled_and_eligible`, `the_newest_record_counts_where_the_terms_say_so` |
//! | R-053 | `several_engagements_are_claimed_together_or_none` |
//! | R-054 | `what_is_asked_for_is_kept_with_the_claim` |
//! | R-055 | — the name of a button is the page, not a decision |
//! | R-056 | `several_engagements_are_claimed_together_or_none` |
//! | R-057 | `a_customer_known_from_any_engagement_is_claimed_under_its_known_identity` |
//! | R-058 | `a_customer_that_the_partner_does_not_know_is_not_found`, `a_customer_off_the_eligible_tab_is_refused`, `eligible_means_that_claim_is_accepted` |
//! | R-059 | `consent_is_asked_for_with_a_deal_size_and_a_mail_is_intended` |
//! | R-060 | `a_claim_begins_by_add_or_by_claim`, `consent_expires_so_many_days_after_creation_reminders_or_not` |
//! | R-061 | `consent_is_asked_for_with_a_deal_size_and_a_mail_is_intended` |
//! | R-062 | `contacts_can_change_with_the_request_which_raises_their_revision_once`, `contacts_are_replaced_whole_and_their_revision_rises_even_if_equal` |
//! | R-063 | `consent_is_asked_for_with_a_deal_size_and_a_mail_is_intended`, `a_deal_size_of_nothing_or_less_is_refused` |
//! | R-064 | — what the figure means is documentation; nothing is decided by it (R-066) |
//! | R-065 | `deal_size_is_frozen_once_consent_was_requested`, `what_is_frozen_never_changes_and_terminal_claims_stay_so` |
//! | R-066 | `deal_size_changes_neither_a_decision_nor_a_payout` |
//! | R-067 | `the_newest_disclaimer_must_be_acknowledged_and_is_recorded` |
//! | R-068 | `the_newest_disclaimer_must_be_acknowledged_and_is_recorded` |
//! | R-069 | `consent_is_asked_for_with_a_deal_size_and_a_mail_is_intended` |
//! | R-070 | `a_reminder_is_a_mail_and_changes_neither_deal_size_nor_deadline` |
//! | R-071 | `a_reminder_is_a_mail_and_changes_neither_deal_size_nor_deadline` |
//! | R-072 | `a_customer_that_only_declined_is_not_known` |
//! | R-073 | `consent_expires_so_many_days_after_creation_reminders_or_not` |
//! | R-074 | `a_customer_that_only_declined_is_not_known`, `a_customer_is_known_for_ever_whatever_became_of_the_claim` |
//! | R-075 | `consent_starts_the_clocks_of_submission_and_review`, `a_claim_is_submitted_until_just_before_its_deadline`, `an_unsubmitted_claim_expires_so_many_days_after_consent` |
//! | R-076 | `an_answer_counts_until_just_before_the_deadline`, `the_same_answer_again_is_quiet_in_any_status_and_under_any_revision`, `a_refusal_after_consent_is_refused_in_any_status` |
//! | R-077 | `an_engagement_without_a_policy_creates_no_referral`, `without_a_policy_for_co_sell_nothing_follows` |
//! | R-078 | `a_referral_is_intended_where_the_policy_holds_over_recorded_facts` |
//! | R-079 | `a_referral_is_intended_where_the_policy_holds_over_recorded_facts`, `a_referral_that_was_created_belongs_to_the_claim_with_its_link` |
//! | R-080 | `a_referral_that_was_created_belongs_to_the_claim_with_its_link` |
//! | R-081 | — who may open a referral is a matter of reading, in the API |
//! | R-082 | — what of a referral is shown to whom is a matter of reading, in the API |
//! | R-083 | `the_upgrade_follows_whichever_of_consent_and_referral_is_second`, `a_customer_that_does_not_qualify_is_told_why` |
//! | R-084 | `an_upgrade_makes_the_claim_a_co_sell` |
//! | R-085 | `a_claim_has_at_most_one_referral_one_upgrade_and_one_closing`, `there_is_no_upgrade_before_consent_and_none_without_a_referral` |
//! | R-086 | `neither_a_failed_referral_nor_a_failed_mail_moves_the_claim_or_its_clock`, `a_failed_effect_is_due_again` |

/// Who asks, and the source of a command that follows from it.
pub mod asker;
/// The fold of the program, with its past: terms, enrolments, eligibility.
pub mod catalog;
/// The choose-engagements step.
pub mod choices;
/// One claim: its statuses, its one running deadline, and what its rules look at.
pub mod claim;
/// What is asked, and what intake looked up for it.
pub mod command;
/// Conditions over facts, three-valued.
pub mod criteria;
/// The fold of one customer, the boundary of consistency.
pub mod customer;
/// From state and command to events or a refusal, one file a verb.
pub mod decide;
/// What is to be done outside, as a ledger on the claim.
pub mod effect;
/// What was decided.
pub mod event;
/// What is known from outside about an identifier.
pub mod facts;
/// The five ways to nominate a customer.
pub mod identifier;
/// Typed names, derived rather than drawn.
pub mod ids;
/// What a claim pays.
pub mod payout;
/// Why a command is refused, in order of precedence.
pub mod refusal;
/// What a rule says, by its number.
pub mod rule;
/// Personal data as closed boxes.
pub mod sealed;
/// Reading values that are spelt as texts, in one pass.
pub mod spelt;
/// One version of an engagement: everything that differs between engagements.
pub mod terms;
/// Text with a bound.
pub mod text;
/// Moments as data.
pub mod time;
/// Whether a customer may be claimed for an engagement, and why not.
pub mod verdict;
/// The version of a shape.
pub mod version;
