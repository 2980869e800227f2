//! Scalars and people, under GitHub's own type names.

use async_graphql::{ID, InputValueError, InputValueResult};
use async_graphql::{Interface, Scalar, ScalarType, SimpleObject, Value};
use jiff::Timestamp;

use super::super::issue::Person;

macro_rules! text_scalar {
    ($($(#[$doc:meta])* $name:ident $type:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub(super) struct $name(pub(super) String);

        #[Scalar(name = $type)]
        impl ScalarType for $name {
            fn parse(value: Value) -> InputValueResult<Self> {
                match value {
                    Value::String(text) => Ok(Self(text)),
                    other => Err(InputValueError::expected_type(other)),
                }
            }

            fn to_value(&self) -> Value {
                Value::String(self.0.clone())
            }
        }
    )*};
}

text_scalar! {
    /// A time, ISO 8601 in UTC.
    DateTime "DateTime";
    /// An address.
    Uri "URI";
    /// An object id of git.
    Oid "GitObjectID";
}

impl From<Timestamp> for DateTime {
    fn from(at: Timestamp) -> Self {
        Self(at.to_string())
    }
}

impl From<&str> for Oid {
    fn from(oid: &str) -> Self {
        Self(oid.to_owned())
    }
}

/// A person.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct User {
    id: ID,
    login: String,
    name: Option<String>,
    url: Uri,
    resource_path: Uri,
    email: String,
}

impl User {
    pub(super) fn new(login: &str) -> Self {
        Self {
            id: ID(format!("U_{login}")),
            login: login.to_owned(),
            name: Some(login.to_owned()),
            url: Uri(format!("https://github.com/{login}")),
            resource_path: Uri(format!("/{login}")),
            email: String::new(),
        }
    }
}

macro_rules! other_actors {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, SimpleObject)]
        pub(super) struct $name {
            id: ID,
            login: String,
            name: Option<String>,
            url: Uri,
                    resource_path: Uri,
        }

        impl $name {
            #[expect(dead_code, reason = "queries name all kinds of actor; not all exist here")]
            pub(super) fn new(login: &str) -> Self {
                let User { id, login, name, url, resource_path, .. } = User::new(login);
                Self { id, login, name, url, resource_path }
            }
        }
    )*};
}

other_actors! {
    /// A program.
    Bot;
    /// An account that was imported.
    Mannequin;
    /// An account of an enterprise.
    EnterpriseUserAccount;
}

/// An organisation.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct Organization {
    id: ID,
    login: String,
    name: Option<String>,
    url: Uri,
    resource_path: Uri,
}

impl Organization {
    pub(super) fn new(login: &str) -> Self {
        let User {
            login,
            name,
            url,
            resource_path,
            ..
        } = User::new(login);
        Self {
            id: ID(format!("O_{login}")),
            login,
            name,
            url,
            resource_path,
        }
    }
}

/// Whoever can do something.
#[derive(Debug, Clone, Interface)]
#[graphql(
    field(name = "login", ty = "&String"),
    field(name = "url", ty = "&Uri")
)]
pub(super) enum Actor {
    User(User),
    Bot(Bot),
    Mannequin(Mannequin),
    EnterpriseUserAccount(EnterpriseUserAccount),
    Organization(Organization),
}

impl Actor {
    pub(super) fn called(login: &str) -> Self {
        Self::User(User::new(login))
    }
}

impl From<&Person> for Actor {
    fn from(person: &Person) -> Self {
        Self::called(&person.login)
    }
}

/// Whoever can own a repository.
#[derive(Debug, Clone, Interface)]
#[graphql(
    name = "RepositoryOwner",
    field(name = "id", ty = "&ID"),
    field(name = "login", ty = "&String"),
    field(name = "url", ty = "&Uri")
)]
pub(super) enum Owner {
    User(User),
    Organization(Organization),
}
