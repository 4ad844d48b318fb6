//! The whole node on virtual time, with a disk that loses power at every barrier in turn.
//!
//! One run without a crash counts the barriers. Then, for every barrier k, the power goes right
//! before it or right after it, with and without unsynced writes surviving; the node starts again
//! on what the disk holds, clients send again what was not answered, and at the end the chain must
//! be as if nothing had happened to it.

#[path = "simulation/alone.rs"]
mod simulation;

use codec::Encode;
use dure_consensus::{Log, Record};
use dure_node::store::{
    Column, Database, MemoryStore, Range, Read, Store, WriteBatch, column, ledger, memory::Failure,
};
use dure_node::{
    fault::Fault,
    machine::recovery::{self, Signed},
};
use dure_types::{Hash, Height, Outcome, ValidatorId, ValidatorRecord, ValidatorSet};
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
    let log = run.store().log().unwrap();
    copy.append_log(log.height, &log.entries).unwrap();
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
        for failure in [Failure::BeforeBarrier(k), Failure::AfterBarrier(k), Failure::Full(k)] {
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

/// A log damaged in its tail opens as one that ends sooner. Whatever moment the power goes at, and
/// however much of the ledger is lost: either the node refuses, or nothing final is lost.
#[test]
fn ledger_without_its_tail_is_refused_or_nothing_final_is_lost() {
    let world = World::new();
    let barriers = check(&world, &[], 0).store().barriers();
    let (mut refused, mut signed_again, mut batches) = (0, 0, 0);
    for k in 1..=barriers {
        for lost in 1..=4 {
            let mut run = Run::new(&world, MemoryStore::with_disk());
            run.fail(Failure::AfterBarrier(k));
            run.until_power_fails_or_done();
            let held = run.store().ledger_batches();
            match run.restart_without_tail(lost) {
                Ok(()) => {
                    run.until_power_fails_or_done();
                    assert!(run.is_done(), "the chain goes on after barrier {k} without {lost}");
                    judge(&world, &run);
                    signed_again += 1;
                }
                Err(
                    fault @ (Fault::LedgerLost { .. }
                    | Fault::BatchLost { .. }
                    | Fault::StateAhead { .. }),
                ) => {
                    let left = held.saturating_sub(lost);
                    assert_eq!(run.store().ledger_batches(), left, "nothing is written: {fault}");
                    refused += 1;
                    batches += u32::from(matches!(fault, Fault::BatchLost { .. }));
                }
                Err(fault) => panic!("after barrier {k} without {lost}: {fault}"),
            }
        }
    }
    assert!(
        refused > 100 && signed_again > 100 && batches > 10,
        "{refused} {signed_again} {batches}"
    );
}

#[test]
fn ledger_without_the_signers_log_or_with_another_is_refused() {
    let world = World::new();
    let whole = check(&world, &[], 0);
    let reader = whole.store();
    let judge = |records: &[Record]| {
        let entries: Vec<_> = records.iter().map(Encode::encode).collect();
        let me = (world.me(), &world.genesis.validators);
        let signed = recovery::look(reader, &entries, me, world.chain)?;
        assert!(!signed.observe, "nobody else decides");
        Ok(signed.log.map(|log| log.records.len()))
    };
    let kept = Log::decode(&reader.log().unwrap().entries).unwrap().unwrap();
    let (ledger, parent) = (kept.height, kept.parent);
    let of = |height: u64, parent, rest: &[Record]| {
        let begin = Record::Begin { height: Height(height), parent };
        [&[begin], rest].concat()
    };
    assert_eq!(judge(&of(ledger.0, parent, &kept.records)), Ok(None));
    assert_eq!(judge(&[]), Err(Fault::NoMark { ledger }));

    // The precommit that we cast, on another block.
    let mut other = kept.records.clone();
    for record in &mut other {
        if let Record::Vote(vote) = record {
            vote.block = Some(Hash([1; 32]));
        }
    }
    let refused = judge(&of(ledger.0, parent, &other));
    assert!(matches!(refused, Err(Fault::SignedOther { height, .. }) if height == ledger));
    let id = view_header(&whole, ledger.0).id(world.chain);
    let next = ledger.0 + 1;
    assert!(matches!(judge(&of(next, parent, &[])), Err(Fault::SignedOther { .. })));
    assert_eq!(judge(&of(next, id, &[])), Ok(Some(0)));
    let signed = Height(next + 1);
    assert_eq!(judge(&of(next + 1, id, &[])), Err(Fault::LedgerLost { signed, ledger }));
    let behind = Fault::SignerBehind { mark: Height(ledger.0 - 1), ledger };
    assert_eq!(judge(&of(ledger.0 - 1, id, &[])), Err(behind));
    assert!(matches!(judge(&kept.records), Err(Fault::Corrupt(_))));
}

/// With three others, who have a quorum, a node without its log follows; with two, who have none,
/// nothing would ever be decided, and the operator must know.
#[test]
fn without_its_signers_log_a_node_follows_where_others_decide() {
    let world = World::new();
    let whole = check(&world, &[], 0);
    let reader = whole.store();
    let newest = Log::decode(&reader.log().unwrap().entries).unwrap().unwrap();
    let before = Height(newest.height.0 - 1);
    let older = Record::Begin { height: before, parent: newest.parent };
    let whole_log = reader.log().unwrap().entries;
    for (others, follows) in [(3u8, true), (2, false)] {
        let mut validators = world.genesis.validators.0.clone();
        let record = validators[0].clone();
        for other in 1..=others {
            let id = ValidatorId([other; 32]);
            let (consensus_key, network_key) = ([other; 32], [100 + other; 32]);
            let other = ValidatorRecord { id, consensus_key, network_key, ..record.clone() };
            validators.push(other);
        }
        let validators = ValidatorSet::new(validators);
        let look = |entries: &[Vec<u8>]| {
            recovery::look(reader, entries, (world.me(), &validators), world.chain)
        };
        let of_newest = Signed { logged: newest.height, ..Signed::default() };
        assert_eq!(look(&whole_log), Ok(of_newest));
        let (missing, behind) = (look(&[]), look(&[older.encode()]));
        if follows {
            let observes = |logged| Ok(Signed { log: None, observe: true, logged });
            assert_eq!((missing, behind), (observes(Height(0)), observes(before)));
        } else {
            assert!(matches!(missing, Err(Fault::NoMark { .. })), "{missing:?}");
            assert!(matches!(behind, Err(Fault::SignerBehind { .. })), "{behind:?}");
        }
    }
    // A height that was only followed says so itself, and vouches for one log alone.
    let mut writes = WriteBatch::new(Database::Ledger);
    ledger::put_followed(&mut writes, before, newest.height);
    reader.write(writes).unwrap();
    let look = |entry: &Record| {
        let me = (world.me(), &world.genesis.validators);
        recovery::look(reader, &[entry.encode()], me, world.chain)
    };
    assert_eq!(look(&older), Ok(Signed { logged: before, ..Signed::default() }));
    let oldest = Record::Begin { height: Height(before.0 - 1), parent: newest.parent };
    assert!(matches!(look(&oldest), Err(Fault::SignerBehind { .. })));
}

fn view_header(run: &Run, height: u64) -> dure_types::Header {
    run.chain().view().unwrap().header(Height(height)).unwrap().unwrap()
}

#[test]
fn state_ahead_of_its_ledger_is_refused_by_a_look_alone() {
    let world = World::new();
    let whole = check(&world, &[], 0);
    let applied = whole.chain().view().unwrap().height();
    let copy = MemoryStore::new();
    for column in Column::ALL {
        let mut writes = WriteBatch::new(column.database());
        for (key, value) in whole.store().scan(*column, &Range::all(), false, usize::MAX).unwrap() {
            writes.put(*column, key, value);
        }
        copy.write(writes).unwrap();
    }
    let log = whole.store().log().unwrap();
    let cut = |from: u64| {
        let mut writes = WriteBatch::new(Database::Ledger);
        for (key, _) in copy.scan(Column::Headers, &Range::all(), false, usize::MAX).unwrap() {
            if column::read_u64(&key).is_some_and(|height| height >= from) {
                writes.delete(Column::Headers, key);
            }
        }
        copy.write(writes).unwrap();
        let me = (world.me(), &world.genesis.validators);
        recovery::look(&copy, &log.entries, me, world.chain).map(|signed| signed.log)
    };
    assert_eq!(cut(applied.0 + 1), Ok(None), "whole so far");
    let ledger = Height(applied.0 - 1);
    assert_eq!(cut(applied.0), Err(Fault::StateAhead { applied, ledger }));
}
