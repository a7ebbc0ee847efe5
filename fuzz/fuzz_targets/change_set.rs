//! See `tests/fuzz/bodies/change_set.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waba_migrate_fuzz::change_set(bytes));
