//! What the client library's errors mean.

use std::io;
use std::time::{Duration, Instant};

use claim_log::LogError;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(50);

/// The error of a failed question or attempt.
pub(crate) fn while_doing(doing: impl Into<String>) -> impl FnOnce(KafkaError) -> LogError {
    let doing = doing.into();
    move |fault| failed(doing, &fault.to_string())
}

/// As [`while_doing`], with the reason in words.
pub(crate) fn failed(doing: impl Into<String>, why: &str) -> LogError {
    LogError::Io { doing: doing.into(), source: io::Error::other(why) }
}

/// Asks until there is an answer, an error that will not pass, or no patience left.
pub(crate) fn persist<T>(
    patience: Duration,
    mut ask: impl FnMut(Duration) -> Result<T, KafkaError>,
) -> Result<T, KafkaError> {
    let began = Instant::now();
    loop {
        let left = patience.saturating_sub(began.elapsed());
        match ask(left.min(Duration::from_secs(5)).max(PAUSE)) {
            Err(fault) if !lasting(&fault) && began.elapsed() + PAUSE < patience => {
                std::thread::sleep(PAUSE);
            }
            answer => return answer,
        }
    }
}

/// Whether an error will not pass by itself.
pub(crate) fn lasting(fault: &KafkaError) -> bool {
    if matches!(fault, KafkaError::ClientConfig(..) | KafkaError::ClientCreation(_)) {
        return true;
    }
    fault.rdkafka_error_code().is_some_and(|code| {
        FORBIDDEN.contains(&code)
            || matches!(
                code,
                RDKafkaErrorCode::SaslAuthenticationFailed
                    | RDKafkaErrorCode::Authentication
                    | RDKafkaErrorCode::UnknownTopicOrPartition
                    | RDKafkaErrorCode::UnknownTopic
                    | RDKafkaErrorCode::UnknownPartition
                    | RDKafkaErrorCode::InvalidTopic
            )
    })
}

/// What brokers say who know who asks, and do not let him.
pub(crate) const FORBIDDEN: [RDKafkaErrorCode; 3] = [
    RDKafkaErrorCode::TopicAuthorizationFailed,
    RDKafkaErrorCode::GroupAuthorizationFailed,
    RDKafkaErrorCode::ClusterAuthorizationFailed,
];

/// Whether a reader was told that what it should read is not there.
pub(crate) fn out_of_range(fault: &KafkaError) -> bool {
    let code = fault.rdkafka_error_code();
    matches!(code, Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange))
}
