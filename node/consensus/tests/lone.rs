//! Pace, contents and order of one validator's blocks.

use dure_consensus::{
    Action, Event, Limits, Lone, Now, OrderingError, ReadyBatch, SignRequest, Start,
};
use dure_types::{
    BatchReference, CommitCertificate, Gas, Hash, Header, Height, Roots, TimestampMs, ValidatorId,
    ValidatorRecord, ValidatorSet,
};
use std::time::Duration;

const CHAIN: Hash = Hash([7; 32]);
const ME: ValidatorId = ValidatorId([1; 32]);

/// Plays the host: makes everything durable and signs at once.
struct Host {
    lone: Lone,
    now: u64,
    timer: u64,
    blocks: Vec<(u64, Header, CommitCertificate)>,
}

fn validators() -> ValidatorSet {
    ValidatorSet::new(vec![ValidatorRecord {
        id: ME,
        name: "one".into(),
        consensus_key: [1; 32],
        network_key: [2; 32],
        consensus_binding: [0; 64],
        network_binding: [0; 64],
        power: 1,
    }])
}

fn start(parent: Option<(Header, CommitCertificate)>) -> Event {
    let validators = validators();
    let next_validators = validators.clone();
    Event::Start(Box::new(Start { parent, validators, next_validators, proposed: None }))
}

fn roots(height: u64) -> Roots {
    Roots { state: Hash([height as u8; 32]), receipts: Hash([0; 32]) }
}

fn batch(seq: u64) -> Event {
    let reference = BatchReference { author: ME, seq, id: Hash([seq as u8; 32]) };
    Event::BatchReady(ReadyBatch { reference, bytes: 1 << 20, gas: Gas(1), expiry: Height(999) })
}

impl Host {
    fn new() -> Self {
        let lone = Lone::new(CHAIN, Limits { block_gas_max: Gas(100) });
        let mut host = Self { lone, now: 0, timer: 0, blocks: Vec::new() };
        host.event(start(None));
        host
    }

    fn event(&mut self, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            let now = Now { elapsed: Duration::from_millis(self.now), wall: TimestampMs(self.now) };
            for action in self.lone.step(now, event).unwrap() {
                match action {
                    Action::Persist(header) => events.push(Event::Durable(header.height)),
                    Action::Sign(request) => events.push(Event::Vote(request.vote(ME, [9; 64]))),
                    Action::SetTimer(at) => self.timer = at.as_millis() as u64,
                    Action::Decide(header, certificate) => {
                        self.blocks.push((self.now, *header.clone(), certificate.clone()));
                        events.push(start(Some((*header, certificate))));
                    }
                }
            }
        }
    }

    /// Moves to the next timer, executing every block at once unless it is told not to.
    fn tick(&mut self, execute: bool) {
        self.now = self.timer;
        self.event(Event::Timer);
        if execute {
            self.execute_last();
        }
    }

    fn execute_last(&mut self) {
        let header = &self.blocks.last().unwrap().1;
        let (height, empty) = (header.height, header.batches.is_empty());
        self.event(Event::Executed { height, roots: roots(height.0), empty });
    }

    fn last(&self) -> &(u64, Header, CommitCertificate) {
        self.blocks.last().unwrap()
    }
}

#[test]
fn idle_chain_beats_once_a_second() {
    let mut host = Host::new();
    for _ in 0..5 {
        host.tick(true);
    }
    let times: Vec<_> = host.blocks.iter().map(|block| block.0).collect();
    assert_eq!(times, [1_000, 2_000, 3_000, 4_000, 5_000]);
}

#[test]
fn first_batch_on_an_idle_chain_does_not_wait_and_its_root_follows_in_two_heights() {
    let mut host = Host::new();
    host.tick(true);
    host.now = 1_010;
    host.event(batch(1));
    host.execute_last();
    assert_eq!((host.last().0, host.last().1.batches.len()), (1_010, 1));
    host.tick(true);
    assert_eq!((host.last().0, host.last().1.executed), (1_060, Height(1)));
    host.tick(true);
    assert_eq!((host.last().0, host.last().1.executed), (1_110, Height(2)));
    assert_eq!(host.last().1.roots, [roots(2)]);
    host.tick(true);
    assert_eq!(host.last().0, 2_110, "nothing waits any more");
}

#[test]
fn loaded_chain_spaces_its_blocks_and_fills_them_to_the_limits() {
    let mut host = Host::new();
    host.tick(true);
    for seq in 1..=9 {
        host.event(batch(seq));
    }
    host.execute_last();
    // The first batch started a block by itself; four of 1 MiB fit into each that follows.
    assert_eq!(host.last().1.batches.len(), 1);
    for expected in [(1_050, 4), (1_100, 4), (1_150, 0)] {
        host.tick(true);
        assert_eq!((host.last().0, host.last().1.batches.len()), expected);
    }
    let named: Vec<_> =
        host.blocks.iter().flat_map(|block| &block.1.batches).map(|batch| batch.seq).collect();
    assert_eq!(named, (1..=9).collect::<Vec<_>>());
}

#[test]
fn headers_form_a_chain() {
    let mut host = Host::new();
    host.now = 5;
    host.event(batch(1));
    for _ in 0..4 {
        host.tick(true);
    }
    let first = &host.blocks[0].1;
    assert_eq!((first.parent, &first.parent_certificate), (CHAIN, &None));
    for pair in host.blocks.windows(2) {
        let (_, parent, certificate) = &pair[0];
        let (_, header, _) = &pair[1];
        assert_eq!(header.parent, parent.id(CHAIN));
        assert_eq!(certificate.block, parent.id(CHAIN));
        assert_eq!(header.parent_certificate.as_ref(), Some(certificate));
        assert!(header.time > parent.time);
        assert_eq!(header.roots.len() as u64, header.executed.0 - parent.executed.0);
        assert_eq!(header.validators, parent.next_validators);
    }
}

#[test]
fn clock_that_goes_back_does_not_take_block_time_with_it() {
    let mut host = Host::new();
    host.now = 9_000;
    host.event(Event::Timer);
    let parent = (host.last().1.clone(), host.last().2.clone());
    let mut later = Lone::new(CHAIN, Limits { block_gas_max: Gas(100) });
    let now = Now { elapsed: Duration::from_secs(2), wall: TimestampMs(1) };
    let actions = later.step(now, start(Some(parent))).unwrap();
    let [Action::Persist(header)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!(header.time, TimestampMs(9_001));
}

#[test]
fn ordering_slows_down_and_waits_when_execution_lags_and_goes_on_after() {
    let mut host = Host::new();
    host.event(batch(1));
    for _ in 0..40 {
        host.event(batch(host.blocks.len() as u64 + 1));
        host.tick(false);
    }
    let heights: Vec<_> = host.blocks.iter().map(|block| block.1.height.0).collect();
    assert_eq!(heights, (1..=16).collect::<Vec<_>>(), "no height is 17 above what is certified");
    let with_batches = host.blocks.iter().filter(|block| !block.1.batches.is_empty()).count();
    assert_eq!(with_batches, 8);
    for height in 1..=16 {
        host.event(Event::Executed { height: Height(height), roots: roots(height), empty: false });
    }
    host.tick(true);
    host.tick(true);
    assert!(host.last().1.height > Height(16));
    assert!(host.last().1.executed >= Height(1));
}

#[test]
fn after_a_restart_the_same_header_is_signed_again() {
    let mut host = Host::new();
    host.tick(true);
    let proposed = host.last().1.clone();
    let mut restarted = Lone::new(CHAIN, Limits { block_gas_max: Gas(100) });
    let begin = |proposed: Header| {
        let validators = validators();
        let next_validators = validators.clone();
        let proposed = Some(proposed);
        Event::Start(Box::new(Start { parent: None, validators, next_validators, proposed }))
    };
    let now = Now { elapsed: Duration::ZERO, wall: TimestampMs(77_777) };
    let actions = restarted.step(now, begin(proposed.clone())).unwrap();
    let [Action::Sign(SignRequest { block, .. })] = actions.as_slice() else { panic!() };
    assert_eq!(*block, proposed.id(CHAIN));

    let mut other = proposed;
    other.height = Height(2);
    let mut restarted = Lone::new(CHAIN, Limits { block_gas_max: Gas(100) });
    let refused = restarted.step(now, begin(other));
    assert_eq!(refused, Err(OrderingError::Mark { mark: Height(2), height: Height(1) }));
}

#[test]
fn nothing_is_proposed_between_a_decision_and_the_next_start() {
    let mut lone = Lone::new(CHAIN, Limits { block_gas_max: Gas(100) });
    let at = |ms| Now { elapsed: Duration::from_millis(ms), wall: TimestampMs(ms) };
    lone.step(at(0), start(None)).unwrap();
    let actions = lone.step(at(1_000), Event::Timer).unwrap();
    let [Action::Persist(header)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!(lone.step(at(1_001), Event::Timer).unwrap(), []);
    let signs = lone.step(at(1_002), Event::Durable(header.height)).unwrap();
    let [Action::Sign(request)] = signs.as_slice() else { panic!("{signs:?}") };
    let stranger = request.vote(ValidatorId([3; 32]), [0; 64]);
    assert_eq!(lone.step(at(1_003), Event::Vote(stranger)).unwrap(), []);
    let vote = Event::Vote(request.vote(ME, [9; 64]));
    assert_eq!(lone.step(at(1_003), vote.clone()).unwrap().len(), 1);
    assert_eq!(lone.step(at(9_000), batch(1)).unwrap(), []);
    assert_eq!(lone.step(at(9_000), vote).unwrap(), []);
}
