//! An attribution as it is stored.

use bytes::Bytes;
use plenary_ids::UserId;
use plenary_protocol::wire::{Reader, Writer};

use super::{Attribution, AttributionError, Client, Deleted, Inserted};

const VERSION: u64 = 1;

/// As in the gate: clocks have 31 bits.
const CLOCK_MAX: u64 = (1 << 31) - 1;

impl Attribution {
    /// As it is stored. All numbers are varUints; a time is the difference to the time before it in the bytes, times
    /// two, odd if it is earlier.
    /// ```text
    /// 1 | users: count, each as varBytes of 16
    /// inserted: count of clients, each: client | count of runs, each: clocks | 2 * user + relayed | time
    /// deleted:  count of clients, each: client | count of runs, each: clocks since the last run | clocks | user | time
    /// ```
    pub fn encode(&self) -> Bytes {
        let runs: usize = self.inserted.values().map(|of| of.runs.len()).sum();
        let mut times = Times::default();
        let mut out = Writer::after(&[], 32 + 17 * self.users.len() + 8 * (runs + self.deleted.len()));
        out = out.var_uint(VERSION).var_uint(self.users.len() as u64);
        for user in &self.users {
            out = out.var_bytes(user.as_bytes());
        }
        out = out.var_uint(self.inserted.len() as u64);
        for (&client, of) in &self.inserted {
            out = out.var_uint(client).var_uint(of.runs.len() as u64);
            let mut start = 0;
            for run in &of.runs {
                let user = u64::from(run.user) * 2 + u64::from(run.is_relayed);
                out =
                    out.var_uint(u64::from(run.end - start)).var_uint(user).var_uint(times.write(run.at_ms));
                start = run.end;
            }
        }
        let deleted: Vec<_> = self.deleted.iter().collect();
        let clients = deleted.chunk_by(|one, next| one.0.0 == next.0.0);
        out = out.var_uint(clients.clone().count() as u64);
        for runs in clients {
            out = out.var_uint(runs[0].0.0).var_uint(runs.len() as u64);
            let mut end = 0;
            for ((_, start), run) in runs {
                out = out.var_uint(u64::from(start - end)).var_uint(u64::from(run.end - start));
                out = out.var_uint(u64::from(run.user)).var_uint(times.write(run.at_ms));
                end = run.end;
            }
        }
        out.finish()
    }

    /// Reads what [`encode`](Self::encode) wrote; no bytes at all are an attribution that says nothing.
    pub fn decode(bytes: &Bytes) -> Result<Self, AttributionError> {
        let mut attribution = Self::default();
        if bytes.is_empty() {
            return Ok(attribution);
        }
        let mut reader = Reader::new(bytes.clone());
        let mut times = Times::default();
        if reader.var_uint()? != VERSION {
            return Err(nonsense("it is of an unknown version"));
        }
        let users = reader.count(17)?;
        for _ in 0..users {
            let user = reader.var_bytes()?.as_ref().try_into();
            attribution
                .index(UserId::from_bytes(user.map_err(|_| nonsense("a user of other than 16 bytes"))?));
        }
        if attribution.users.len() != users {
            return Err(nonsense("a user is named twice"));
        }
        let user = |number: u64| match usize::try_from(number) {
            Ok(user) if user < users => Ok(user as u32),
            _ => Err(nonsense("a user is not there")),
        };
        let mut last = None;
        for _ in 0..reader.count(5)? {
            let client = after(&mut last, reader.var_uint()?)?;
            let mut of = Client::default();
            for _ in 0..reader.count(3)? {
                let end = clock(of.end(), at_least_one(reader.var_uint()?)?)?;
                let author = reader.var_uint()?;
                let (user, is_relayed) = (user(author / 2)?, author % 2 == 1);
                if !is_relayed {
                    of.owner.get_or_insert(user);
                }
                of.runs.push(Inserted { end, user, is_relayed, at_ms: times.read(reader.var_uint()?)? });
            }
            attribution.inserted.insert(client, of);
        }
        let mut last = None;
        for _ in 0..reader.count(6)? {
            let client = after(&mut last, reader.var_uint()?)?;
            let mut end = 0;
            for _ in 0..reader.count(4)? {
                let start = clock(end, reader.var_uint()?)?;
                end = clock(start, at_least_one(reader.var_uint()?)?)?;
                let user = user(reader.var_uint()?)?;
                let at_ms = times.read(reader.var_uint()?)?;
                attribution.deleted.insert((client, start), Deleted { end, user, at_ms });
            }
        }
        if reader.is_at_end() { Ok(attribution) } else { Err(nonsense("there are bytes after its end")) }
    }
}

fn nonsense(what: &'static str) -> AttributionError {
    AttributionError::Nonsense(what)
}

/// Clients come in ascending order, so that none comes twice.
fn after(last: &mut Option<u64>, client: u64) -> Result<u64, AttributionError> {
    match last.replace(client) {
        Some(before) if before >= client => Err(nonsense("clients are out of order")),
        _ => Ok(client),
    }
}

fn at_least_one(clocks: u64) -> Result<u64, AttributionError> {
    if clocks == 0 { Err(nonsense("a run is empty")) } else { Ok(clocks) }
}

fn clock(start: u32, clocks: u64) -> Result<u32, AttributionError> {
    match u64::from(start).saturating_add(clocks) {
        end @ ..=CLOCK_MAX => Ok(end as u32),
        _ => Err(nonsense("a clock is too large")),
    }
}

/// Times as differences.
#[derive(Default)]
struct Times(u64);

impl Times {
    fn write(&mut self, at_ms: u64) -> u64 {
        let before = std::mem::replace(&mut self.0, at_ms);
        at_ms.abs_diff(before) * 2 + u64::from(at_ms < before)
    }

    fn read(&mut self, difference: u64) -> Result<u64, AttributionError> {
        let at_ms = match difference % 2 {
            0 => self.0.checked_add(difference / 2),
            _ => self.0.checked_sub(difference / 2),
        };
        self.0 = at_ms.filter(|at_ms| *at_ms <= super::AT_MS_MAX).ok_or(nonsense("a time is too large"))?;
        Ok(self.0)
    }
}
