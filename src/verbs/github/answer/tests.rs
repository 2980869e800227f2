//! What an answer of `gh` means, by its own shapes.

use super::*;
use crate::verb::scripted::ended;

#[track_caller]
fn is(stderr: &str, expected: Answer) {
    assert_eq!(judge(&ended(1, "", stderr)), expected, "{stderr}");
}

const LIMITED: Answer = Answer::Limited(Limit {
    wait: None,
    until: None,
});

#[test]
fn what_passes_is_told_from_what_lasts() {
    for passing in [
        "HTTP 502: Bad Gateway (https://api.github.com/graphql)",
        "HTTP 503",
        "failed to create comment: HTTP 504: 504 Gateway Time-out (https://api.github.com/graphql)",
        "gh: Server Error (HTTP 500)",
        "non-200 OK status code: 502 Bad Gateway body: \"<html>unicorn</html>\"",
        "error connecting to api.github.com\ncheck your internet connection or https://githubstatus.com",
        "Post \"https://api.github.com/graphql\": EOF",
        "Post \"https://api.github.com/graphql\": dial tcp: lookup api.github.com: no such host",
        "Get \"https://api.github.com/user\": net/http: TLS handshake timeout",
        "Post https://api.github.com/graphql: read tcp 10.0.0.2:1->1.2.3.4:443: read: connection reset by peer",
        "unexpected EOF",
        "GraphQL: Something went wrong while executing your query. This may be the result of a timeout",
    ] {
        is(passing, Answer::Passing);
    }
    is(
        "GraphQL: Unable to create comment because issue is locked. (addComment)",
        Answer::Lasting,
    );
    is(
        "HTTP 422: Validation Failed (https://api.github.com/x)",
        Answer::Lasting,
    );
    is(
        "Post \"https://api.github.com/graphql\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
        Answer::Lasting,
    );
    assert_eq!(judge(&ended(0, "", "HTTP 502")), Answer::Good);
    assert_eq!(judge(&ended(1, "", "")), Answer::Lasting);
}

#[test]
fn the_answer_to_a_write_is_read_in_its_body() {
    let write = |status: &str, message: &str| {
        format!(
            r#"non-200 OK status code: {status} body: "{{\"message\":\"{message}\",\"status\":\"403\"}}""#
        )
    };
    let limit = "You have exceeded a secondary rate limit. Please wait a few minutes.";
    is(&write("403 Forbidden", limit), LIMITED);
    is(&write("429 Too Many Requests", ""), LIMITED);
    is(
        &write("403 Forbidden", "Resource not accessible by integration"),
        Answer::Scope,
    );
    is(
        &write("403 Forbidden", "a name with rate limit"),
        Answer::Scope,
    );
    is(
        "non-200 OK status code: 403 Forbidden body: \"<html>\"",
        Answer::Scope,
    );
    is(&write("502 Bad Gateway", limit), Answer::Passing);
}

#[test]
fn words_of_a_name_prove_nothing() {
    for name in [
        "acme/geofence",
        "acme/timeout",
        "acme/rate-limit",
        "acme/scope",
        "acme/http-502",
        "acme/connection-reset",
        "acme/gh-auth-login",
        "acme/no-such-host.eof",
    ] {
        let gone = format!(
            "GraphQL: Could not resolve to a Repository with the name '{name}'. (repository)"
        );
        is(&gone, Answer::NotFound);
        is(
            &format!("HTTP 404: Not Found (https://api.github.com/repos/{name})"),
            Answer::NotFound,
        );
        is(
            &format!("expected the \"[HOST/]OWNER/REPO\" format, got \"{name}\""),
            Answer::Lasting,
        );
        is(
            &format!("{name}: rate limit of HTTP 502, EOF, http 401 scope"),
            Answer::Lasting,
        );
    }
    let title = "GraphQL: Issue “API rate limit exceeded, HTTP 502: EOF” is locked";
    is(title, Answer::Lasting);
    // What was asked for stands on standard output, not an error.
    let body = r#"{"data": {"repository": {"body": "HTTP 502 rate limit gh auth login"}}, "errors": [{"type": "NOT_FOUND", "message": "Could not resolve"}]}"#;
    assert_eq!(
        judge(&ended(1, body, "gh: Could not resolve to an Issue")),
        Answer::NotFound
    );
}

#[test]
fn logins_and_rights_are_told_apart() {
    assert_eq!(
        judge(&ended(
            4,
            "",
            "To get started with GitHub CLI, please run:  gh auth login"
        )),
        Answer::NoLogin
    );
    is(
        "HTTP 401: Bad credentials (https://api.github.com/graphql)\nTry authenticating with:  gh auth login",
        Answer::NoLogin,
    );
    is("gh: Bad credentials (HTTP 401)", Answer::NoLogin);
    for scope in [
        "GraphQL: Your token has not been granted the required scopes to execute this query.",
        "GraphQL: Resource not accessible by personal access token (addComment)",
        "HTTP 403: Resource not accessible by integration (https://api.github.com/x)",
        "GraphQL: octocat does not have the correct permissions to execute `CloseIssue` (closeIssue)",
        "HTTP 403: Must have admin rights to Repository. (https://api.github.com/x)",
        "gh: Forbidden (HTTP 403)",
    ] {
        is(scope, Answer::Scope);
    }
    let typed = r#"{"data": null, "errors": [{"type": "FORBIDDEN", "message": "no"}]}"#;
    assert_eq!(judge(&ended(1, typed, "gh: no")), Answer::Scope);
}

#[test]
fn a_rate_limit_is_a_kind_of_its_own() {
    for limited in [
        "GraphQL: API rate limit exceeded for user ID 1.",
        "HTTP 403: API rate limit exceeded for user ID 1. (https://api.github.com/graphql)",
        "HTTP 403: You have exceeded a secondary rate limit. Please wait a few minutes before you try again. (https://api.github.com/graphql)",
        "gh: You have triggered an abuse detection mechanism. (HTTP 403)",
        "GraphQL: was submitted too quickly (addComment)",
        "HTTP 429: Too Many Requests (https://api.github.com/graphql)",
        "non-200 OK status code: 429 Too Many Requests body: \"\"",
    ] {
        is(limited, LIMITED);
    }
    let typed = r#"{"errors": [{"type": "RATE_LIMITED", "message": "slow down"}]}"#;
    assert_eq!(judge(&ended(1, typed, "gh: slow down")), LIMITED);
}

#[test]
fn when_to_come_back_is_read_from_headers_alone() {
    let wait = |seconds| Limit {
        wait: Some(Duration::from_secs(seconds)),
        until: None,
    };
    let headers = "HTTP/2.0 403 Forbidden\r\nRetry-After: 37\r\n\r\n{\"message\": \"You have exceeded a secondary rate limit\"}";
    assert_eq!(
        judge(&ended(1, headers, "gh: x (HTTP 403)")),
        Answer::Limited(wait(37))
    );
    let spent =
        "HTTP/2.0 200 OK\r\nX-Ratelimit-Remaining: 0\r\nX-Ratelimit-Reset: 1779271200\r\n\r\n{}";
    let until = Timestamp::from_second(1_779_271_200).ok();
    assert_eq!(limit_in(&ended(0, spent, "")), Limit { wait: None, until });
    let left = spent.replace("Remaining: 0", "Remaining: 12");
    assert_eq!(limit_in(&ended(0, &left, "")), Limit::default());
    let body = "HTTP/2.0 200 OK\r\n\r\n{\"a\": \"\nRetry-After: 5\n\"}";
    assert_eq!(limit_in(&ended(0, body, "")), Limit::default());
}
