//! The table in the code against the table in `docs/permissions.md`, cell by cell.

use plenary_permissions::{
    Access, Action, Channel, Condition, Conditions, Decision, DenyReason, Role, Scope, Stage, Subject,
    access_to, access_where, decide, decide_in_group, decide_where, may_give,
};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/permissions.md");
const CONDITIONS: [Condition; 4] =
    [Condition::Enabled, Condition::Own, Condition::Authorised, Condition::TwoCoordinators];

/// One cell as the page says it.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Cap { condition: Option<Condition> },
    Stages { condition: Option<Condition>, stages: Vec<Stage> },
}

fn cell(text: &str) -> Cell {
    let (mut condition, mut stages) = (None, None);
    for part in text.split(", ") {
        match part {
            "cap" => return Cell::Cap { condition },
            "no" => stages = Some(Vec::new()),
            "yes" => stages = Some(Stage::ALL.to_vec()),
            "if enabled" => condition = Some(Condition::Enabled),
            "own" => condition = Some(Condition::Own),
            "if authorised" => condition = Some(Condition::Authorised),
            "if two agree" => condition = Some(Condition::TwoCoordinators),
            letters => {
                let letter = |l: &str| Stage::ALL["DFSLUP".find(l).expect("a stage's letter")];
                stages = Some(letters.split(' ').map(letter).collect());
            }
        }
    }
    Cell::Stages { condition, stages: stages.unwrap_or(Stage::ALL.to_vec()) }
}

/// Each action with its eight cells.
fn page() -> Vec<(Action, Vec<Cell>)> {
    let page = std::fs::read_to_string(PAGE).expect("the page is there");
    page.lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>())
        .filter(|row| row.len() == 10 && row[9].starts_with('`'))
        .map(|row| {
            let named = |action: &Action| format!("`{action:?}`") == row[9];
            let action = Action::ALL.into_iter().find(named).expect("an action's name");
            (action, row[1..9].iter().map(|text| cell(text)).collect())
        })
        .collect()
}

/// The columns of the page, each with the subjects it speaks of and their cap.
fn columns() -> Vec<(usize, Subject, Option<Role>)> {
    let mut columns = vec![
        (0, Subject::ContactPerson, None),
        (0, Subject::Coordinator, None),
        (1, Subject::Drafter, None),
        (2, Subject::Commenter, None),
        (3, Subject::Observer, None),
        (4, Subject::Signatory, None),
        (7, Subject::InstanceAdministrator, None),
    ];
    for cap in Role::ALL {
        columns.push((5, Subject::GuestByLink { cap }, Some(cap)));
        columns.push((6, Subject::HostEmbedded { cap }, Some(cap)));
    }
    columns
}

fn expected(row: &[Cell], column: usize, cap: Option<Role>, stage: Stage, held: &[Condition]) -> Decision {
    match (&row[column], cap) {
        (Cell::Cap { condition }, Some(cap)) => {
            let column = match cap {
                Role::Coordinator | Role::Drafter => 1,
                Role::Commenter => 2,
                Role::Observer => 3,
            };
            match (expected(row, column, None, stage, held), condition) {
                (Decision::Allow, Some(condition)) if !held.contains(condition) => {
                    Decision::Deny(DenyReason::Needs(*condition))
                }
                (decision, _) => decision,
            }
        }
        (Cell::Cap { .. }, None) => panic!("no cap to go by"),
        (Cell::Stages { stages, .. }, _) if stages.is_empty() => Decision::Deny(DenyReason::Role),
        (Cell::Stages { stages, .. }, _) if !stages.contains(&stage) => Decision::Deny(DenyReason::Stage),
        (Cell::Stages { condition: Some(condition), .. }, _) if !held.contains(condition) => {
            Decision::Deny(DenyReason::Needs(*condition))
        }
        _ => Decision::Allow,
    }
}

#[test]
fn every_action_has_one_row_on_the_page_in_order() {
    let actions: Vec<_> = page().into_iter().map(|(action, _)| action).collect();
    assert_eq!(actions, Action::ALL);
}

#[test]
fn every_cell_is_as_the_page_says() {
    let mut cells = 0;
    for (action, row) in page() {
        for (column, subject, cap) in columns() {
            for stage in Stage::ALL {
                let want = expected(&row, column, cap, stage, &[]);
                assert_eq!(decide(subject, action, stage), want, "{subject:?} {action:?} {stage}");
                for condition in CONDITIONS {
                    let want = expected(&row, column, cap, stage, &[condition]);
                    let given = Conditions::NONE.and(condition);
                    let is = decide_where(subject, action, stage, given);
                    assert_eq!(is, want, "{subject:?} {action:?} {stage} {condition:?}");
                }
                cells += 1;
            }
        }
    }
    assert_eq!(cells, Action::ALL.len() * columns().len() * Stage::ALL.len());
}

#[test]
fn an_outsider_may_nothing_and_learns_nothing() {
    for action in Action::ALL {
        let reason = match action.scope() {
            Scope::Instance => DenyReason::Role,
            Scope::Group | Scope::Statement => DenyReason::NotAMember,
        };
        for stage in Stage::ALL {
            assert_eq!(
                decide(Subject::Outsider, action, stage),
                Decision::Deny(reason),
                "{action:?} {stage}"
            );
        }
        assert_eq!(decide_in_group(Subject::Outsider, action), Decision::Deny(reason), "{action:?}");
    }
}

#[test]
fn only_actions_on_a_statement_depend_on_its_stage() {
    for action in Action::ALL.into_iter().filter(|action| action.scope() != Scope::Statement) {
        for (_, subject, _) in columns() {
            let in_group = decide_in_group(subject, action);
            assert!(Stage::ALL.into_iter().all(|stage| decide(subject, action, stage) == in_group));
        }
    }
}

#[test]
fn an_action_on_a_statement_is_denied_when_only_the_group_is_known() {
    let denied = Decision::Deny(DenyReason::Stage);
    assert_eq!(decide_in_group(Subject::ContactPerson, Action::ReadBody), denied);
}

#[test]
fn a_guest_or_a_host_never_has_more_than_a_drafter() {
    for action in Action::ALL {
        for stage in Stage::ALL {
            for subject in [
                Subject::GuestByLink { cap: Role::Coordinator },
                Subject::HostEmbedded { cap: Role::Coordinator },
            ] {
                if decide(subject, action, stage).is_allowed() {
                    assert!(decide(Subject::Drafter, action, stage).is_allowed(), "{subject:?} {action:?}");
                }
            }
        }
    }
}

#[test]
fn access_is_what_the_table_grants_on_one_document() {
    use Channel::{Body, Comments};
    let cases = [
        (Subject::ContactPerson, Body, Stage::Draft, Some(Access::Write)),
        (Subject::Drafter, Body, Stage::Draft, Some(Access::Write)),
        (Subject::Drafter, Body, Stage::Frozen, Some(Access::Read)),
        (Subject::Commenter, Body, Stage::Draft, Some(Access::Read)),
        (Subject::Commenter, Comments, Stage::SignOn, Some(Access::Write)),
        (Subject::Commenter, Comments, Stage::Closed, Some(Access::Read)),
        (Subject::Observer, Body, Stage::Draft, Some(Access::Read)),
        (Subject::Observer, Comments, Stage::Draft, None),
        (Subject::Signatory, Body, Stage::Draft, None),
        (Subject::Signatory, Body, Stage::SignOn, Some(Access::Read)),
        (Subject::GuestByLink { cap: Role::Observer }, Body, Stage::Draft, Some(Access::Read)),
        (Subject::HostEmbedded { cap: Role::Coordinator }, Body, Stage::Draft, Some(Access::Write)),
        (Subject::InstanceAdministrator, Body, Stage::Draft, None),
        (Subject::Outsider, Body, Stage::Draft, None),
    ];
    for (subject, channel, stage, access) in cases {
        assert_eq!(access_to(subject, channel, stage), access, "{subject:?} {channel:?} {stage}");
    }
}

#[test]
fn a_guest_writes_in_the_body_only_where_a_coordinator_has_allowed_it() {
    let guest = Subject::GuestByLink { cap: Role::Drafter };
    let enabled = Conditions::NONE.and(Condition::Enabled);
    assert_eq!(access_to(guest, Channel::Body, Stage::Draft), Some(Access::Read));
    assert_eq!(access_where(guest, Channel::Body, Stage::Draft, enabled), Some(Access::Write));
    assert_eq!(access_where(guest, Channel::Body, Stage::Frozen, enabled), Some(Access::Read));
    for cap in [Role::Commenter, Role::Observer] {
        let guest = Subject::GuestByLink { cap };
        assert_eq!(access_where(guest, Channel::Body, Stage::Draft, enabled), Some(Access::Read), "{cap}");
    }
}

#[test]
fn what_stays_in_an_archived_group_is_as_the_page_says() {
    let page = std::fs::read_to_string(PAGE).expect("the page is there");
    let (_, section) = page.split_once("## In an archived group").expect("the section");
    let listed = section.split("##").next().expect("there is text").split('`').skip(1).step_by(2);
    let listed: Vec<_> = listed.map(str::to_owned).collect();
    let of_groups = Action::ALL.into_iter().filter(|action| action.scope() != Scope::Instance);
    let stay: Vec<_> =
        of_groups.filter(|action| action.stays_in_archive()).map(|action| format!("{action:?}")).collect();
    assert_eq!(listed, stay);
}

#[test]
fn nobody_gives_a_role_that_they_do_not_manage() {
    for role in Role::ALL {
        for (_, subject, _) in columns() {
            let manages = decide_in_group(subject, Action::ManageMembers).is_allowed();
            let is_coordinator = matches!(subject, Subject::ContactPerson | Subject::Coordinator);
            let expected = manages && (is_coordinator || role != Role::Coordinator);
            assert_eq!(may_give(subject, role), expected, "{subject:?} {role}");
        }
        assert!(!may_give(Subject::Outsider, role));
    }
}

#[test]
fn names_read_back_and_others_are_refused() {
    for role in Role::ALL {
        assert_eq!(role.to_string().parse(), Ok(role));
    }
    for stage in Stage::ALL {
        assert_eq!(stage.to_string().parse(), Ok(stage));
    }
    let error = "Drafter".parse::<Role>().unwrap_err();
    assert_eq!(error.to_string(), "not a role; one of: coordinator, drafter, commenter, observer");
    assert!("sign_on".parse::<Stage>().is_err());
}
