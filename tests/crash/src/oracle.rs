//! What must be true after a recovery: the catalog of a run that nobody disturbed, and each migration counted exactly.

use crate::Result;
use crate::victim::Way;

/// The state of a database behind an undisturbed run, up and down.
pub struct Oracle {
    up: String,
    down: String,
}

/// All but the counters, which tell how a state was reached.
fn catalog(state: &str) -> String {
    state.lines().filter(|line| !line.starts_with("counter: ")).map(|line| format!("{line}\n")).collect()
}

/// `n up down` of each migration.
fn counters(state: &str) -> Result<Vec<[i64; 3]>> {
    let counter = |line: &str| -> Result<[i64; 3]> {
        let numbers: Vec<i64> = line.split(' ').map(str::parse).collect::<std::result::Result<_, _>>()?;
        Ok(numbers.try_into().map_err(|_| format!("counter: {line}"))?)
    };
    let counters: Vec<_> =
        state.lines().filter_map(|line| line.strip_prefix("counter: ")).map(counter).collect::<Result<_>>()?;
    if counters.len() != crate::files::COUNT - 1 {
        return Err(format!("{} counters", counters.len()).into());
    }
    Ok(counters)
}

impl Oracle {
    /// From the states of an undisturbed run up, and then down.
    pub fn new(up: &str, down: &str) -> Result<Oracle> {
        let oracle = Oracle { up: catalog(up), down: catalog(down) };
        for (state, expected) in [(up, [1, 0]), (down, [1, 1])] {
            if let Some(wrong) = counters(state)?.into_iter().find(|counter| counter[1..] != expected) {
                return Err(format!("an undisturbed run counts {wrong:?}").into());
            }
            for bad in ["journal: ", "INVALID", "UNFINISHED", "advisory lock: "] {
                if let Some(line) = state.lines().find(|line| line.contains(bad)) {
                    return Err(format!("an undisturbed run leaves {line}").into());
                }
            }
        }
        if oracle.up == oracle.down {
            return Err("up and down end alike: the oracle sees nothing".into());
        }
        Ok(oracle)
    }

    /// What is wrong behind a recovery in direction `way`, of a database that was taken up, and down at most once.
    pub fn check(&self, way: Way, state: &str) -> Result<()> {
        let (expected, applied) = match way {
            Way::Up => (&self.up, 1),
            Way::First | Way::Down => (&self.down, 0),
        };
        for [n, up, down] in counters(state)? {
            if up - down != applied || !(0..=1).contains(&down) {
                return Err(format!("migration {n} ran {up} times up and {down} times down").into());
            }
        }
        let found = catalog(state);
        if *expected == found {
            return Ok(());
        }
        let only = |of: &str, other: &str, sign| -> String {
            of.lines()
                .filter(|line| !other.lines().any(|o| o == *line))
                .map(|line| format!("{sign} {line}\n"))
                .collect()
        };
        Err(format!("another state:\n{}{}", only(expected, &found, '-'), only(&found, expected, '+')).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(rows: &[(i64, i64)], rest: &str) -> String {
        let counters = rows.iter().zip(2..).map(|((up, down), n)| format!("counter: {n} {up} {down}\n"));
        counters.collect::<String>() + rest
    }

    /// The oracle must be able to fail.
    #[test]
    fn what_ran_twice_or_not_at_all_is_seen_and_what_was_left() {
        let once = [(1, 0); 7];
        let back = [(1, 1); 7];
        let oracle = Oracle::new(&state(&once, "column: a\n"), &state(&back, "")).unwrap();
        let check = |counters: &[(i64, i64)], rest: &str| {
            oracle.check(Way::Up, &state(counters, rest)).map_err(|e| e.to_string())
        };
        assert_eq!(check(&once, "column: a\n"), Ok(()));
        let mut other = once;
        other[3] = (2, 0);
        assert_eq!(check(&other, "column: a\n").unwrap_err(), "migration 5 ran 2 times up and 0 times down");
        other[3] = (0, 0);
        assert_eq!(check(&other, "column: a\n").unwrap_err(), "migration 5 ran 0 times up and 0 times down");
        // Taken down, and up again.
        other[3] = (2, 1);
        assert_eq!(check(&other, "column: a\n"), Ok(()));
        assert_eq!(check(&once, "column: a\njournal: 1\n").unwrap_err(), "another state:\n+ journal: 1\n");
        assert_eq!(check(&once, "").unwrap_err(), "another state:\n- column: a\n");
    }
}
