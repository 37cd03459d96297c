//! Moments of the year 2026, counted in milliseconds; no clock is read.

use std::fmt;

use chrono::{DateTime, SecondsFormat};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// 2026-01-01T00:00:00Z in days since 1970, a Thursday.
const NEW_YEAR: i64 = 20_454;
const MONTH_STARTS: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// A moment in UTC, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At(i64);

impl At {
    /// A moment of 2026; `month` and `day` count from 1.
    pub(crate) const fn on(month: usize, day: i64, hour: i64, minute: i64) -> Self {
        let date = NEW_YEAR + MONTH_STARTS[month - 1] + day - 1;
        Self(date * DAY + hour * HOUR + minute * MINUTE)
    }

    /// This many days of 24 hours later.
    pub(crate) const fn days(self, days: i64) -> Self {
        Self(self.0 + days * DAY)
    }

    /// This many hours later.
    pub(crate) const fn hours(self, hours: i64) -> Self {
        Self(self.0 + hours * HOUR)
    }

    /// This many minutes later.
    pub(crate) const fn minutes(self, minutes: i64) -> Self {
        Self(self.0 + minutes * MINUTE)
    }

    /// This many milliseconds later, or earlier when negative.
    pub(crate) const fn ms(self, ms: i64) -> Self {
        Self(self.0 + ms)
    }

    /// The same moment if people work then, else the next working morning (Monday to Friday, 7 to 18 UTC),
    /// keeping minutes and seconds.
    pub(crate) fn working(self) -> Self {
        let (mut date, mut hour) = (self.0 / DAY, (self.0 % DAY) / HOUR);
        if hour >= 18 {
            (date, hour) = (date + 1, 8);
        }
        hour = hour.max(7);
        // Day 0 of 1970 was a Thursday, so 2 and 3 are the week-end.
        date += match date % 7 {
            2 => 2,
            3 => 1,
            _ => 0,
        };
        Self(date * DAY + hour * HOUR + self.0 % HOUR)
    }

    /// The month, from 1.
    pub(crate) fn month(self) -> usize {
        let date = self.0 / DAY - NEW_YEAR;
        MONTH_STARTS.iter().filter(|&&start| start <= date).count()
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::from_timestamp_millis(self.0).unwrap_or_default();
        f.write_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}
