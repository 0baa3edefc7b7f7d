//! Every operator, held whole: who exists, under which name, and what is switched on. An unknown subdomain is known to
//! be unknown without a query. Must never invent an operator.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use shared::coherence::{Change, Kind, Topic};
use shared::ids::{OperatorId, Version};
use sqlx::postgres::PgConnection;

use crate::app::{FillError, Reader};
use crate::coherence::versions::Required;
use crate::databases::Source;

/// What a reader knows of an operator without asking.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Its id.
    pub id: OperatorId,
    /// Its name in URLs.
    pub subdomain: Box<str>,
    /// Whether it is served at all.
    pub is_active: bool,
    /// The casino switch.
    pub casino_enabled: bool,
    /// The version of this row.
    pub version: Version,
}

impl Operator {
    /// The row's version as a change.
    pub const fn change(&self) -> Change {
        Change {
            topic: Topic::of(self.id, Kind::Operator),
            version: self.version,
        }
    }
}

/// All operators, by name and by id; read without waiting.
#[derive(Debug, Default)]
pub struct Directory {
    current: ArcSwap<Table>,
    writing: Mutex<()>,
}

#[derive(Clone, Debug, Default)]
struct Table {
    by_subdomain: HashMap<Box<str>, Arc<Operator>>,
    by_id: HashMap<OperatorId, Arc<Operator>>,
}

impl Table {
    /// Finds out anew whose each name is. Rows come in any order, so that for a moment two may have one name: then the
    /// one whose row changed more often has it, and the other again as soon as that one has left it.
    fn name(&mut self) {
        let mut names: HashMap<Box<str>, Arc<Operator>> = HashMap::with_capacity(self.by_id.len());
        for operator in self.by_id.values() {
            let owner = names
                .entry(operator.subdomain.clone())
                .or_insert_with(|| Arc::clone(operator));
            if (owner.version, owner.id) < (operator.version, operator.id) {
                *owner = Arc::clone(operator);
            }
        }
        self.by_subdomain = names;
    }
}

impl Directory {
    /// The operator of this subdomain; upper and lower case are the same.
    pub fn find(&self, subdomain: &str) -> Option<Arc<Operator>> {
        let table = self.current.load();
        if let Some(operator) = table.by_subdomain.get(subdomain) {
            return Some(Arc::clone(operator));
        }
        if !subdomain.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        table
            .by_subdomain
            .get(subdomain.to_ascii_lowercase().as_str())
            .cloned()
    }

    /// The operator with this id.
    pub fn get(&self, id: OperatorId) -> Option<Arc<Operator>> {
        self.current.load().by_id.get(&id).cloned()
    }

    /// The version of the operator's row as it is held; none where it is not.
    pub fn version(&self, id: OperatorId) -> Version {
        self.get(id).map_or(Version::NONE, |operator| operator.version)
    }

    /// How many operators there are.
    pub fn len(&self) -> usize {
        self.current.load().by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets every operator.
    pub(crate) fn clear(&self) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.current.store(Arc::default());
    }

    /// Takes over rows, except those older than what is here.
    fn publish(&self, operators: Vec<Operator>) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut table = Table::clone(&self.current.load());
        for operator in operators {
            let known = table.by_id.get(&operator.id);
            if known.is_none_or(|known| known.version <= operator.version) {
                table.by_id.insert(operator.id, Arc::new(operator));
            }
        }
        table.name();
        self.current.store(Arc::new(table));
    }
}

/// Fetches every operator while none is held; later those whose rows are known to be newer than the ones held.
///
/// # Errors
/// What the database does, or that it answered with older rows.
pub async fn fill(reader: &Reader, source: Source) -> Result<(), FillError> {
    let is_first = reader.directory.is_empty();
    let wanted: Vec<i64> = behind(reader).iter().map(|id| id.get()).collect();
    if wanted.is_empty() && !is_first {
        return Ok(());
    }
    let known = reader.versions.snapshot();
    let operators = reader
        .fetch(source, move |db| {
            let wanted = wanted.clone();
            Box::pin(async move {
                let found = if is_first {
                    all(db).await?
                } else {
                    some(db, &wanted).await?
                };
                Ok(found)
            })
        })
        .await?;
    let new_enough = |operator: &Operator| operator.version >= known.of(operator.change().topic);
    reader
        .directory
        .publish(operators.into_iter().filter(new_enough).collect());
    if behind_of(reader, &known).next().is_none() {
        Ok(())
    } else {
        Err(FillError::TooOld)
    }
}

/// Whether the operator's row is known to be newer than the one held.
pub fn is_behind(reader: &Reader, id: OperatorId) -> bool {
    reader.directory.version(id) < reader.versions.load().of(Topic::of(id, Kind::Operator))
}

/// The operators whose rows are known to be newer than the ones held.
pub fn behind(reader: &Reader) -> Vec<OperatorId> {
    behind_of(reader, &reader.versions.load()).collect()
}

fn behind_of(reader: &Reader, known: &Required) -> impl Iterator<Item = OperatorId> {
    known
        .iter()
        .filter(|change| change.topic.kind == Kind::Operator)
        .filter(|change| reader.directory.version(change.topic.operator_id) < change.version)
        .map(|change| change.topic.operator_id)
}

/// Every operator; the one place that reads across operators, because the directory is the map to them.
async fn all(db: &mut PgConnection) -> Result<Vec<Operator>, sqlx::Error> {
    sqlx::query_as!(
        Operator,
        r#"
        select
            o.id as "id: OperatorId",
            o.subdomain,
            o.is_active,
            o.casino_enabled,
            coalesce(v.version, 0) as "version!: Version"
        from operators o
        left join cache_versions v on v.operator_id = o.id and v.kind = 'operator'
        "#,
    )
    .fetch_all(db)
    .await
}

async fn some(db: &mut PgConnection, ids: &[i64]) -> Result<Vec<Operator>, sqlx::Error> {
    sqlx::query_as!(
        Operator,
        r#"
        select
            o.id as "id: OperatorId",
            o.subdomain,
            o.is_active,
            o.casino_enabled,
            coalesce(v.version, 0) as "version!: Version"
        from operators o
        left join cache_versions v on v.operator_id = o.id and v.kind = 'operator'
        where o.id = any($1)
        "#,
        ids,
    )
    .fetch_all(db)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator(id: i64, subdomain: &str, version: i64) -> Operator {
        Operator {
            id: OperatorId::new(id),
            subdomain: subdomain.into(),
            is_active: true,
            casino_enabled: true,
            version: Version::new(version),
        }
    }

    fn owner(directory: &Directory, subdomain: &str) -> Option<i64> {
        directory.find(subdomain).map(|operator| operator.id.get())
    }

    #[test]
    fn a_renamed_operator_is_found_by_its_new_name_only() {
        let directory = Directory::default();
        directory.publish(vec![operator(1, "aurora", 1)]);
        directory.publish(vec![operator(1, "borealis", 2)]);
        assert_eq!(owner(&directory, "borealis"), Some(1));
        assert_eq!(owner(&directory, "aurora"), None);
        directory.publish(vec![operator(1, "aurora", 1)]);
        assert_eq!(
            owner(&directory, "borealis"),
            Some(1),
            "older news changes nothing"
        );
    }

    #[test]
    fn a_name_that_another_operator_took_over_stays_with_it_in_whatever_order_they_come() {
        let renamed = [operator(1, "borealis", 2), operator(2, "aurora", 2)];
        for order in [[0, 1], [1, 0]] {
            let directory = Directory::default();
            directory.publish(vec![operator(1, "aurora", 1), operator(2, "bluefin", 1)]);
            directory.publish(order.map(|number: usize| renamed[number].clone()).to_vec());
            assert_eq!(owner(&directory, "borealis"), Some(1), "{order:?}");
            assert_eq!(owner(&directory, "aurora"), Some(2), "{order:?}");
            assert_eq!(owner(&directory, "bluefin"), None, "{order:?}");
        }
    }
}
