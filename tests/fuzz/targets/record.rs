//! Bytes for the decoder `record`; see `../decoders.rs`.

#![no_main]

#[path = "../decoders.rs"]
#[allow(dead_code, reason = "each target uses one")]
mod decoders;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    decoders::record(bytes);
});
