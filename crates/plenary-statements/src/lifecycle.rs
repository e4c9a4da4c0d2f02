//! The life of a statement. Nothing else moves one from stage to stage.

use plenary_permissions::Stage;
use serde::{Deserialize, Serialize};

use crate::{StageError, by_name};

/// The stages that a statement at `stage` can move to.
pub const fn next_stages(stage: Stage) -> &'static [Stage] {
    match stage {
        Stage::Draft => &[Stage::Frozen],
        Stage::Frozen => &[Stage::Draft, Stage::SignOn],
        Stage::SignOn => &[Stage::Draft, Stage::Closed],
        Stage::Closed => &[Stage::Draft, Stage::Submitted],
        // What was sent stays as it was sent; a correction is a statement of its own.
        Stage::Submitted => &[Stage::FollowUp],
        Stage::FollowUp => &[],
    }
}

/// How far a statement is. Starts at `draft` and changes by [`Lifecycle::move_to`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lifecycle(#[serde(with = "by_name")] Stage);

impl Default for Lifecycle {
    fn default() -> Self {
        Self(Stage::Draft)
    }
}

impl Lifecycle {
    /// How far it is.
    pub const fn stage(self) -> Stage {
        self.0
    }

    /// Moves on, or back, to `to` and returns the stage before.
    ///
    /// Fails when `to` is not one of [`next_stages`], the present one among them; nothing is changed then.
    pub fn move_to(&mut self, to: Stage) -> Result<Stage, StageError> {
        let (from, possible) = (self.0, next_stages(self.0));
        if !possible.contains(&to) {
            return Err(StageError { from, to, possible });
        }
        self.0 = to;
        Ok(from)
    }
}

#[cfg(test)]
mod tests {
    use plenary_ids::{DocumentId, GroupId, StatementId};

    use super::*;
    use crate::{Documents, Schema, Statement, StatementKind};

    fn statement(stage: Stage) -> Statement {
        Statement {
            id: StatementId::from_bytes([3; 16]),
            group: GroupId::from_bytes([4; 16]),
            title: "Joint submission".parse().unwrap(),
            kind: StatementKind::JointSubmission,
            schema: Schema::Linear,
            documents: Documents {
                body: DocumentId::from_bytes([1; 16]),
                comments: DocumentId::from_bytes([2; 16]),
            },
            created: 5,
            lifecycle: Lifecycle(stage),
        }
    }

    /// The arrows as `docs/permissions.md` has them.
    fn page() -> Vec<(Stage, Vec<Stage>)> {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/permissions.md");
        let page = std::fs::read_to_string(page).unwrap();
        let (_, section) = page.split_once("## From stage to stage").unwrap();
        let stages = |cell: &str| cell.split('`').filter_map(|word| word.parse().ok()).collect::<Vec<_>>();
        let rows = section.lines().filter(|line| line.starts_with("| `"));
        rows.map(|row| row.trim_matches('|').split_once('|').unwrap())
            .map(|(from, to)| (stages(from)[0], stages(to)))
            .collect()
    }

    #[test]
    fn every_move_is_possible_or_refused_as_the_page_says() {
        assert_eq!(page().len(), Stage::ALL.len());
        for (from, possible) in page() {
            for to in Stage::ALL {
                let mut lifecycle = Lifecycle(from);
                let moved = lifecycle.move_to(to);
                if possible.contains(&to) {
                    assert_eq!((moved, lifecycle.stage()), (Ok(from), to));
                } else {
                    assert_eq!(moved, Err(StageError { from, to, possible: next_stages(from) }));
                    assert_eq!(lifecycle.stage(), from);
                }
            }
        }
    }

    #[test]
    fn a_refusal_says_what_is_possible() {
        let error = Lifecycle(Stage::Frozen).move_to(Stage::Submitted).unwrap_err().to_string();
        assert_eq!(error, "a statement at stage frozen cannot move to submitted; possible: draft, sign-on");
        let error = Lifecycle(Stage::FollowUp).move_to(Stage::Draft).unwrap_err().to_string();
        assert_eq!(error, "a statement at stage follow-up cannot move to draft; this is its last stage");
    }

    #[test]
    fn no_way_leads_back_from_submitted() {
        for stage in [Stage::Submitted, Stage::FollowUp] {
            assert!(next_stages(stage).iter().all(|next| *next > stage));
        }
    }

    #[test]
    fn a_statement_reads_back_from_json() {
        let statement = statement(Stage::SignOn);
        let json = serde_json::to_string(&statement).unwrap();
        assert!(
            json.contains(r#""kind":"joint-submission""#) && json.contains(r#""stage":"sign-on""#),
            "{json}"
        );
        assert_eq!(serde_json::from_str::<Statement>(&json).unwrap(), statement);
        let broken = json.replace("sign-on", "signed");
        let error = serde_json::from_str::<Statement>(&broken).unwrap_err().to_string();
        assert!(error.contains("not a stage; one of: draft, frozen"), "{error}");
    }

    #[test]
    fn kinds_read_back_from_their_names() {
        for kind in StatementKind::ALL {
            assert_eq!(kind.name().parse(), Ok(*kind));
        }
        let error = "poem".parse::<StatementKind>().unwrap_err().to_string();
        assert!(
            error.starts_with("not a kind of statement; one of: joint-submission, oral-statement"),
            "{error}"
        );
    }
}
