//! The newest migrations in other orders.

use std::collections::BTreeSet;

use migrate_core::{CauseKind, Failure, Migration, Migrations, UpTarget};

use crate::error::{Error, Phase, Trouble, unsound};
use crate::event::Event;
use crate::report::{Finding, Orders, Report};
use crate::run::{Connection, Run};
use crate::{Catalog, Scratch};

/// Up to so many migrations are tried in all their orders: 24, of which each is a run of all migrations.
pub const ALL_ORDERS: usize = 4;

/// Two migrations, by their places in version order.
type Pair = (usize, usize);

/// How an order ended.
enum Ended {
    At(Catalog),
    /// At this place of the order.
    Failed(usize, Box<Failure>),
}

impl<S: Scratch, O: FnMut(&Event<'_>)> Run<'_, S, O> {
    /// The newest, as many as were asked for, in other orders than that of their versions.
    pub(crate) fn in_other_orders(
        &mut self,
        known: &Migrations<'_, Connection<S>>,
        report: &mut Report,
    ) -> Result<(), Error> {
        let count = self.check.newest.min(known.len());
        if count < 2 {
            return Ok(());
        }
        let newest: Vec<_> = known.iter().skip(known.len() - count).collect();
        let labels: Vec<_> = newest.iter().map(|migration| migration.meta().to_string()).collect();
        let named = |pairs: Vec<Pair>| -> Vec<(String, String)> {
            pairs.into_iter().map(|(a, b)| (labels[a].clone(), labels[b].clone())).collect()
        };
        let in_versions: Vec<usize> = (0..count).collect();
        let wanted = match self.applied(known, &newest, &in_versions)? {
            Ended::At(catalog) => catalog,
            Ended::Failed(_, failure) => {
                return Err(unsound(failure.label.clone(), Phase::Up, migrate_core::Error::Failed(failure)));
            }
        };
        let mut orders = Orders { newest: count, same: 0, failing: 0 };
        let (mut commute, mut dependent) = (BTreeSet::new(), BTreeSet::new());
        let mut dead_ends = Vec::<Vec<usize>>::new();
        for order in others(count) {
            if dead_ends.iter().any(|begun| order.starts_with(begun)) {
                orders.failing += 1;
                continue;
            }
            let turned = turned(&order);
            match self.applied(known, &newest, &order)? {
                Ended::At(found) => {
                    let differences = wanted.diff(&found);
                    if !differences.is_empty() {
                        let pairs = named(suspects(&turned, &commute));
                        let order = order.iter().map(|&at| labels[at].clone()).collect();
                        return Err(Error::OrderMatters { pairs, order, differences });
                    }
                    // One that turns more pairs round tells nothing new.
                    if let [(earlier, later)] = turned[..] {
                        let moved = wanted.column_orders(&found).into_iter();
                        report.findings.extend(moved.map(|order| Finding::ColumnsByOrder {
                            earlier: labels[earlier].clone(),
                            later: labels[later].clone(),
                            order,
                        }));
                    }
                    orders.same += 1;
                    commute.extend(turned);
                }
                Ended::Failed(place, failure) => {
                    orders.failing += 1;
                    dead_ends.push(order[..=place].to_vec());
                    let about = to_blame(&order, place);
                    if about.iter().any(|pair| dependent.contains(pair)) {
                        continue;
                    }
                    let pairs = suspects(&about, &commute);
                    if let [pair] = pairs[..] {
                        dependent.insert(pair);
                    }
                    let message = failure.cause.message.clone();
                    let pairs = named(pairs);
                    report.findings.push(Finding::Dependency { pairs, label: failure.label.clone(), message });
                }
            }
        }
        report.orders = Some(orders);
        Ok(())
    }

    /// All older ones, then the newest in this order.
    fn applied(
        &mut self,
        known: &Migrations<'_, Connection<S>>,
        newest: &[&dyn Migration<Connection<S>>],
        order: &[usize],
    ) -> Result<Ended, Error> {
        let labels: Vec<_> = order.iter().map(|&at| newest[at].meta().to_string()).collect();
        self.tell(&Event::Order { labels: &labels });
        self.on_scratch(|run, driver| {
            let older = known.iter().rev().nth(newest.len()).map(|migration| migration.meta());
            if let Some(last) = older {
                let older = run.check.migrator(driver).up(known, UpTarget::To(last.version));
                older.map_err(|error| unsound(last.to_string(), Phase::Up, error))?;
            }
            for (place, &at) in order.iter().enumerate() {
                match run.step(driver, newest[at], Phase::Up) {
                    Ok(()) => {}
                    Err(error) => return failed(error).map(|failure| Ended::Failed(place, failure)),
                }
            }
            run.look(driver, &mut Default::default()).map(Ended::At)
        })
    }
}

/// A migration that fails is an answer here; that it could not be run at all is none.
fn failed(error: Error) -> Result<Box<Failure>, Error> {
    match error {
        Error::Unsound { trouble: Trouble::Failed(why), label, phase } => match *why {
            migrate_core::Error::Failed(failure)
                if matches!(failure.cause.kind, CauseKind::Statement | CauseKind::TransactionEnded) =>
            {
                Ok(failure)
            }
            other => Err(Error::Unsound { label, phase, trouble: Trouble::Failed(Box::new(other)) }),
        },
        other => Err(other),
    }
}

/// The orders to try besides that of the versions, those first that turn few pairs round: they tell which pair it is.
fn others(count: usize) -> Vec<Vec<usize>> {
    let in_versions: Vec<usize> = (0..count).collect();
    if count > ALL_ORDERS {
        let swapped = (1..count).map(|at| {
            let mut order = in_versions.clone();
            order.swap(at - 1, at);
            order
        });
        let reverse = in_versions.iter().rev().copied().collect();
        return swapped.chain([reverse]).collect();
    }
    let mut all = vec![Vec::new()];
    for _ in 0..count {
        let longer = |order: &Vec<usize>| {
            let order = order.clone();
            let left = in_versions.clone().into_iter().filter(move |at| !order.contains(at));
            left.collect::<Vec<_>>()
        };
        all = all.iter().flat_map(|order| longer(order).into_iter().map(|at| [&order[..], &[at]].concat())).collect();
    }
    all.retain(|order| *order != in_versions);
    all.sort_by_key(|order| turned(order).len());
    all
}

/// The pairs whose later one comes first.
fn turned(order: &[usize]) -> Vec<Pair> {
    let later_first = |(place, &later): (usize, &usize)| {
        order[place..].iter().filter(move |&&earlier| earlier < later).map(move |&earlier| (earlier, later))
    };
    let mut pairs: Vec<_> = order.iter().enumerate().flat_map(later_first).collect();
    pairs.sort_unstable();
    pairs
}

/// Of the pairs that an order turns round, those that may be why the one at this place fails: its own, of which one half has
/// run and the other has not; else any that has run.
fn to_blame(order: &[usize], place: usize) -> Vec<Pair> {
    let (ran, failing) = (&order[..place], order[place]);
    let so_far = turned(order).into_iter().filter(|(_, later)| *later == failing || ran.contains(later));
    let (own, others): (Vec<_>, Vec<_>) = so_far.partition(|&(earlier, later)| earlier == failing || later == failing);
    if own.is_empty() { others.into_iter().filter(|(earlier, _)| ran.contains(earlier)).collect() } else { own }
}

/// Those of which nobody has seen that they go either way.
fn suspects(pairs: &[Pair], commute: &BTreeSet<Pair>) -> Vec<Pair> {
    let left: Vec<_> = pairs.iter().copied().filter(|pair| !commute.contains(pair)).collect();
    if left.is_empty() { pairs.to_vec() } else { left }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_orders() {
        assert_eq!(others(2), [[1, 0]]);
        assert_eq!(others(3), [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]);
        assert_eq!(others(4).len(), 23);
        let five = [[1, 0, 2, 3, 4], [0, 2, 1, 3, 4], [0, 1, 3, 2, 4], [0, 1, 2, 4, 3], [4, 3, 2, 1, 0]];
        assert_eq!(others(5), five);
    }

    #[test]
    fn what_an_order_turns_round() {
        assert_eq!(turned(&[0, 1, 2]), []);
        assert_eq!(turned(&[2, 0, 1]), [(0, 2), (1, 2)]);
    }

    #[test]
    fn who_is_to_blame() {
        // 2 fails, or 0, or 1, in the order 2, 0, 1.
        assert_eq!(to_blame(&[2, 0, 1], 0), [(0, 2), (1, 2)]);
        assert_eq!(to_blame(&[2, 0, 1], 1), [(0, 2)]);
        assert_eq!(to_blame(&[2, 0, 1], 2), [(1, 2)]);
        // 2 finds what 1 and 0 have made in the wrong order.
        assert_eq!(to_blame(&[1, 0, 2], 2), [(0, 1)]);
        assert_eq!(suspects(&[(0, 2), (1, 2)], &BTreeSet::from([(1, 2)])), [(0, 2)]);
        assert_eq!(suspects(&[(0, 1)], &BTreeSet::from([(0, 1)])), [(0, 1)]);
    }
}
