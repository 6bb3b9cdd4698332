//! Durations as users write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration as StdDuration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A duration such as `5m`, `1h30m` or `500ms` (GEP-2257; at most 24 days, in whole milliseconds).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(StdDuration);

/// The text is not a duration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not a duration: write whole numbers with h, m, s or ms, such as 5m or 1h30m")]
pub struct ParseDurationError(String);

impl Duration {
    /// Wraps a standard duration.
    pub const fn new(value: StdDuration) -> Self {
        Self(value)
    }

    /// The standard duration.
    pub const fn get(self) -> StdDuration {
        self.0
    }
}

impl FromStr for Duration {
    type Err = ParseDurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseDurationError(text.to_owned());
        let mut rest = text;
        let mut millis: u64 = 0;
        let mut parts = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            if digits == 0 || digits > 7 || parts == 4 {
                return Err(wrong());
            }
            let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
            rest = &rest[digits..];
            let (unit, factor) = [("ms", 1), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)]
                .into_iter()
                .find(|(unit, _)| rest.starts_with(unit))
                .ok_or_else(wrong)?;
            millis += number * factor;
            rest = &rest[unit.len()..];
            parts += 1;
        }
        if parts == 0 || millis > 24 * 86_400_000 {
            return Err(wrong());
        }
        Ok(Self(StdDuration::from_millis(millis)))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0.as_millis();
        if left == 0 {
            return f.write_str("0s");
        }
        for (unit, factor) in [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
            if left >= factor {
                write!(f, "{}{unit}", left / factor)?;
                left %= factor;
            }
        }
        Ok(())
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Duration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "maxLength": 32,
            "pattern": "^([0-9]{1,7}(h|m|s|ms)){1,4}$"
        })
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_prints() {
        for (text, millis) in [
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("500ms", 500),
            ("0s", 0),
            ("2s5ms", 2005),
        ] {
            let parsed: Duration = text.parse().unwrap();
            assert_eq!(parsed.get().as_millis(), millis);
            assert_eq!(parsed.to_string(), text);
        }
    }

    #[test]
    fn takes_24_days_and_not_a_millisecond_more() {
        for (text, is_taken) in [
            ("576h", true),
            ("575h59m59s999ms", true),
            ("576h1ms", false),
            ("577h", false),
            ("9999999s", false),
            ("1s1s1s1s", true),
            ("0001000ms", true),
            ("00001000ms", false),
        ] {
            assert_eq!(text.parse::<Duration>().is_ok(), is_taken, "{text}");
        }
    }

    /// What the schema takes is read, and the other way round but for the limit of 24 days, which no pattern can say.
    #[test]
    fn the_schema_says_the_same() {
        let schema = schemars::schema_for!(Holder);
        let own = &schema.as_value()["properties"]["wait"];
        assert_eq!(own["pattern"], "^([0-9]{1,7}(h|m|s|ms)){1,4}$");
        assert_eq!(own["maxLength"], 32);
    }

    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Holder {
        wait: Duration,
    }

    #[test]
    fn refuses_what_is_none() {
        for text in [
            "",
            "5",
            "m",
            "-1s",
            "1.5h",
            "5 m",
            "1d",
            "99999999s",
            "1s1s1s1s1s",
        ] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }
}
