//! Second factors: setting one up, asking for its codes, taking it away.

use plenary_ids::{GroupId, UserId};
use plenary_permissions::Role;
use plenary_statements::Membership;
use plenary_storage::{Expected, StoreError};
use serde::{Deserialize, Serialize};

use super::{Actor, AuditAction, AuditLog, Directory, Note, Stored, User, delete, key, put};
use crate::{
    auth::{Code, Identity, SecretHash, TotpSecret, new_recovery_codes},
    config::SecondFactorRule,
    error::Error,
};

/// How long somebody has from seeing the secret to showing its first code, in milliseconds.
pub const ENROLMENT_MS: u64 = 15 * 60 * 1000;

// A code that meets another one is looked at again.
const TRIES_MAX: usize = 5;

/// What is stored of a second factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SecondFactor {
    /// Base32; as it is, for codes are made from it.
    secret: String,
    /// The last step of time whose code was taken: it and those before are not taken again.
    last_step: u64,
    /// Hashes of the recovery codes that are left.
    recovery: Vec<String>,
    since: u64,
}

/// A secret that was shown and of which no code has been seen yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Enrolment {
    secret: String,
    pub(super) expires: u64,
}

/// How things stand with somebody's second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondFactorState {
    /// Since when there is one, ms since 1970.
    pub since: Option<u64>,
    /// How many recovery codes are left.
    pub recovery_codes_left: usize,
    /// Whether the settings of the server ask for one.
    pub is_required: bool,
}

/// What somebody shows, beside their session, that it is they.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// The password.
    Password(String),
    /// A code of the second factor, or a recovery code.
    Code(String),
    /// That they have just signed in.
    FreshSession,
}

/// What came of setting up or changing a second factor. All other sign-ins have ended.
#[derive(Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The secret of the session that goes on, for its cookie.
    pub session: String,
    /// Recovery codes, to be shown once.
    pub recovery_codes: Vec<String>,
}

impl Directory {
    /// Whether `user` has to set up a second factor before anything else.
    pub async fn owes_second_factor(&self, user: &User) -> Result<bool, StoreError> {
        Ok(!user.second_factor && self.needs_second_factor(user).await?)
    }

    async fn needs_second_factor(&self, user: &User) -> Result<bool, StoreError> {
        match self.0.config.require_second_factor {
            SecondFactorRule::None => Ok(false),
            SecondFactorRule::All => Ok(true),
            SecondFactorRule::Coordinators if user.administrator => Ok(true),
            SecondFactorRule::Coordinators => self.is_coordinator(user.id).await,
        }
    }

    async fn is_coordinator(&self, user: UserId) -> Result<bool, StoreError> {
        for group in self.list::<GroupId>(&key::groups_of(user)).await? {
            let membership = self.read::<Membership>(&key::member(group.value, user)).await?;
            if membership.is_some_and(|membership| membership.value.role == Role::Coordinator) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How things stand with a user's second factor.
    pub async fn second_factor(&self, user: UserId) -> Result<SecondFactorState, Error> {
        let account = self.user(user).await?.ok_or(Error::NotFound)?;
        let stored = self.read::<SecondFactor>(&key::second_factor(user)).await?.map(|stored| stored.value);
        Ok(SecondFactorState {
            since: stored.as_ref().map(|factor| factor.since),
            recovery_codes_left: stored.map_or(0, |factor| factor.recovery.len()),
            is_required: self.needs_second_factor(&account).await?,
        })
    }

    /// Makes a secret for a new second factor, which counts once a code was shown; an earlier one that never did is
    /// forgotten. Fails with `SecondFactorOn` if there is one.
    pub async fn begin_second_factor(&self, user: &User) -> Result<TotpSecret, Error> {
        if user.second_factor {
            return Err(Error::SecondFactorOn);
        }
        let secret = TotpSecret::fresh();
        let expires = self.now_ms().saturating_add(ENROLMENT_MS);
        let enrolment = Enrolment { secret: secret.text(), expires };
        self.0.cells.commit(vec![put(key::enrolment(user.id), &enrolment)], Vec::new()).await?;
        Ok(secret)
    }

    /// Turns the second factor on, by its first code. Everything that was signed in without it ends; the session
    /// under `session` goes on with another secret.
    ///
    /// Fails with `WrongCode`, also when the secret was never asked for or a while ago.
    pub async fn confirm_second_factor(
        &self,
        caller: &Identity,
        session: SecretHash,
        code: &str,
    ) -> Result<Rotated, Error> {
        let (user_key, enrolment_key) = (key::user(caller.user), key::enrolment(caller.user));
        let Stored { value: mut user, version } =
            self.read::<User>(&user_key).await?.ok_or(Error::SignInNeeded)?;
        if user.second_factor {
            return Err(Error::SecondFactorOn);
        }
        let enrolment = self.read::<Enrolment>(&enrolment_key).await?.ok_or(Error::WrongCode)?;
        let now = self.now_ms();
        let secret =
            Some(&enrolment.value).filter(|enrolment| enrolment.expires > now).ok_or(Error::WrongCode)?;
        let secret = TotpSecret::read(&secret.secret).ok_or(Error::Damaged)?;
        let (Code::Totp(digits), expected_user) =
            (Code::read(code), Expected::At { key: user_key.clone(), version })
        else {
            return Err(Error::WrongCode);
        };
        let last_step = secret.step_of(&digits, now).ok_or(Error::WrongCode)?;
        let (recovery_codes, hashes) = new_recovery_codes();
        let recovery = hashes.iter().map(ToString::to_string).collect();
        let factor = SecondFactor { secret: secret.text(), last_step, recovery, since: now };

        user.second_factor = true;
        let mut changes = self.end_all(&mut user).await?;
        let (session, rotated) = self.rotated(session, &user, true).await?;
        changes.extend([
            put(user_key, &user),
            put(key::second_factor(user.id), &factor),
            delete(enrolment_key.clone()),
            rotated,
        ]);
        let expected = vec![expected_user, Expected::At { key: enrolment_key, version: enrolment.version }];
        let note = Note::new(AuditLog::Instance, Actor::of(caller), AuditAction::SecondFactorEnabled);
        self.commit_noted(changes, expected, vec![note]).await?;
        Ok(Rotated { session, recovery_codes })
    }

    /// Takes the caller's second factor away. Ask for a [`Proof`] first. All sign-ins end; the session under
    /// `session` goes on with another secret. Fails with `SecondFactorOff`.
    pub async fn turn_off_second_factor(
        &self,
        caller: &Identity,
        session: SecretHash,
    ) -> Result<Rotated, Error> {
        let Stored { value: mut user, version } =
            self.read::<User>(&key::user(caller.user)).await?.ok_or(Error::SignInNeeded)?;
        if !user.second_factor {
            return Err(Error::SecondFactorOff);
        }
        user.second_factor = false;
        let mut changes = self.end_all(&mut user).await?;
        let (session, rotated) = self.rotated(session, &user, false).await?;
        let key = key::user(user.id);
        changes.extend([put(key.clone(), &user), delete(key::second_factor(user.id)), rotated]);
        let note = Note::new(AuditLog::Instance, Actor::of(caller), AuditAction::SecondFactorDisabled);
        self.commit_noted(changes, vec![Expected::At { key, version }], vec![note]).await?;
        Ok(Rotated { session, recovery_codes: Vec::new() })
    }

    /// Takes somebody else's second factor away, for the day that device and recovery codes are lost. All their
    /// sign-ins end. Fails with `NotFound` and `SecondFactorOff`.
    pub async fn clear_second_factor(&self, caller: &Identity, user: UserId) -> Result<User, Error> {
        let key = key::user(user);
        let Stored { value: mut user, version } = self.read::<User>(&key).await?.ok_or(Error::NotFound)?;
        if !user.second_factor {
            return Err(Error::SecondFactorOff);
        }
        user.second_factor = false;
        let mut changes = self.end_all(&mut user).await?;
        changes.extend([put(key.clone(), &user), delete(key::second_factor(user.id))]);
        let note =
            Note::new(AuditLog::Instance, Actor::of(caller), AuditAction::SecondFactorCleared).about(user.id);
        self.commit_noted(changes, vec![Expected::At { key, version }], vec![note]).await?;
        Ok(user)
    }

    /// Makes new recovery codes; those of before end. Ask for a [`Proof`] first. Fails with `SecondFactorOff`.
    pub async fn renew_recovery_codes(&self, caller: &Identity) -> Result<Vec<String>, Error> {
        let key = key::second_factor(caller.user);
        let Stored { value: mut factor, version } =
            self.read::<SecondFactor>(&key).await?.ok_or(Error::SecondFactorOff)?;
        let (codes, hashes) = new_recovery_codes();
        factor.recovery = hashes.iter().map(ToString::to_string).collect();
        let note = Note::new(AuditLog::Instance, Actor::of(caller), AuditAction::RecoveryCodesCreated);
        let changes = vec![put(key.clone(), &factor)];
        self.commit_noted(changes, vec![Expected::At { key, version }], vec![note]).await?;
        Ok(codes)
    }

    /// Whether `typed` is a code of the user's that has not been used. It is used up, durably, before this says yes.
    /// A wrong one is noted.
    pub async fn take_code(&self, user: &User, typed: &str) -> Result<bool, Error> {
        let key = key::second_factor(user.id);
        let actor = Actor::account(user);
        for _ in 0..TRIES_MAX {
            let stored = self.read::<SecondFactor>(&key).await?.ok_or(Error::SecondFactorOff)?;
            let Some((factor, note)) = self.without(stored.value, typed, actor)? else {
                let note = Note::new(AuditLog::Instance, actor, AuditAction::SecondFactorFailed);
                self.commit_noted(Vec::new(), Vec::new(), vec![note]).await?;
                return Ok(false);
            };
            let changes = vec![put(key.clone(), &factor)];
            let expected = vec![Expected::At { key: key.clone(), version: stored.version }];
            match self.commit_noted(changes, expected, note.into_iter().collect()).await {
                Ok(()) => return Ok(true),
                // Another code, or the same one, was faster.
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::ChangedMeanwhile)
    }

    /// The second factor after `typed` was used up; `None` if it does not fit.
    fn without(
        &self,
        mut factor: SecondFactor,
        typed: &str,
        actor: Actor,
    ) -> Result<Option<(SecondFactor, Option<Note>)>, Error> {
        match Code::read(typed) {
            Code::Totp(digits) => {
                let secret = TotpSecret::read(&factor.secret).ok_or(Error::Damaged)?;
                let step = secret.step_of(&digits, self.now_ms()).filter(|step| *step > factor.last_step);
                Ok(step.map(|last_step| (SecondFactor { last_step, ..factor }, None)))
            }
            Code::Recovery(hash) => {
                let hash = hash.to_string();
                let before = factor.recovery.len();
                factor.recovery.retain(|left| *left != hash);
                let note = Note::new(AuditLog::Instance, actor, AuditAction::RecoveryCodeUsed);
                Ok((factor.recovery.len() < before).then_some((factor, Some(note))))
            }
        }
    }

    /// Whether somebody who is signed in shows that it is they and not whoever found their session.
    ///
    /// Fails with `ProofNeeded` where `proof` is of no use: a password that the account does not have, a code without
    /// a second factor, a session that is not fresh (any more).
    pub async fn proves(&self, user: &User, session: SecretHash, proof: Proof) -> Result<(), Error> {
        match proof {
            Proof::Password(_) if user.password.is_none() => Err(Error::ProofNeeded),
            Proof::Password(password) => {
                let fits = self.0.passwords.fits(password, user.password.clone()).await?;
                if fits { Ok(()) } else { Err(Error::WrongCredentials) }
            }
            Proof::Code(_) if !user.second_factor => Err(Error::ProofNeeded),
            Proof::Code(code) => {
                if self.take_code(user, &code).await? {
                    Ok(())
                } else {
                    Err(Error::WrongCode)
                }
            }
            Proof::FreshSession => {
                if self.is_fresh(session).await? {
                    Ok(())
                } else {
                    Err(Error::ProofNeeded)
                }
            }
        }
    }
}
