//! How fast validators decide, on virtual time, so that the figures are the same everywhere; and
//! how much faster than real time the simulator is, which is printed and never asserted.
//! `cargo xtask bench consensus` prints them from the release build.

use crate::{
    bound::{at_most, percent_at_least, print},
    world::{Faults, World},
};
use dure_types::Height;
use std::time::{Duration, Instant};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// From a batch's birth to the decision that names it, the p-th percentile.
pub(crate) fn latency(world: &World, percent: usize) -> Duration {
    let checks = &world.checks;
    let wait = |(id, height)| checks.decided_at[height] - checks.born[id].at;
    let mut times: Vec<Duration> = checks.named.iter().map(wait).collect();
    times.sort();
    times[(times.len() - 1) * percent / 100]
}

/// Validators 30 ms from each other, disks that sync in 5 ms, a batch every 50 ms for 27 s.
fn run(nodes: usize, dead: Option<usize>, loss: u64) -> World {
    let mut world = World::new(3, &vec![1; nodes], Faults::NONE);
    world.fsync = ms(5);
    world.faults.loss = loss;
    world.faults.until = ms(27_000);
    let mut world = world.with_batches(ms(50));
    if let Some(dead) = dead {
        // At the very start the others would wait to hear from it.
        while world.newest() == Height::ZERO {
            world.run_until(world.now() + ms(1));
        }
        world.nodes[dead].life = None;
    }
    world.run_until(ms(30_000));
    world
}

/// The longest time without a decision, from the first one on.
fn longest_gap(world: &World) -> Duration {
    let mut times: Vec<Duration> = world.checks.decided_at.values().copied().collect();
    times.sort();
    times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap()
}

#[test]
fn figures_hold() {
    let healthy = run(4, None, 0);
    at_most("four_p50", latency(&healthy, 50), ms(250));
    at_most("four_p99", latency(&healthy, 99), ms(600));
    let heights = healthy.newest().0;

    let dead = run(4, Some(3), 0);
    at_most("one_of_four_dead_p99", latency(&dead, 99), ms(1_000));
    percent_at_least("one_of_four_dead_heights", dead.newest().0, heights, 70);

    let lossy = run(4, None, 5);
    percent_at_least("five_percent_lost_heights", lossy.newest().0, heights, 50);
    at_most("five_percent_lost_longest_gap", longest_gap(&lossy), ms(3_000));

    let twenty = run(20, None, 0);
    at_most("twenty_p50", latency(&twenty, 50), ms(400));
}

/// How long this thread has run, where the system tells: what else the machine does counts not.
/// Else how much time has passed.
fn ran(since: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| since.elapsed(), Duration::from_nanos)
}

/// Virtual time in a unit of the processor's time.
#[test]
fn speed_is_printed() {
    for (metric, every, bound) in
        [("speed_one_height_a_second", None, 1_000.0), ("speed_ten", Some(100), 200.0)]
    {
        let mut world = World::new(5, &[1; 4], Faults::NONE);
        world.faults.until = ms(57_000);
        if let Some(every) = every {
            world = world.with_batches(ms(every));
        }
        let since = Instant::now();
        let before = ran(since);
        world.run_until(ms(60_000));
        let took = ran(since).saturating_sub(before);
        print(metric, "times_real", 60.0 / took.as_secs_f64(), bound);
        println!("{} heights, {} steps", world.newest(), world.steps());
    }
}
