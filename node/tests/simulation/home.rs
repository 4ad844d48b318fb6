//! Who seals a transaction, and who does when that validator is silent.

use crate::{
    clients::{Clients, Sent, account},
    faults::{Faults, ms},
    world::World,
};
use dure_node::{machine::homes, store::ledger};
use dure_types::{Height, ValidatorId};
use std::collections::BTreeMap;

/// Authors of the batches that have each transaction.
fn authors(world: &World) -> BTreeMap<dure_types::Hash, Vec<ValidatorId>> {
    let store = &world.hosts[world.honest().next().unwrap()].store;
    let mut authors: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for height in 1..=world.checks.newest().0 {
        let Some(header) = ledger::header(store, Height(height)).unwrap() else { continue };
        for reference in &header.batches {
            for transaction in ledger::batch(store, reference).unwrap().transactions {
                let id = transaction.body.id(world.shared.chain);
                authors.entry(id).or_default().push(reference.author);
            }
        }
    }
    authors
}

fn home(world: &World, sent: &Sent) -> ValidatorId {
    let body = sent.transaction.body();
    homes(&world.shared.genesis.validators, body.account, body.lane)[0]
}

/// The validator that is the home of most clients' lanes.
pub(crate) fn home_of_most(world: &World) -> usize {
    let mut count = vec![0; world.hosts.len()];
    for key in Clients::keys() {
        let home = homes(&world.shared.genesis.validators, account(&key), 0)[0];
        count[world.hosts.iter().position(|host| host.id == home).unwrap()] += 1;
    }
    (0..count.len()).max_by_key(|node| count[*node]).unwrap()
}

#[test]
fn a_lane_has_one_author() {
    let faults = Faults { until: ms(3_000), ..Faults::NONE };
    let mut world = World::new(21, 4, faults).with_transactions(ms(15), ms(3_000));
    world.run_and_heal();
    let authors = authors(&world);
    for (id, sent) in &world.clients.sent {
        let home = home(&world, sent);
        assert_eq!(authors[id], [home], "sealed once, by its home");
    }
    let all: std::collections::BTreeSet<_> = authors.values().flatten().collect();
    assert!(all.len() > 1, "homes differ");
}

/// The failure: the home of a lane is dead. Its transactions are sealed by the next in line.
#[test]
fn a_silent_home_is_passed_over() {
    let mut world = World::new(22, 4, Faults { until: ms(4_000), ..Faults::NONE });
    let first = account(&Clients::keys()[0]);
    let dead = homes(&world.shared.genesis.validators, first, 0)[0];
    let node = world.hosts.iter().position(|host| host.id == dead).unwrap();
    world.run_until(ms(500));
    let others = (0..4).filter(|other| *other != node).collect::<Vec<_>>();
    world.cut = others.iter().flat_map(|other| [(*other, node), (node, *other)]).collect();
    for n in 0..100 {
        world.transaction_at(others[n % 3], ms(510 + 30 * n as u64));
    }
    world.run_until(ms(4_000));
    let sent = world.clients.sent.values();
    let orphans: Vec<_> = sent.filter(|sent| home(&world, sent) == dead).collect();
    let early = orphans.iter().filter(|sent| sent.at < ms(2_500));
    let waits: Vec<_> = early
        .map(|sent| {
            assert!(sent.told.is_some(), "sealed by another");
            sent.told_at - sent.at
        })
        .collect();
    println!("{} orphans, worst {:?}", waits.len(), waits.iter().max());
    assert!(waits.len() > 5, "{} orphans", waits.len());
    world.run_and_heal();
}
