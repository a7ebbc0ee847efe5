//! See `tests/fuzz/bodies/world.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waba_migrate_fuzz::world(bytes));
