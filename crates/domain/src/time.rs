//! Instants as data: milliseconds since 1970 in UTC, spelt RFC 3339 `Z` with three decimals.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, Timelike};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::spelt;

/// A moment in UTC with a precision of one millisecond (DESIGN §5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

/// Milliseconds in a day of 24 hours; every deadline counts such days (A-30).
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Milliseconds in an hour.
const HOUR_MS: i64 = 60 * 60 * 1_000;
/// 9999-12-31T23:59:59.999Z, the last moment that RFC 3339 can spell.
const MAX_MS: i64 = 253_402_300_799_999;

impl Instant {
    /// The moment `ms` milliseconds after 1970-01-01T00:00:00Z, kept within the years 1970 to 9999.
    #[must_use]
    pub fn from_ms(ms: i64) -> Self {
        Self(ms.clamp(0, MAX_MS))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn as_ms(self) -> i64 {
        self.0
    }

    /// This moment and `days` × 24 hours more (A-30).
    #[must_use]
    pub fn plus_days(self, days: u32) -> Self {
        Self::from_ms(self.0 + i64::from(days) * DAY_MS)
    }

    /// This moment and `hours` hours more.
    #[must_use]
    pub fn plus_hours(self, hours: u32) -> Self {
        Self::from_ms(self.0 + i64::from(hours) * HOUR_MS)
    }

    /// This moment and `ms` milliseconds more, or fewer when negative.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self::from_ms(self.0.saturating_add(ms))
    }

    /// `YYYY-MM-DDThh:mm:ss.mmmZ`, put together digit by digit: every record spells several times.
    fn spelt(self) -> [u8; 24] {
        let at = DateTime::from_timestamp_millis(self.0).unwrap_or_default();
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let year = at.year().unsigned_abs();
        let ms = u32::try_from(self.0.rem_euclid(1_000)).unwrap_or(0);
        for (end, digits, mut number) in [
            (4, 4, year),
            (7, 2, at.month()),
            (10, 2, at.day()),
            (13, 2, at.hour()),
            (16, 2, at.minute()),
            (19, 2, at.second()),
            (23, 3, ms),
        ] {
            for place in text[end - digits..end].iter_mut().rev() {
                *place = b'0' + (number % 10) as u8;
                number /= 10;
            }
        }
        text
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.spelt()).map_err(|_| fmt::Error)?)
    }
}

/// A text that is not an RFC 3339 time in UTC between 1970 and 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time in UTC, such as 2026-01-31T09:30:00.000Z")]
pub struct NotAnInstant;

impl FromStr for Instant {
    type Err = NotAnInstant;

    /// Reads RFC 3339 with offset `Z`; digits finer than a millisecond are cut off.
    ///
    /// # Errors
    /// When the text is spelt another way, has another offset than `Z`, or lies outside 1970 to 9999.
    fn from_str(text: &str) -> Result<Self, NotAnInstant> {
        if !text.ends_with('Z') || text.len() > 40 {
            return Err(NotAnInstant);
        }
        let ms = match read_own(text) {
            Some(ms) => ms,
            None => DateTime::parse_from_rfc3339(text).map_err(|_| NotAnInstant)?.timestamp_millis(),
        };
        if (0..=MAX_MS).contains(&ms) { Ok(Self(ms)) } else { Err(NotAnInstant) }
    }
}

/// Reads the spelling that claimlog itself writes, in which nearly every time comes.
fn read_own(text: &str) -> Option<i64> {
    let text: &[u8; 24] = text.as_bytes().try_into().ok()?;
    let between = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')];
    let number = |from: usize, to: usize| {
        text[from..to]
            .iter()
            .try_fold(0_u32, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
    };
    if between.iter().any(|(at, mark)| text[*at] != *mark) {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(number(0, 4)?.try_into().ok()?, number(5, 7)?, number(8, 10)?)?;
    let time = date.and_hms_milli_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 23)?)?;
    Some(time.and_utc().timestamp_millis())
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.spelt()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        spelt::text(deserializer)
    }
}

impl JsonSchema for Instant {
    fn schema_name() -> Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date-time",
            "pattern": "Z$",
            "description": "RFC 3339 in UTC; written with three decimals"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // A-30, F-22
    fn a_day_is_always_24_hours() {
        let eve: Instant = "2028-02-28T23:30:00.000Z".parse().unwrap();
        assert_eq!(eve.plus_days(2).to_string(), "2028-03-01T23:30:00.000Z");
    }

    #[test]
    fn every_moment_is_spelt_as_chrono_spells_it() {
        for ms in (0..253_402_300_799_999).step_by(9_999_999_977) {
            let spelt = DateTime::from_timestamp_millis(ms)
                .unwrap()
                .to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
            assert_eq!(Instant::from_ms(ms).to_string(), spelt);
            assert_eq!(spelt.parse(), Ok(Instant::from_ms(ms)));
        }
    }

    #[test]
    fn spelling_is_fixed_and_reads_back() {
        let at: Instant = "2026-11-23T06:00:00Z".parse().unwrap();
        assert_eq!(serde_json::to_string(&at).unwrap(), r#""2026-11-23T06:00:00.000Z""#);
        assert_eq!("2026-11-23T06:00:00.0009Z".parse(), Ok(at), "finer digits are cut off");
        assert!("2026-06-30T23:59:60.000Z".parse::<Instant>().is_ok(), "a leap second");
        for bad in [
            "2026-11-23T06:00:00+01:00",
            "2026-11-23",
            "",
            "1969-12-31T23:59:59Z",
            "2026-02-30T00:00:00Z",
            "2026-02-30T00:00:00.000Z",
            "2026-02-28T24:00:00.000Z",
            "2026-02-28T00:00:00,000Z",
            "2026-02-28T00:0 :00.000Z",
        ] {
            assert!(bad.parse::<Instant>().is_err(), "{bad}");
        }
    }
}
