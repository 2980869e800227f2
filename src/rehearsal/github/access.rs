//! Permissions and transport failures: tokens by name, outages that happen once.

use std::collections::VecDeque;

/// The login that the operator has stored in `gh`. Not a real token.
pub const STORED_TOKEN: &str = concat!("gho", "_", "rehearsalStoredLoginOfTheOperator000");

/// The token in the operator's environment. Not a real token.
pub const ENVIRONMENT_TOKEN: &str = concat!("ghp", "_", "rehearsalTokenOfTheEnvironment000000");

/// Which token a request carried. Its value is never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenName {
    /// [`STORED_TOKEN`].
    Stored,
    /// [`ENVIRONMENT_TOKEN`].
    Environment,
    /// No token.
    None,
    /// Some other token.
    Unknown,
}

impl TokenName {
    /// The name in the log.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Environment => "environment",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }

    pub(super) fn of(authorization: Option<&str>) -> Self {
        let Some(header) = authorization else {
            return Self::None;
        };
        match header.split_once(' ').map(|(_, token)| token.trim()) {
            Some(STORED_TOKEN) => Self::Stored,
            Some(ENVIRONMENT_TOKEN) => Self::Environment,
            _ => Self::Unknown,
        }
    }
}

/// A failure that happens once instead of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// 502; the request was not executed.
    BadGateway,
    /// 502; a write was executed, but its response is lost.
    AnswerLost,
    /// 403 with `retry-after: 1`; the request was not executed.
    RateLimited,
    /// The same for an hour, and for every request of this kind.
    LimitedLong,
}

impl Outage {
    /// Whether the request is not even looked at.
    pub(super) fn hides_the_request(self) -> bool {
        match self {
            Self::BadGateway | Self::RateLimited | Self::LimitedLong => true,
            Self::AnswerLost => false,
        }
    }

    /// The number of seconds for which the client must wait.
    pub(super) fn retry_after(self) -> Option<u32> {
        match self {
            Self::BadGateway | Self::AnswerLost => None,
            Self::RateLimited => Some(1),
            Self::LimitedLong => Some(3600),
        }
    }
}

/// Which request an outage affects: the next one of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hits {
    /// Queries of repositories; queries of the own login do not count.
    Reads,
    /// Mutations.
    Writes,
}

/// Tokens and outages.
#[derive(Debug, Default)]
pub(super) struct Access {
    environment_is_weak: bool,
    /// For a client that was told to wait and has not sent a request since: the seconds to wait.
    limited: Option<u32>,
    outages: VecDeque<(Hits, Outage)>,
}

impl Access {
    /// Scopes of a token, as the `X-OAuth-Scopes` header has them.
    pub(super) fn scopes(&self, token: TokenName) -> &'static str {
        match token {
            TokenName::Stored => "gist, read:org, repo, workflow",
            TokenName::Environment if self.environment_is_weak => "read:user",
            TokenName::Environment => "repo, workflow",
            TokenName::None | TokenName::Unknown => "",
        }
    }

    /// Whether a token may write.
    pub(super) fn may_write(&self, token: TokenName) -> bool {
        self.scopes(token).contains("repo")
    }

    /// Removes the write scopes from the environment's token.
    pub(super) fn weaken_environment_token(&mut self) {
        self.environment_is_weak = true;
    }

    /// Lets the next request of a kind meet an outage, after those already planned.
    pub(super) fn plan_outage(&mut self, hits: Hits, outage: Outage) {
        self.outages.push_back((hits, outage));
    }

    /// Takes the outage that applies to this request, if any.
    pub(super) fn outage(&mut self, hits: Hits) -> Option<Outage> {
        let at = self.outages.iter().position(|(kind, _)| *kind == hits)?;
        let outage = self.outages[at].1;
        if outage != Outage::LimitedLong {
            self.outages.remove(at);
        }
        self.limited = outage.retry_after().or(self.limited);
        Some(outage)
    }

    /// How long the client must wait, in seconds; reported once, unless the limit persists.
    pub(super) fn stays_away(&mut self) -> Option<u32> {
        let lasts = |(_, outage): &(Hits, Outage)| *outage == Outage::LimitedLong;
        if self.outages.iter().any(lasts) {
            return self.limited;
        }
        self.limited.take()
    }
}
