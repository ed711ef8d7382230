use std::time::Duration;

/// `500ms`, `60s`, `2m`. A number without its unit is refused: tools differ in what they take it for.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| WANTED.to_owned())?;
    let milliseconds = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        "" => return Err(format!("the unit is missing: {number}s or {number}ms?")),
        _ => return Err(WANTED.into()),
    };
    milliseconds.map(Duration::from_millis).ok_or_else(|| "that is too long".into())
}

const WANTED: &str = "a time is wanted, for instance 500ms, 60s or 2m";

/// As people read it: `12 ms`, `3.4 s`, `2 min 5 s`.
pub(crate) fn words(duration: Duration) -> String {
    match duration.as_millis() {
        ms @ ..1_000 => format!("{ms} ms"),
        ms @ ..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        ms => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(parse("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(parse("0s"), Ok(Duration::ZERO));
        assert_eq!(parse("30").unwrap_err(), "the unit is missing: 30s or 30ms?");
        for wrong in ["", "s", "1h", "-1s", "1.5s", "99999999999999999999s", "18446744073709551615m"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn in_words() {
        let of = |ms| words(Duration::from_millis(ms));
        assert_eq!([of(0), of(999), of(1_000), of(59_960)], ["0 ms", "999 ms", "1.0 s", "59.9 s"]);
        assert_eq!(of(125_000), "2 min 5 s");
    }
}
