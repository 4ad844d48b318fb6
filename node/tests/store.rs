//! One suite for both stores: they must not differ in anything that the node relies on.

use dure_node::store::{
    Column, Database, MemoryStore, Range, Read, Store, StoreError, WriteBatch, column,
    memory::Failure,
    schema,
    signer::{Entries, SIGNER_FILE, SLOT_BYTES, SignerFile, slot_of},
};
use dure_types::{Hash, Height};
use std::os::unix::fs::FileExt;

/// Column, key, and a value or none.
type Operation<'a> = (Column, &'a [u8], Option<&'a [u8]>);

fn batch(writes: &[Operation<'_>]) -> WriteBatch {
    let database = writes.first().map_or(Database::State, |(column, ..)| column.database());
    let mut batch = WriteBatch::new(database);
    for (column, key, value) in writes {
        match value {
            Some(value) => batch.put(*column, *key, *value),
            None => batch.delete(*column, *key),
        }
    }
    batch
}

fn keys(reader: &dyn Read, range: &Range, reverse: bool, limit: usize) -> Vec<Vec<u8>> {
    let entries = reader.scan(Column::State, range, reverse, limit).unwrap();
    entries.into_iter().map(|(key, _)| key).collect()
}

/// All that the node relies on, of any store.
fn suite(store: &dyn Store) {
    written_values_are_read_back(store);
    scans_are_ordered_and_bounded(store);
    columns_are_apart(store);
    later_operations_of_a_batch_overrule_earlier_ones(store);
    snapshots_do_not_move(store);
    large_values_survive(store);
    logs_of_heights_replace_each_other(store);
    for database in Database::ALL {
        store.barrier(database).unwrap();
    }
}

fn written_values_are_read_back(store: &dyn Store) {
    assert_eq!(store.get(Column::State, b"a").unwrap(), None);
    store.write(batch(&[(Column::State, b"a", Some(b"1"))])).unwrap();
    assert_eq!(store.get(Column::State, b"a").unwrap(), Some(b"1".to_vec()));
    store.write(batch(&[(Column::State, b"a", Some(b""))])).unwrap();
    assert_eq!(store.get(Column::State, b"a").unwrap(), Some(Vec::new()));
    store.write(batch(&[(Column::State, b"a", None)])).unwrap();
    assert_eq!(store.get(Column::State, b"a").unwrap(), None);
}

fn scans_are_ordered_and_bounded(store: &dyn Store) {
    let names: [&[u8]; 6] = [b"b", b"ba", b"bb", b"b\xff", b"c", b"\xff\xff"];
    let writes: Vec<_> = names.iter().rev().map(|key| (Column::State, *key, Some(*key))).collect();
    store.write(batch(&writes)).unwrap();
    assert_eq!(keys(store, &Range::all(), false, 9), names);
    assert_eq!(keys(store, &Range::prefix(b"b"), false, 9), names[..4]);
    assert_eq!(keys(store, &Range::prefix(b"\xff"), false, 9), names[5..]);
    assert_eq!(keys(store, &Range::new(*b"ba", *b"c"), false, 9), names[1..4]);
    assert_eq!(keys(store, &Range::new(*b"ba", *b"c"), true, 2), [names[3], names[2]]);
    assert_eq!(keys(store, &Range::all(), true, 1), names[5..]);
    assert_eq!(keys(store, &Range::all(), false, 2), names[..2]);
    assert!(keys(store, &Range::new(*b"c", *b"b"), false, 9).is_empty());
    assert!(keys(store, &Range::new(*b"b", *b"b"), true, 9).is_empty());
    let removals: Vec<_> = names.iter().map(|key| (Column::State, *key, None)).collect();
    store.write(batch(&removals)).unwrap();
    assert!(keys(store, &Range::all(), false, 9).is_empty());
}

fn columns_are_apart(store: &dyn Store) {
    for column in Column::ALL {
        store.write(batch(&[(*column, b"apart", Some(column.name().as_bytes()))])).unwrap();
    }
    for column in Column::ALL {
        let value = store.get(*column, b"apart").unwrap();
        assert_eq!(value.as_deref(), Some(column.name().as_bytes()), "{column:?}");
        store.write(batch(&[(*column, b"apart", None)])).unwrap();
    }
}

fn later_operations_of_a_batch_overrule_earlier_ones(store: &dyn Store) {
    store
        .write(batch(&[
            (Column::State, b"x", Some(b"1")),
            (Column::State, b"x", None),
            (Column::State, b"y", None),
            (Column::State, b"y", Some(b"2")),
        ]))
        .unwrap();
    assert_eq!(store.get(Column::State, b"x").unwrap(), None);
    assert_eq!(store.get(Column::State, b"y").unwrap(), Some(b"2".to_vec()));
    store.write(batch(&[(Column::State, b"y", None)])).unwrap();
}

fn snapshots_do_not_move(store: &dyn Store) {
    store
        .write(batch(&[
            (Column::State, b"kept", Some(b"old")),
            (Column::State, b"gone", Some(b"old")),
        ]))
        .unwrap();
    let old = store.snapshot().unwrap();
    store
        .write(batch(&[
            (Column::State, b"kept", Some(b"new")),
            (Column::State, b"gone", None),
            (Column::State, b"made", Some(b"new")),
        ]))
        .unwrap();
    let new = store.snapshot().unwrap();
    store.write(batch(&[(Column::State, b"kept", Some(b"newest"))])).unwrap();
    let value = |reader: &dyn Read, key: &[u8]| reader.get(Column::State, key).unwrap();
    assert_eq!(value(old.as_ref(), b"kept"), Some(b"old".to_vec()));
    assert_eq!(keys(old.as_ref(), &Range::all(), false, 9), [b"gone".to_vec(), b"kept".to_vec()]);
    assert_eq!(value(new.as_ref(), b"kept"), Some(b"new".to_vec()));
    assert_eq!(keys(new.as_ref(), &Range::all(), true, 9), [b"made".to_vec(), b"kept".to_vec()]);
    drop(old);
    store.write(batch(&[(Column::State, b"kept", None), (Column::State, b"made", None)])).unwrap();
    assert_eq!(value(new.as_ref(), b"kept"), Some(b"new".to_vec()));
    assert_eq!(value(store, b"kept"), None);
}

fn large_values_survive(store: &dyn Store) {
    let value: Vec<u8> = (0..1_500_000u32).map(|i| (i % 251) as u8).collect();
    store.write(batch(&[(Column::Batches, b"large", Some(&value))])).unwrap();
    store.barrier(Database::Ledger).unwrap();
    assert_eq!(store.get(Column::Batches, b"large").unwrap(), Some(value));
}

fn logs_of_heights_replace_each_other(store: &dyn Store) {
    assert!(store.log().unwrap().entries.is_empty());
    for height in (1..=5).map(Height) {
        let mut all = Vec::new();
        for round in 0..3 {
            let entries = [entry(height, round, 0), entry(height, round, 1)];
            store.append_log(height, &entries).unwrap();
            all.extend(entries);
            let Entries { height: of, entries, .. } = store.log().unwrap();
            assert_eq!((of, entries), (height, all.clone()));
        }
    }
}

/// Entries of unequal lengths, so that those of one height do not end where another's do.
fn entry(height: Height, round: u8, number: u8) -> Vec<u8> {
    vec![round * 2 + number; 20 + usize::from(number) * 7 + height.0 as usize % 5]
}

#[test]
fn torn_entries_of_the_signers_log_leave_those_before() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(SIGNER_FILE);
    let open = || SignerFile::open(directory.path()).unwrap();
    assert!(open().log().unwrap().entries.is_empty());
    let mut before = Entries::default();
    for height in (1..=4).map(Height) {
        for round in 0..2 {
            let file = open();
            file.append(height, &[entry(height, round, 0), entry(height, round, 1)]).unwrap();
            let whole = file.log().unwrap();
            assert_eq!((whole.height, whole.entries.len()), (height, usize::from(round + 1) * 2));
            assert!(matches!(SignerFile::open(directory.path()), Err(StoreError::InUse { .. })));
            drop(file);
            // Every byte of what was appended counts: a flipped one takes its entry along, and
            // those after it.
            let start = if before.height == height { before.end } else { 0 };
            let disk = std::fs::File::options().read(true).write(true).open(&path).unwrap();
            for at in start..whole.end {
                let place = slot_of(height) as u64 * SLOT_BYTES + at;
                let mut byte = [0];
                disk.read_exact_at(&mut byte, place).unwrap();
                disk.write_all_at(&[byte[0] ^ 0x10], place).unwrap();
                let left = open().log().unwrap();
                let kept = if left.height == height { left.entries.len() } else { 0 };
                let entries = if kept == 0 { &before.entries } else { &whole.entries[..kept] };
                assert!(kept < whole.entries.len(), "byte {at} of {height}");
                assert!(kept >= usize::from(round) * 2, "byte {at} of {height}");
                assert_eq!(left.entries, *entries, "byte {at} of {height}");
                disk.write_all_at(&byte, place).unwrap();
            }
            before = whole;
        }
    }
    std::fs::write(&path, vec![7; 200_000]).unwrap();
    assert!(open().log().unwrap().entries.is_empty());
}

#[test]
fn memory_passes_the_suite() {
    suite(&MemoryStore::new());
    suite(&MemoryStore::with_disk());
}

#[test]
fn memory_forgets_what_was_removed_with_the_last_snapshot_that_saw_it() {
    let store = MemoryStore::new();
    let put = |key: &[u8]| store.write(batch(&[(Column::State, key, Some(b"1"))])).unwrap();
    let remove = |key: &[u8]| store.write(batch(&[(Column::State, key, None)])).unwrap();
    put(b"a");
    put(b"b");
    let (old, same) = (store.snapshot().unwrap(), store.snapshot().unwrap());
    remove(b"a");
    let new = store.snapshot().unwrap();
    remove(b"b");
    // What is there again is not forgotten.
    put(b"b");
    drop(old);
    assert_eq!(keys(same.as_ref(), &Range::all(), false, 9), [b"a", b"b"]);
    assert_eq!(store.keys_held(), 2);
    drop(same);
    assert_eq!(store.keys_held(), 1);
    drop(new);
    assert_eq!(keys(&store, &Range::all(), false, 9), [b"b"]);
}

#[test]
fn keys_order_as_heights_and_places_do() {
    assert!(column::height(Height(255)) < column::height(Height(256)));
    assert!(column::place(Height(1), u32::MAX) < column::place(Height(2), 0));
    assert_eq!(column::read_place(&column::place(Height(7), 9)), Some((Height(7), 9)));
    assert_eq!(column::read_place(b"short"), None);
}

#[test]
fn crash_forgets_what_no_barrier_kept() {
    let store = MemoryStore::with_disk();
    store.write(batch(&[(Column::Headers, b"1", Some(b"kept"))])).unwrap();
    store.write(batch(&[(Column::State, b"1", Some(b"lost"))])).unwrap();
    store.barrier(Database::Ledger).unwrap();
    store.write(batch(&[(Column::Headers, b"2", Some(b"torn"))])).unwrap();
    store.write(batch(&[(Column::Headers, b"3", Some(b"lost"))])).unwrap();
    let after = store.crash(0);
    assert_eq!(after.get(Column::Headers, b"1").unwrap(), Some(b"kept".to_vec()));
    assert_eq!(after.get(Column::Headers, b"2").unwrap(), None);
    assert_eq!(after.get(Column::State, b"1").unwrap(), None);
    let torn = store.crash(1);
    assert_eq!(torn.get(Column::Headers, b"2").unwrap(), Some(b"torn".to_vec()));
    assert_eq!(torn.get(Column::Headers, b"3").unwrap(), None);
}

#[test]
fn store_refuses_work_after_a_failed_barrier() {
    for failure in [Failure::BeforeBarrier(2), Failure::AfterBarrier(2)] {
        let store = MemoryStore::with_disk();
        store.barrier(Database::Ledger).unwrap();
        store.write(batch(&[(Column::Headers, b"1", Some(b"x"))])).unwrap();
        store.fail(failure);
        assert!(matches!(store.barrier(Database::Ledger), Err(StoreError::Io { .. })));
        let latched = |result| matches!(result, Err(StoreError::Latched(_)));
        assert!(latched(store.barrier(Database::Ledger)));
        assert!(latched(store.write(batch(&[(Column::State, b"1", None)]))));
        assert!(latched(store.get(Column::Headers, b"1").map(|_| ())));
        let kept = store.crash(0).get(Column::Headers, b"1").unwrap().is_some();
        assert_eq!(kept, failure == Failure::AfterBarrier(2));
    }
}

/// The last entry ends in zeros, and these are all that stands in the last piece that is read.
#[test]
fn an_entry_that_ends_in_zeros_at_the_edge_of_a_piece_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let open = || SignerFile::open(directory.path()).unwrap();
    let (height, mut all) = (Height(1), Vec::new());
    let mut add = |entry: Vec<u8>| {
        open().append(height, std::slice::from_ref(&entry)).unwrap();
        all.push(entry);
        assert_eq!(open().log().unwrap().entries, all);
        open().log().unwrap().end
    };
    const PIECE: u64 = 262_144;
    while add(vec![7; 9_000]) + 20_000 < PIECE {}
    let end = add(vec![7; 100]);
    // Checksum, length, height and number are 48 bytes.
    let mut last = vec![7; usize::try_from(PIECE - end).unwrap() - 48];
    last.extend([0; 3]);
    assert_eq!(add(last), PIECE + 3);
}

/// What a torn write left behind its torn beginning does not follow what is written there later.
#[test]
fn what_a_torn_write_left_does_not_follow_another_entry() {
    let directory = tempfile::tempdir().unwrap();
    let open = || SignerFile::open(directory.path()).unwrap();
    open().append(Height(1), &[vec![1; 40], vec![2; 40], vec![3; 40]]).unwrap();
    let disk = std::fs::File::options().write(true).open(directory.path().join(SIGNER_FILE));
    let second = slot_of(Height(1)) as u64 * SLOT_BYTES + 48 + 40;
    disk.unwrap().write_all_at(&[0; 88], second).unwrap();
    assert_eq!(open().log().unwrap().entries, [vec![1; 40]]);
    open().append(Height(1), &[vec![4; 40]]).unwrap();
    assert_eq!(open().log().unwrap().entries, [vec![1; 40], vec![4; 40]]);
}

#[test]
fn store_of_another_chain_or_another_schema_is_refused() {
    let (ours, other) = (Hash([1; 32]), Hash([2; 32]));
    let store = MemoryStore::new();
    schema::claim(&store, ours, "memory").unwrap();
    schema::claim(&store, ours, "memory").unwrap();
    let refused = schema::claim(&store, other, "memory");
    assert!(matches!(refused, Err(StoreError::OtherChain { found, .. }) if found == ours));
    let other = |schema: u32| {
        let schema = schema.to_le_bytes();
        store.write(batch(&[(Column::LedgerMeta, column::SCHEMA_KEY, Some(&schema))])).unwrap();
        schema::claim(&store, ours, "memory")
    };
    assert!(matches!(other(5), Err(StoreError::NewerSchema { found: 5, known: 4, .. })));
    assert!(matches!(other(2), Err(StoreError::OlderSchema { found: 2, known: 4, .. })));
}

#[cfg(feature = "rocksdb")]
mod rocks {
    use super::*;
    use dure_node::store::RocksStore;

    const CHAIN: Hash = Hash([1; 32]);

    #[test]
    fn rocks_passes_the_suite() {
        let directory = tempfile::tempdir().unwrap();
        suite(&RocksStore::open(directory.path(), CHAIN).unwrap());
    }

    #[test]
    fn rocks_keeps_what_was_written_over_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let store = RocksStore::open(directory.path(), CHAIN).unwrap();
        store.write(batch(&[(Column::Headers, b"1", Some(b"x"))])).unwrap();
        store.write(batch(&[(Column::State, b"1", Some(b"y"))])).unwrap();
        store.barrier(Database::Ledger).unwrap();
        store.barrier(Database::State).unwrap();
        let snapshot = store.snapshot().unwrap();
        drop(store);
        assert_eq!(snapshot.get(Column::State, b"1").unwrap(), Some(b"y".to_vec()));
        drop(snapshot);
        let store = RocksStore::open(directory.path(), CHAIN).unwrap();
        assert_eq!(store.get(Column::Headers, b"1").unwrap(), Some(b"x".to_vec()));
        assert_eq!(store.get(Column::State, b"1").unwrap(), Some(b"y".to_vec()));
    }

    fn open_error(path: &std::path::Path, chain: Hash) -> StoreError {
        match RocksStore::open(path, chain) {
            Ok(_) => panic!("opened"),
            Err(error) => error,
        }
    }

    /// Changes some bytes in the middle of every file of a kind.
    fn damage(folder: &std::path::Path, extension: &str) -> usize {
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let files: Vec<_> =
            files.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
        for file in &files {
            let mut bytes = std::fs::read(file).unwrap();
            let middle = bytes.len() / 3;
            bytes[middle..middle + 16].iter_mut().for_each(|byte| *byte ^= 0xff);
            std::fs::write(file, bytes).unwrap();
        }
        files.len()
    }

    #[test]
    fn rocks_names_a_database_whose_files_are_damaged() {
        // Tables of the state, and the blob files in which batches lie.
        let cases = [(Column::State, "sst"), (Column::Batches, "blob")];
        for (column, extension) in cases {
            let directory = tempfile::tempdir().unwrap();
            let store = RocksStore::open(directory.path(), CHAIN).unwrap();
            let value = |key: u32| (0..8_192u32).map(|at| ((at * at) ^ (key * 77)) as u8).collect();
            for key in 0..64u32 {
                let value: Vec<u8> = value(key);
                store.write(batch(&[(column, &key.to_be_bytes(), Some(&value))])).unwrap();
            }
            store.barrier(column.database()).unwrap();
            drop(store);
            // The ledger's log becomes files when it is opened the next time.
            drop(RocksStore::open(directory.path(), CHAIN).unwrap());
            let folder = directory.path().join(column.database().name());
            assert!(damage(&folder, extension) > 0, "no .{extension} in {}", folder.display());
            let read = RocksStore::open(directory.path(), CHAIN).and_then(|store| {
                (0..64u32).try_for_each(|key| {
                    let found = store.get(column, &key.to_be_bytes())?;
                    assert_eq!(found, Some(value(key)), "what is read is what was written");
                    Ok(())
                })
            });
            let refused = read.unwrap_err();
            let StoreError::Corrupt { path, .. } = &refused else { panic!("{refused}") };
            assert!(path.contains(column.database().name()), "{refused}");
        }
    }

    #[test]
    fn rocks_says_what_is_wrong_with_a_directory() {
        let directory = tempfile::tempdir().unwrap();
        let store = RocksStore::open(directory.path(), CHAIN).unwrap();
        store.write(batch(&[(Column::Headers, b"1", Some(b"x"))])).unwrap();
        store.barrier(Database::Ledger).unwrap();
        assert!(matches!(open_error(directory.path(), CHAIN), StoreError::InUse { .. }));
        drop(store);
        let other = open_error(directory.path(), Hash([2; 32]));
        assert!(matches!(other, StoreError::OtherChain { .. }), "{other}");

        let file = directory.path().join("file");
        std::fs::write(&file, b"").unwrap();
        let refused = open_error(&file, CHAIN);
        assert!(matches!(refused, StoreError::NotWritable { .. }), "{refused}");

        std::fs::write(directory.path().join("ledger/CURRENT"), b"nonsense\n").unwrap();
        let corrupt = open_error(directory.path(), CHAIN);
        assert!(matches!(corrupt, StoreError::Corrupt { .. }), "{corrupt}");

        // The name of a folder says nothing of a lock.
        let chain = directory.path().join("blockchain");
        drop(RocksStore::open(&chain, CHAIN).unwrap());
        let current = chain.join("ledger/CURRENT");
        std::fs::remove_file(&current).unwrap();
        std::fs::create_dir(&current).unwrap();
        let unreadable = open_error(&chain, CHAIN);
        assert!(matches!(unreadable, StoreError::Io { .. }), "{unreadable}");
    }
}
