//! Reports as pytest, googletest and others write them, and as they should not.

use super::*;

#[test]
fn every_result_of_a_case_is_kept_in_order() {
    let xml = r#"<?xml version="1.0"?><testsuites><testsuite name="pytest">
        <testcase classname="t.C" name="a[&lt;x&gt;]"><failure message="one&#10;two">f.py:1: in &lt;lambda&gt;
&#233;</failure><skipped type="pytest.skip" message="later"/><system-out>no</system-out></testcase>
        <testcase classname="t.C" name="a[&lt;x&gt;]"><error message="torn"><![CDATA[<raw>]]></error></testcase>
        <testcase name="b"/></testsuite></testsuites>"#;
    let all = cases(xml).unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].id, "t.C::a[<x>]");
    let told: Vec<(What, &str, &str)> = all[0]
        .results
        .iter()
        .map(|result| (result.what, result.message.as_str(), result.text.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (What::Failure, "one\ntwo", "f.py:1: in <lambda>\né"),
            (What::Skipped, "later", ""),
            (What::Error, "torn", "<raw>"),
        ]
    );
    assert_eq!((all[0].passed, all[1].passed), (0, 1));
    assert_eq!(all[1].id, "b");
}

#[test]
fn a_suite_that_counts_more_than_it_holds_is_refused() {
    let report = |failures, skipped| {
        format!(
            r#"<testsuites><testsuite failures="{failures}" errors="0" skipped="{skipped}">
            <testsuite><testcase name="a"><failure message="f"/><skipped/></testcase></testsuite>
            </testsuite></testsuites>"#
        )
    };
    assert!(cases(&report(1, 1)).is_ok());
    assert!(cases(&report(0, 0)).is_ok());
    assert!(cases(&report(2, 1)).unwrap_err().contains("names 1"));
    assert!(cases(&report(1, 2)).unwrap_err().contains("skipped"));
}

/// As googletest and `CTest` write it.
#[test]
fn a_case_whose_attributes_say_that_it_did_not_run_is_skipped() {
    let case = |attributes: &str| {
        let xml = format!(
            r#"<testsuites tests="1" failures="0" disabled="1" errors="0"><testsuite
            failures="0" disabled="1" skipped="0"><testcase name="a" {attributes}/>
            </testsuite></testsuites>"#
        );
        let mut all = cases(&xml).unwrap();
        let case = all.remove(0);
        let what: Vec<What> = case.results.iter().map(|result| result.what).collect();
        (case.passed, what)
    };
    for passes in [
        "",
        r#"status="run" result="completed""#,
        r#"status="passed""#,
    ] {
        assert_eq!(case(passes), (1, vec![]), "{passes}");
    }
    for skipped in [
        r#"status="notrun" result="suppressed""#,
        r#"status="run" result="skipped""#,
        r#"status="disabled""#,
        r#"status="NotRun""#,
    ] {
        assert_eq!(case(skipped), (0, vec![What::Skipped]), "{skipped}");
    }
    let failed = case(r#"status="fail""#);
    assert_eq!(failed, (0, vec![What::Failure]));
    // What its elements say is not said twice, and counts once.
    let both = r#"<testsuite skipped="1"><testcase name="a" result="skipped">
        <skipped message="no disk"/></testcase></testsuite>"#;
    let both = cases(both).unwrap();
    assert_eq!(both[0].results.len(), 1);
    assert_eq!(both[0].results[0].message, "no disk");
}

#[test]
fn a_root_that_counts_more_than_its_suites_hold_is_refused() {
    let report = |counts: &str| {
        format!(
            r#"<testsuites {counts}><testsuite failures="1"><testcase name="a"><failure/>
            </testcase></testsuite><testsuite><testcase name="b"><error/></testcase>
            <testcase name="c"><skipped/></testcase></testsuite></testsuites>"#
        )
    };
    for honest in [
        "",
        r#"failures="1" errors="1" skipped="1" tests="3""#,
        r#"name="nextest-run" failures="2" errors="0""#,
    ] {
        assert!(cases(&report(honest)).is_ok(), "{honest}");
    }
    let more = cases(&report(r#"failures="2" errors="1""#)).unwrap_err();
    assert!(more.contains("counts 3 tests that failed or broke, and names 2"));
    let more = cases(&report(r#"skipped="2""#)).unwrap_err();
    assert!(more.contains("counts 2 tests that were skipped, and names 1"));
    let hidden = r#"<testsuites failures="1" errors="1"><testsuite><testcase name="a"/>
        </testsuite></testsuites>"#;
    assert!(cases(hidden).is_err());
    let most = u64::MAX;
    let most = format!(r#"<testsuites failures="{most}" errors="{most}"/>"#);
    assert!(cases(&most).is_err());
}

#[test]
fn what_is_no_report_is_refused() {
    for xml in [
        "",
        "<html/>",
        "<testsuite><testcase name='a'>",
        "<testsuite><testcase></testsuite>",
        "{}",
    ] {
        assert!(cases(xml).is_err(), "{xml}");
    }
}
