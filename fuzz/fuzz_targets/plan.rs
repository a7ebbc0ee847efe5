//! See `tests/fuzz/bodies/plan.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waba_migrate_fuzz::plan(bytes));
