//! Taking away: topics that served, and records that only stood for others.

use claim_log::{LogError, Place};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::{Offset, TopicPartitionList};

use crate::connection::Connection;
use crate::error::{failed, while_doing};
use crate::settings::Settings;
use crate::wait::wait_for;

/// Deletes every topic that these settings name, with all that stands there; one that is not there is no failure.
///
/// # Errors
/// [`LogError::Io`] when no broker answers, or one refuses.
pub fn remove(connection: &Connection, settings: &Settings) -> Result<(), LogError> {
    let topics: Vec<String> = settings
        .wanted(&connection.topics(), connection.max_message_bytes, 1)
        .into_iter()
        .map(|it| it.topic)
        .collect();
    let names: Vec<&str> = topics.iter().map(String::as_str).collect();
    let doing = "deleting topics";
    let deleted = wait_for(admin(connection)?.delete_topics(&names, &options(connection)));
    for topic in deleted.map_err(while_doing(doing))? {
        match topic {
            Ok(_) | Err((_, rdkafka::error::RDKafkaErrorCode::UnknownTopicOrPartition)) => {}
            Err((topic, code)) => return Err(failed(doing, &format!("{topic}: {code}"))),
        }
    }
    Ok(())
}

/// Deletes the records of a partition before `offset`, which it then begins at.
///
/// # Errors
/// [`LogError::Io`] when no broker answers, or one refuses.
pub fn discard(connection: &Connection, place: &Place, offset: u64) -> Result<(), LogError> {
    let doing = format!("deleting what stands before {offset} in {place}");
    let number = i32::try_from(place.partition).unwrap_or(i32::MAX);
    let before = Offset::Offset(i64::try_from(offset).unwrap_or(i64::MAX));
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&place.topic, number, before).map_err(while_doing(&doing))?;
    let deleted = wait_for(admin(connection)?.delete_records(&list, &options(connection)));
    let deleted = deleted.map_err(while_doing(&doing))?;
    match deleted.elements().iter().find_map(|it| it.error().err()) {
        Some(fault) => Err(failed(doing, &fault.to_string())),
        None => Ok(()),
    }
}

fn admin(connection: &Connection) -> Result<AdminClient<DefaultClientContext>, LogError> {
    connection.client().create().map_err(while_doing("making a client"))
}

fn options(connection: &Connection) -> AdminOptions {
    let patience = Some(connection.patience);
    AdminOptions::new().request_timeout(patience).operation_timeout(patience)
}
