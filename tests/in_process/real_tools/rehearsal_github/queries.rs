//! `gh api graphql`: what the gate asks is answered, anything else is refused as GitHub does.

use canary_gate::audit::{HEADLINES_QUERY, TIMELINE_QUERY};
use canary_gate::candidate::query_arguments;
use serde_json::{Value, json};

use super::support::{PRODUCT, World, oid};

/// Puts a selection on a repository into a document.
fn on_product(selection: &str) -> String {
    format!("{{ repository(owner: \"Priivacy-ai\", name: \"spec-kitty\") {{ {selection} }} }}")
}

/// Sends a document as it is, and gives the answer with its errors.
fn answer(world: &World, document: &str, variables: &[&str]) -> Value {
    let query = format!("query={document}");
    let output = world.run(&[&["api", "graphql", "-f", &query], variables].concat());
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn about(world: &World, document: &str, number: &str) -> Value {
    let names = ["-f", "owner=Priivacy-ai", "-f", "name=spec-kitty", "-F"];
    let number = format!("number={number}");
    let mut answer = answer(world, document, &[&names[..], &[&number]].concat());
    assert_eq!(answer["errors"], Value::Null);
    answer["data"]["repository"].take()
}

#[test]
fn the_timeline_names_the_closing_change() {
    let world = World::new(&[]);
    let repository = about(&world, TIMELINE_QUERY, "1141");
    let nodes = &repository["issue"]["timelineItems"]["nodes"];
    let pull = |number: u32, oid: String| json!({"__typename": "PullRequest", "number": number, "mergeCommit": {"oid": oid}});
    assert_eq!(
        nodes,
        &json!([
            {"__typename": "ClosedEvent", "createdAt": "2026-05-08T15:20:46Z", "closer": pull(1150, oid('7'))},
            {"__typename": "ReopenedEvent", "createdAt": "2026-05-11T08:30:02Z"},
            {"__typename": "ClosedEvent", "createdAt": "2026-05-18T13:41:09Z", "closer": pull(1187, oid('a'))},
        ])
    );
    let repository = about(&world, HEADLINES_QUERY, "1187");
    let commits = &repository["pullRequest"]["commits"]["nodes"];
    let headline = "Queue drain keeps in_review instead of rolling it back to planned";
    assert_eq!(commits, &json!([{"commit": {"messageHeadline": headline}}]));
    world.assert_all_known();
}

#[test]
fn releases_and_tags_are_newest_first_and_come_in_pages() {
    let world = World::new(&[]);
    let asked = query_arguments("Priivacy-ai", "spec-kitty", None);
    let asked: Vec<&str> = asked[1..].iter().map(String::as_str).collect();
    let repository = world.json(&asked)["data"]["repository"].take();
    assert_eq!(repository["nameWithOwner"], PRODUCT);
    let releases = &repository["releases"]["nodes"];
    assert_eq!(releases[0]["tagName"], "v3.2.0rc16");
    assert_eq!(releases[0]["tagCommit"]["oid"], oid('3'));
    assert_eq!(releases[0]["isPrerelease"], true);
    assert_eq!(releases[2]["tagName"], "v3.1.0");
    assert_eq!(repository["refs"]["nodes"][0]["name"], "v3.2.0rc16");
    let one = |after: &str| {
        let document = on_product(&format!(
            "releases(first: 1{after}) {{ nodes {{ tagName }} pageInfo {{ hasNextPage endCursor }} }}"
        ));
        world.query(&document)["data"]["repository"]["releases"].take()
    };
    let first = one("");
    let cursor = first["pageInfo"]["endCursor"].as_str().expect("a cursor");
    let second = one(&format!(", after: \"{cursor}\""));
    assert_eq!(second["nodes"], json!([{"tagName": "v3.2.0rc15"}]));
    assert_eq!(second["pageInfo"]["hasNextPage"], true);
    world.assert_all_known();
}

#[test]
fn a_tag_leads_to_its_commit_and_an_annotated_one_says_who_made_it() {
    let world = World::new(&[]);
    let document = on_product(
        "refs(refPrefix: \"refs/tags/\", first: 2) { nodes { name target { oid ... on Tag { tagger { date } target { ... on Commit { oid } } } ... on Commit { committedDate } } } }",
    );
    let answer = world.query(&document);
    let tags = &answer["data"]["repository"]["refs"]["nodes"];
    let at = "2026-05-19T10:00:00Z";
    let target = json!({"oid": oid('6'), "tagger": {"date": at}, "target": {"oid": oid('3')}});
    assert_eq!(tags[0], json!({"name": "v3.2.0rc16", "target": target}));
    assert_eq!(tags[1]["target"]["oid"], oid('2'));
    assert_eq!(tags[1]["target"]["committedDate"], "2026-05-14T10:00:00Z");
}

#[test]
fn a_comments_newest_page_and_the_pages_before_it() {
    let world = World::new(&[]);
    let ask = |window: &str| {
        let fields =
            "author { login ... on User { name } } authorAssociation createdAt url body id";
        let document = on_product(&format!(
            "issue(number: 1038) {{ comments({window}) {{ totalCount nodes {{ {fields} }} pageInfo {{ hasPreviousPage startCursor endCursor }} }} }}"
        ));
        world.query(&document)["data"]["repository"]["issue"]["comments"].take()
    };
    let newest = ask("last: 1");
    assert_eq!(newest["totalCount"], 2);
    assert_eq!(newest["nodes"][0]["author"]["login"], "kitty-releases");
    assert_eq!(newest["pageInfo"]["hasPreviousPage"], true);
    let cursor = newest["pageInfo"]["startCursor"]
        .as_str()
        .expect("a cursor");
    let older = ask(&format!("last: 1, before: \"{cursor}\""));
    assert_eq!(older["nodes"][0]["author"]["login"], "kitty-maintainer");
    let first = ask("first: 1");
    assert_eq!(first["nodes"], older["nodes"]);
    let cursor = first["pageInfo"]["endCursor"].as_str().expect("a cursor");
    let next = ask(&format!("first: 5, after: \"{cursor}\""));
    assert_eq!(next["nodes"], newest["nodes"]);
    world.assert_all_known();
}

#[test]
fn a_list_without_bounds_or_with_too_wide_ones_is_refused_as_github_does() {
    let world = World::new(&[]);
    for (window, kind, words) in [
        (
            "",
            "MISSING_PAGINATION_BOUNDARIES",
            "You must provide a `first` or `last` value",
        ),
        (
            "(first: 101)",
            "EXCESSIVE_PAGINATION",
            "exceeds the `first` limit of 100 records",
        ),
    ] {
        let comments = format!("issue(number: 1038) {{ comments{window} {{ nodes {{ body }} }} }}");
        let answer = answer(&world, &on_product(&comments), &[]);
        let error = &answer["errors"][0];
        assert_eq!(error["type"], kind);
        assert!(
            error["message"].as_str().expect("words").contains(words),
            "{error}"
        );
        assert_eq!(error["path"], json!(["repository", "issue", "comments"]));
        // The list must not be null, so its issue is.
        assert_eq!(answer["data"], json!({"repository": {"issue": null}}));
    }
    world.assert_all_known();
}

#[test]
fn what_is_not_there_is_not_found_and_the_rest_is_answered() {
    let world = World::new(&[]);
    let answer = answer(
        &world,
        &on_product("nameWithOwner issue(number: 9) { state }"),
        &[],
    );
    assert_eq!(
        answer,
        json!({
            "data": {"repository": {"nameWithOwner": PRODUCT, "issue": null}},
            "errors": [{
                "type": "NOT_FOUND",
                "path": ["repository", "issue"],
                "locations": [{"line": 1, "column": 72}],
                "message": "Could not resolve to an Issue with the number of 9.",
            }],
        })
    );
    world.assert_all_known();
}

/// A document, what GitHub says of it, and the code it gives.
const REFUSED: [(&str, &str, &str); 12] = [
    (
        "{ repository(owner: \"o\", name: \"n\") { issue(number: 1) { closingPullRequests } } }",
        "Field 'closingPullRequests' doesn't exist on type 'Issue'",
        "undefinedField",
    ),
    (
        "{ repository(owner: \"o\", name: \"n\", id: 1) { name } }",
        "Field 'repository' doesn't accept argument 'id'",
        "argumentNotAccepted",
    ),
    (
        "{ repository(owner: \"o\") { issue { state } } }",
        "Field 'repository' is missing required arguments: name",
        "missingRequiredArguments",
    ),
    (
        "{ repository(owner: \"o\", name: \"n\") { issue(number: \"1\") { state } } }",
        "Argument 'number' on Field 'issue' has an invalid value (\"1\"). Expected type 'Int!'.",
        "argumentLiteralsIncompatible",
    ),
    (
        "{ repository(owner: \"o\", name: \"n\") { issue(number: 1) { timelineItems(first: 1, itemTypes: [PINNED]) { totalCount } } } }",
        "has an invalid value ([PINNED]). Expected type '[IssueTimelineItemsItemType!]'.",
        "argumentLiteralsIncompatible",
    ),
    (
        "{ repository(owner: \"o\", name: \"n\") }",
        "Field must have selections (field 'repository' returns Repository",
        "selectionMismatch",
    ),
    (
        "{ viewer { login { text } } }",
        "Selections can't be made on scalars (field 'login' returns String",
        "selectionMismatch",
    ),
    (
        "{ viewer { ... on Robot { login } } }",
        "No such type Robot, so it can't be a fragment condition",
        "undefinedType",
    ),
    (
        "{ viewer { ...Person } }",
        "Fragment Person was used, but not defined",
        "useAndDefineFragment",
    ),
    (
        "query Q($n: Int!) { viewer { login } }",
        "Variable $n is declared by Q but not used",
        "variableNotUsed",
    ),
    (
        "query Q($n: String!) { repository(owner: \"o\", name: \"n\") { issue(number: $n) { state } } }",
        "Type mismatch on variable $n and argument number (String! / Int!)",
        "variableMismatch",
    ),
    (
        "{ viewer { login @include(if: true) } }",
        "Directive @include is not defined",
        "undefinedDirective",
    ),
];

#[test]
fn what_the_schema_does_not_have_is_refused_in_githubs_words_and_remembered() {
    let world = World::new(&[]);
    for (document, words, code) in REFUSED {
        let answer = answer(&world, document, &[]);
        assert_eq!(answer.get("data"), None, "{answer}");
        let errors = answer["errors"].as_array().expect("errors");
        let found = errors.iter().find(|one| one["extensions"]["code"] == code);
        let message = found.and_then(|one| one["message"].as_str());
        assert!(
            message.is_some_and(|text| text.contains(words)),
            "{document}: {answer}"
        );
    }
    let unknown = &world.state.final_state()["unknown_requests"];
    assert!(unknown.as_array().map_or(0, Vec::len) >= REFUSED.len());
    let field = answer(&world, REFUSED[0].0, &[]);
    assert_eq!(
        field["errors"][0]["path"],
        json!(["query", "repository", "issue", "closingPullRequests"])
    );
}

#[test]
fn a_variable_of_another_type_or_none_is_refused() {
    let world = World::new(&[]);
    let document = "query($number:Int!){repository(owner:\"Priivacy-ai\",name:\"spec-kitty\"){issue(number:$number){state}}}";
    for (given, explanation) in [
        (
            &["-f", "number=1141"][..],
            "Could not coerce value \"1141\" to Int",
        ),
        (&[], "Expected value to not be null"),
    ] {
        let error = answer(&world, document, given)["errors"][0].take();
        let words = "Variable $number of type Int! was provided invalid value";
        assert_eq!(error["message"], words);
        let problem = &error["extensions"]["problems"][0]["explanation"];
        assert_eq!(problem, explanation);
    }
    let good = answer(&world, document, &["-F", "number=1141"]);
    assert_eq!(good["data"]["repository"]["issue"]["state"], "CLOSED");
}

#[test]
fn fragments_aliases_and_fields_asked_for_twice_are_one_answer() {
    let world = World::new(&[]);
    let document =
        on_product("it: issue(number: 1141) { ...I state } it: issue(number: 1141) { title }")
            + " fragment I on Issue { __typename number ... on PullRequest { mergedAt } }";
    let answer = world.query(&document);
    assert_eq!(
        answer["data"]["repository"]["it"],
        json!({
            "__typename": "Issue",
            "number": 1141,
            "state": "CLOSED",
            "title": "Status queue rolls in_review back to planned on drain",
        })
    );
}

#[test]
fn a_mutation_that_no_gate_sends_is_remembered_and_changes_nothing() {
    let world = World::new(&[]);
    let before = world.state.final_state()["repositories"].clone();
    world.fails(&["issue", "edit", "1038", "-R", PRODUCT, "--title", "other"]);
    world.fails(&["release", "create", "v9", "-R", PRODUCT, "--notes", "cut"]);
    world.fails(&["api", "-X", "DELETE", "repos/Priivacy-ai/spec-kitty"]);
    answer(
        &world,
        "mutation{lockLockable(input:{lockableId:\"x\"}){clientMutationId}}",
        &[],
    );
    let end = world.state.final_state();
    assert_eq!(end["repositories"], before);
    let unknown = end["unknown_requests"].to_string();
    for words in [
        "lockLockable",
        "POST /repos/Priivacy-ai/spec-kitty/releases",
        "DELETE /repos/Priivacy-ai/spec-kitty",
    ] {
        assert!(unknown.contains(words), "{words}: {unknown}");
    }
}
