//! The mistakes of `drill.rs`, each found by chaos: by the checks that hold for every run, not by a
//! scenario made for it.

use crate::{chaos::chaos, checks::Verified, hunt};
use dure_consensus::{Drill, play};

/// For each mistake a seed that finds it, and the rule that does not hold then.
const FOUND: &[(Drill, u64, &str)] = &[
    (Drill::VoteBeforeBarrier, 145, "one signature"),
    (Drill::DecisionBeforeBarrier, 224, "log"),
    (Drill::ReasonsNotLogged, 3, "stopped"),
    (Drill::LogOfAnotherHeight, 4, "stopped"),
    (Drill::OwnForgotten, 3, "one signature"),
    (Drill::CaughtUpNotLogged, 171, "log"),
    (Drill::LockForgotten, 71, "lock"),
    (Drill::QuorumInCore, 1, "certificate"),
    (Drill::QuorumInCertificate, 22, "certificate"),
    (Drill::BatchOfDalek, 23, "refused"),
    (Drill::QuorumInPolka, 22, "truth"),
    (Drill::PolkaOfAnotherRound, 22, "truth"),
    (Drill::RoundsUnverified, 22, "truth"),
    (Drill::RotationFromLocal, 7, "one proposer"),
    (Drill::RootSkipped, 13, "same roots"),
    (Drill::RootsUnchecked, 110, "stopped"),
    (Drill::ExpiredBatch, 21, "batches"),
    (Drill::BatchTwice, 0, "batches"),
    (Drill::BatchUnheld, 6, "batches"),
    (Drill::BatchUnspread, 3, "spread"),
    (Drill::TimeBackwards, 198, "header"),
    (Drill::TimeAhead, 44, "header"),
    (Drill::ParentUnchecked, 175, "header"),
    (Drill::SetsUnchecked, 53, "header"),
    (Drill::ParentCertificateUnchecked, 39, "certificate"),
    (Drill::ParentSetMixedUp, 2, "refused"),
    (Drill::SetChangeEarly, 2, "header"),
    (Drill::NewestSetCertifies, 2, "liveness"),
    (Drill::KeyUnchecked, 2, "truth"),
    (Drill::VerdictOnce, 40, "liveness"),
    (Drill::BirthUnmarked, 28, "liveness"),
    (Drill::EvidenceTwice, 3, "evidence"),
    (Drill::EvidenceUnchecked, 119, "evidence"),
    (Drill::DecidedUnchecked, 13, "certificate"),
    (Drill::MemoUnbound, 22, "truth"),
    (Drill::HealNever, 1, "liveness"),
    (Drill::ObservesNever, 68, "one signature"),
    (Drill::EmptyDiskVotes, 4, "one signature"),
];

/// Plays a seed with a mistake; the rule that does not hold.
fn broken_rule(drill: Option<Drill>, seed: u64) -> Option<String> {
    play(drill);
    let complaint = hunt::complaint(|| drop(chaos(seed, &Verified::default())));
    play(None);
    Some(complaint?.split(':').next().unwrap_or_default().to_owned())
}

#[test]
fn every_mistake_is_found_by_its_seed_which_is_clean_without_it() {
    assert!(Drill::ALL.iter().all(|drill| FOUND.iter().any(|(found, ..)| found == drill)));
    let mut wrong = Vec::new();
    for (drill, seed, rule) in FOUND {
        let [with, without] = [Some(*drill), None].map(|drill| broken_rule(drill, *seed));
        if (with.as_deref(), without.as_deref()) != (Some(*rule), None) {
            wrong.push((drill, seed, with, without));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
#[ignore = "takes minutes; `cargo xtask simulate --drills` runs it"]
fn table() {
    hunt::table(Drill::ALL, |drill, seed| broken_rule(Some(drill), seed));
}
