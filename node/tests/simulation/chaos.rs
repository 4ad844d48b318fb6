//! Everything at once, from one seed.

use crate::{
    dice::{Dice, Faults},
    liars,
    world::World,
};
use dure_node::store::memory::Failure;
use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Those of CI, or what `cargo xtask simulate` asks for.
fn seeds() -> Box<dyn Iterator<Item = u64> + Send> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("DURE_SEED") {
        return Box::new(seed..=seed);
    }
    if let Some(minutes) = number("DURE_MINUTES") {
        let end = Instant::now() + Duration::from_secs(60 * minutes);
        let first = u64::from(std::process::id()) << 32;
        println!("seeds from {first} on");
        return Box::new((first..).take_while(move |_| Instant::now() < end));
    }
    Box::new(0..number("DURE_SEEDS").unwrap_or(30))
}

fn chaos(seed: u64) -> u64 {
    let faults = Faults::at_random(&mut Dice::new(seed));
    let count = [4, 4, 5, 1][(seed % 4) as usize];
    let mut dice = Dice::new(!seed);
    let mut world = World::new(seed, count, Faults::NONE).with_token();
    let until = world.now + faults.until;
    world.faults = Faults { until, ..faults };
    if count > 3 && dice.percent(40) {
        let mut liars = liars::all();
        world.lies(dice.pick(count), liars.swap_remove(dice.pick(liars.len())));
    }
    let mut world = world.with_transactions(Duration::from_millis(60), until).with_chaos();
    world.run_and_heal();
    world.trace()
}

#[test]
fn chaos_loses_nothing_and_heals() {
    let (seeds, count) = (Mutex::new(seeds()), AtomicU64::new(0));
    let failed = Mutex::new(Vec::new());
    let next = || seeds.lock().unwrap().next();
    let play = || {
        while let Some(seed) = next() {
            count.fetch_add(1, Ordering::Relaxed);
            let traces = thread::Builder::new().name(format!("seed {seed}"));
            let traces = traces.spawn(move || [chaos(seed), chaos(seed)]).unwrap();
            match traces.join() {
                Ok([first, again]) => assert_eq!(first, again, "seed {seed} ran in two ways"),
                Err(_) => failed.lock().unwrap().push(seed),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(play);
        }
    });
    println!("{} seeds, each twice", count.into_inner());
    assert_eq!(failed.into_inner().unwrap(), [0; 0], "these seeds failed");
}

/// The power of one validator goes at each of its barriers in turn; the others go on, and it comes
/// back with all that it told and promised.
#[test]
fn power_lost_at_any_barrier_of_one_validator() {
    for k in 1..=36 {
        let until = Duration::from_millis(1_200);
        let mut world = World::new(40 + k, 4, Faults { until, ..Faults::NONE })
            .with_transactions(Duration::from_millis(25), until);
        world.hosts[0].store.fail(match k % 3 {
            0 => Failure::BeforeBarrier(world.hosts[0].store.barriers() + k),
            1 => Failure::AfterBarrier(world.hosts[0].store.barriers() + k),
            _ => Failure::Full(world.hosts[0].store.barriers() + k),
        });
        world.run_and_heal();
        assert!(world.hosts[0].lives > 1, "it lost its power at barrier {k}");
    }
}
