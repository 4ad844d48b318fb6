//! The whole node on virtual time, with a disk that loses power at every barrier in turn.
//!
//! One run without a crash counts the barriers. Then, for every barrier k, the power goes right
//! before it or right after it, with and without unsynced writes surviving; the node starts again
//! on what the disk holds, clients send again what was not answered, and at the end the chain must
//! be as if nothing had happened to it.

mod simulation;

use dure_node::store::{
    Column, Database, MemoryStore, Range, Read, Store, WriteBatch, memory::Failure,
};
use dure_types::{Height, Outcome};
use simulation::{Run, World};

/// Runs the script to its end, with a crash when there is a failure, and judges what is there.
fn check<'w>(world: &'w World, failures: &[Failure], torn: usize) -> Run<'w> {
    let mut run = Run::new(world, MemoryStore::with_disk());
    for failure in failures {
        run.fail(*failure);
        run.until_power_fails_or_done();
        run.restart(torn);
    }
    run.until_power_fails_or_done();
    assert!(run.is_done(), "the chain goes on: {failures:?}, {torn} batches torn");
    judge(world, &run);
    run
}

fn judge(world: &World, run: &Run) {
    let view = run.chain().view().unwrap();
    for (id, told) in run.told() {
        let located = view.receipt(*id).unwrap().expect("what was told final is there");
        assert_eq!((located.height, located.index, &located.outcome), (told.0, told.1, &told.2));
    }
    let mut receipts = std::collections::BTreeMap::new();
    for height in 1..=view.height().0 {
        for (id, outcome) in view.block_outcomes(Height(height)).unwrap() {
            if matches!(outcome, Outcome::Receipt(_)) {
                *receipts.entry(id).or_insert(0) += 1;
            }
        }
        let header = view.header(Height(height)).unwrap().unwrap();
        let parent = view.block_id(Height(height - 1)).unwrap().unwrap();
        assert_eq!(header.parent, parent);
        assert_eq!(view.block_id(Height(height)).unwrap().unwrap(), header.id(world.chain));
    }
    for (id, _) in world.script() {
        assert_eq!(receipts.get(id), Some(&1), "every transaction ran exactly once");
    }
    for (height, blocks) in run.certificates() {
        assert_eq!(blocks.len(), 1, "height {height} was certified with two blocks");
    }
    executed_again_from_the_ledger_alone_gives_the_same(world, run);
}

fn executed_again_from_the_ledger_alone_gives_the_same(world: &World, run: &Run) {
    let copy = MemoryStore::new();
    for column in Column::ALL.iter().filter(|column| column.database() == Database::Ledger) {
        let mut writes = WriteBatch::new(Database::Ledger);
        for (key, value) in run.store().scan(*column, &Range::all(), false, usize::MAX).unwrap() {
            writes.put(*column, key, value);
        }
        copy.write(writes).unwrap();
    }
    let again = Run::new(world, copy);
    let columns = Column::ALL.iter().filter(|column| column.database() == Database::State);
    for column in columns {
        let all = |store: &MemoryStore| store.scan(*column, &Range::all(), false, usize::MAX);
        assert_eq!(all(run.store()).unwrap(), all(again.store()).unwrap(), "{column:?}");
    }
    assert_eq!(run.chain().tree.root(), again.chain().tree.root());
}

#[test]
fn uncrashed_run_finishes_and_the_first_transaction_is_final_within_50_ms() {
    let world = World::new();
    let run = check(&world, &[], 0);
    assert!(run.first_latency_ms() <= 50, "{} ms", run.first_latency_ms());
}

#[test]
fn power_lost_at_any_barrier_loses_nothing_final_and_applies_nothing_twice() {
    let world = World::new();
    let barriers = check(&world, &[], 0).store().barriers();
    assert!(barriers > 40, "only {barriers} barriers");
    for k in 1..=barriers {
        for failure in [Failure::BeforeBarrier(k), Failure::AfterBarrier(k)] {
            for torn in [0, 1, usize::MAX] {
                check(&world, &[failure], torn);
            }
        }
    }
}

#[test]
fn power_lost_again_while_recovering_changes_nothing() {
    let world = World::new();
    let barriers = check(&world, &[], 0).store().barriers();
    for k in 1..=barriers {
        for second in 1..=3 {
            let failures = [Failure::BeforeBarrier(k), Failure::AfterBarrier(second)];
            check(&world, &failures, 0);
            let failures = [Failure::AfterBarrier(k), Failure::BeforeBarrier(second)];
            check(&world, &failures, 1);
        }
    }
}
