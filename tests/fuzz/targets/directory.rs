//! Bytes for the decoder `directory`; see `../decoders.rs`.

#![no_main]

#[path = "../decoders.rs"]
#[allow(dead_code, reason = "each target uses one")]
mod decoders;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    decoders::directory(bytes);
});
