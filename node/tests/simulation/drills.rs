//! The mistakes of `drill.rs`, each found by chaos: by the checks that hold for every run, not by a
//! scenario made for it.

use crate::{chaos::chaos, hunt};
use dure_node::drill::{Drill, play};

/// For each mistake a seed that finds it, and words of what is complained of.
const FOUND: &[(Drill, u64, &str)] = &[
    (Drill::AcknowledgedEarly, 6, "was acknowledged and is gone"),
    (Drill::BothAcknowledged, 0, "acknowledged two batches"),
    (Drill::NumbersReused, 28, "two batches with number"),
    (Drill::ExecutedEarly, 23, "was final, the node has"),
    (Drill::BatchSkipped, 0, "other results of height"),
    (Drill::ExpiredNamed, 10, "named after its expiry"),
    (Drill::UnspreadNamed, 0, "named, not spread"),
    (Drill::AppliedApart, 4, "roots of height 1 are missing"),
    (Drill::NamedRemoved, 0, "of an executed block is gone"),
    (Drill::FetchNever, 0, "stands"),
    (Drill::NumbersForgotten, 5, "two batches with number"),
];

/// Plays a seed with a mistake; what is complained of.
fn complaint(drill: Option<Drill>, seed: u64) -> Option<String> {
    play(drill);
    let complaint = hunt::complaint(|| {
        let _ran = chaos(seed);
    });
    play(None);
    Some(complaint?.replace('\n', " ").chars().take(100).collect())
}

#[test]
fn every_mistake_is_found_by_its_seed_which_is_clean_without_it() {
    assert!(Drill::ALL.iter().all(|drill| FOUND.iter().any(|(found, ..)| found == drill)));
    for (drill, seed, words) in FOUND {
        let complaint_with = complaint(Some(*drill), *seed).unwrap_or_default();
        assert!(complaint_with.contains(words), "{drill:?}: seed {seed}: {complaint_with}");
        assert_eq!(complaint(None, *seed), None, "{drill:?}: seed {seed} fails without it");
    }
}

#[test]
#[ignore = "takes minutes; `cargo xtask simulate --drills` runs it"]
fn table() {
    hunt::table(Drill::ALL, |drill, seed| complaint(Some(drill), seed));
}
