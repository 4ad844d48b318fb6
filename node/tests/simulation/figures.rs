//! How soon a transaction is final, on virtual time, so that the figures are the same everywhere:
//! from its submission to any node until that node has executed the block that was decided. How much
//! faster than real time the simulator is is printed and never asserted.
//! `cargo xtask bench consensus` prints all from the release build.

use crate::{
    bound::{at_most, percent_at_least, print},
    faults::{Faults, ms},
    home::home_of_most,
    world::World,
};
use std::time::{Duration, Instant};

/// Transactions a second.
const LOAD: u64 = 200;

/// What a run measured.
struct Measured {
    /// From submission to execution, ascending.
    waits: Vec<Duration>,
    /// Transactions that were final while others came.
    finished: u64,
    /// Heights decided meanwhile.
    heights: u64,
    /// The longest time in which no transaction became final.
    gap: Duration,
}

impl Measured {
    fn percentile(&self, percent: usize) -> Duration {
        self.waits[(self.waits.len() - 1) * percent / 100]
    }
}

/// Validators 30 ms from each other, disks that sync in 5 ms, transfers of a token for some seconds,
/// each to one of the nodes that run.
fn run(nodes: usize, seconds: u64, dead: bool, loss: u64) -> Measured {
    let faults = Faults { delay: (30, 1), fsync: 5, execution: 1, ..Faults::NONE };
    let mut world = World::new(3, nodes, faults).with_token();
    let dead = dead.then(|| home_of_most(&world));
    if let Some(dead) = dead {
        world.stops(dead);
        // Until the others know.
        world.run_until(world.now() + ms(10_000));
    }
    world.faults.loss = loss;
    let (begun, first) = (world.now(), world.checks.newest());
    let (end, deployed) = (begun + ms(1_000 * seconds), world.clients.sent.len());
    let running: Vec<_> = (0..nodes).filter(|node| dead != Some(*node)).collect();
    let mut world = world.with_transactions_to(&running, ms(1_000 / LOAD), end);
    world.run_until(end);
    let heights = world.checks.newest().0 - first.0;
    world.run_until(end + ms(5_000));
    let sent = world.clients.sent.values().filter(|sent| sent.at > begun);
    let (mut waits, mut times, mut finished) = (Vec::new(), vec![begun], 0);
    for sent in sent {
        let at = sent.final_at.expect("every transaction is final");
        waits.push(at - sent.at);
        times.push(at);
        finished += u64::from(at <= end);
    }
    assert_eq!(waits.len() + deployed, world.clients.sent.len());
    waits.sort();
    times.sort();
    println!("{nodes} nodes, dead {dead:?}, {loss} % lost: {heights} heights in {seconds} s");
    let gap = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
    Measured { waits, finished, heights, gap }
}

#[test]
fn four_nodes_are_final_in_time_and_so_are_three() {
    let healthy = run(4, 20, false, 0);
    at_most("node_four_p50", healthy.percentile(50), ms(250));
    at_most("node_four_p99", healthy.percentile(99), ms(600));
    let dead = run(4, 20, true, 0);
    at_most("node_one_of_four_dead_p99", dead.percentile(99), ms(1_000));
    percent_at_least("node_one_of_four_dead_transactions", dead.finished, healthy.finished, 70);
    let lossy = run(4, 20, false, 5);
    percent_at_least("node_five_percent_lost_heights", lossy.heights, healthy.heights, 50);
    at_most("node_five_percent_lost_longest_gap", lossy.gap, ms(3_000));
}

#[test]
fn twenty_nodes_are_final_in_time() {
    at_most("node_twenty_p50", run(20, 4, false, 0).percentile(50), ms(400));
}

/// How long this thread has run, where the system tells: what else the machine does counts not.
/// Else how much time has passed.
fn ran(since: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| since.elapsed(), Duration::from_nanos)
}

/// Virtual time in a unit of the processor's time. Without transactions there is a heartbeat a second;
/// for ten heights a second a transaction comes every 300 ms, of which the batch, and then the roots,
/// call for heights.
#[test]
fn speed_is_printed() {
    for (metric, every, bound) in
        [("node_speed_one_height_a_second", None, 1_000.0), ("node_speed_ten", Some(300), 200.0)]
    {
        let mut world = World::new(5, 4, Faults::NONE);
        if let Some(every) = every {
            world = world.with_transactions(ms(every), ms(60_000));
        }
        let since = Instant::now();
        let before = ran(since);
        world.run_until(ms(60_000));
        let took = ran(since).saturating_sub(before);
        print(metric, "times_real", 60.0 / took.as_secs_f64(), bound);
        println!("{} heights", world.checks.newest());
    }
}
