//! Pace, contents and order of one validator's blocks.

use dure_consensus::{
    Action, Consensus, Event, Limits, Log, Now, OrderingError, ReadyBatch, Record, Sets, Setup,
    Signatures, Start,
};
use dure_types::{
    BatchReference, CommitCertificate, Gas, Hash, Header, Height, Roots, TimestampMs, ValidatorId,
    ValidatorRecord, ValidatorSet,
};
use std::{collections::VecDeque, time::Duration};

const CHAIN: Hash = Hash([7; 32]);
const ME: ValidatorId = ValidatorId([1; 32]);

/// Plays the host: makes everything durable and signs at once.
struct Host {
    consensus: Consensus,
    log: Vec<Record>,
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

fn consensus() -> Consensus {
    consensus_after(TimestampMs::ZERO)
}

fn consensus_after(genesis_time: TimestampMs) -> Consensus {
    let limits = Limits { block_gas_max: Gas(100) };
    let signatures = Signatures::default();
    let setup = Setup {
        chain: CHAIN,
        me: ME,
        keys: vec![[1; 32]],
        sets: Sets::new(validators(), 32),
        genesis_time,
        limits,
        signatures,
        has_peers: false,
        observe: false,
    };
    Consensus::new(setup, [], Now::default())
}

fn start(parent: Option<(Header, CommitCertificate)>, log: Option<Log>) -> Event {
    Event::Start(Box::new(Start { parent, log }))
}

fn roots(height: u64) -> Roots {
    Roots { state: Hash([height as u8; 32]), receipts: Hash([0; 32]) }
}

fn batch(seq: u64) -> Event {
    batch_of(ME, seq)
}

fn batch_of(author: ValidatorId, seq: u64) -> Event {
    let reference = BatchReference { author, seq, id: Hash([seq as u8; 32]) };
    Event::BatchReady(ReadyBatch { reference, bytes: 1 << 20, gas: Gas(1), expiry: Height(250) })
}

impl Host {
    fn new() -> Self {
        let (consensus, log, blocks) = (consensus(), Vec::new(), Vec::new());
        let mut host = Self { consensus, log, now: 0, timer: 0, blocks };
        host.event(start(None, None));
        host
    }

    fn event(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let now = Now { elapsed: Duration::from_millis(self.now), wall: TimestampMs(self.now) };
            for action in self.consensus.step(now, event).unwrap() {
                match action {
                    Action::Append(_, records) => {
                        self.log.extend(records);
                        events.push_back(Event::Appended);
                    }
                    Action::Sign(request) => events.push_back(Event::Signed(request, [9; 64])),
                    Action::SetTimer(at) => self.timer = at.as_millis() as u64,
                    Action::Decide(header, certificate) => {
                        self.blocks.push((self.now, *header.clone(), certificate.clone()));
                        events.push_back(start(Some((*header, certificate)), None));
                    }
                    other => panic!("a lone validator does not say {other:?}"),
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
        let roots = roots(height.0);
        self.event(Event::Executed { height, roots, empty, validators: None });
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

/// The failure: batches of a validator that left wait, and no header may name them.
#[test]
fn batch_that_no_header_may_name_is_no_reason_to_hurry() {
    let mut host = Host::new();
    host.tick(true);
    host.event(batch_of(ValidatorId([2; 32]), 1));
    (0..3).for_each(|_| host.tick(true));
    let times: Vec<_> = host.blocks.iter().map(|block| block.0).collect();
    assert_eq!(times, [1_000, 2_000, 3_000, 4_000]);
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
    let mut later = Host { now: 1, ..host };
    later.consensus = consensus();
    later.event(start(Some(parent), None));
    later.tick(true);
    assert!(later.now < 9_000);
    assert_eq!(later.last().1.time, TimestampMs(9_001));
}

#[test]
fn first_block_is_later_than_genesis_whatever_the_clock_shows() {
    let mut host = Host { consensus: consensus_after(TimestampMs(5_000)), ..Host::new() };
    host.event(start(None, None));
    host.tick(true);
    assert_eq!((host.now, host.last().1.time), (1_000, TimestampMs(5_001)));
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
        let (height, roots) = (Height(height), roots(height));
        host.event(Event::Executed { height, roots, empty: false, validators: None });
    }
    host.tick(true);
    host.tick(true);
    assert!(host.last().1.height > Height(16));
    assert!(host.last().1.executed >= Height(1));
}

/// The log holds what was signed: the same block is decided at once, and nothing is signed anew.
#[test]
fn after_a_restart_the_same_header_is_decided_again() {
    let mut host = Host::new();
    host.tick(true);
    let (_, header, certificate) = host.blocks[0].clone();
    let mut records = host.log.into_iter();
    let Some(Record::Begin { height, parent }) = records.next() else { panic!("no beginning") };
    let log = Log { height, parent, records: records.collect() };
    let now = Now { elapsed: Duration::from_secs(1), wall: TimestampMs(77_777) };
    let actions = consensus().step(now, start(None, Some(log))).unwrap();
    assert_eq!(actions, [Action::Decide(Box::new(header), certificate)]);
}

/// What the log says cannot be derived again, and nobody else decides: the node stops.
#[test]
fn after_a_restart_on_a_log_of_another_vote_it_stops() {
    let mut host = Host::new();
    host.tick(true);
    let mut records = host.log.into_iter();
    let Some(Record::Begin { height, parent }) = records.next() else { panic!("no beginning") };
    let mut records: Vec<Record> = records.collect();
    for record in &mut records {
        if let Record::Vote(vote) = record {
            vote.block = None;
        }
    }
    let log = Log { height, parent, records };
    let now = Now { elapsed: Duration::from_secs(20), wall: TimestampMs(20_000) };
    let stopped = consensus().step(now, start(None, Some(log)));
    assert!(matches!(stopped, Err(OrderingError::Core { .. })), "{stopped:?}");
}

#[test]
fn nothing_is_proposed_between_a_decision_and_the_next_start() {
    let mut lone = consensus();
    let at = |ms| Now { elapsed: Duration::from_millis(ms), wall: TimestampMs(ms) };
    let refused = lone.step(at(0), start(None, None));
    assert!(refused.is_ok());
    let again = lone.step(at(0), start(None, None));
    assert_eq!(again, Err(OrderingError::OutOfOrder { got: Height(1), last: Height(1) }));
    let mut actions = lone.step(at(1_000), Event::Timer).unwrap();
    // A proposal and two votes, then the log, then the decision.
    for _ in 0..3 {
        let [Action::Sign(request), ..] = actions.as_slice() else { panic!("{actions:?}") };
        actions = lone.step(at(1_001), Event::Signed(*request, [9; 64])).unwrap();
    }
    let [Action::Append(Height(1), _)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!(lone.step(at(1_002), Event::Timer).unwrap(), []);
    let [Action::Decide(..)] = lone.step(at(1_003), Event::Appended).unwrap()[..] else { panic!() };
    assert_eq!(lone.step(at(9_000), batch(1)).unwrap(), []);
    assert_eq!(lone.step(at(9_000), Event::Timer).unwrap(), []);
}
