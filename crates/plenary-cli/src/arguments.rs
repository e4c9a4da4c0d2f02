//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};

/// Plenary: groups draft joint statements together, at the same time.
///
/// Commands act on a data directory. While a server runs there they ask it through the Unix socket in that directory;
/// otherwise they open the store themselves.
#[derive(Debug, Parser)]
#[command(name = "plenary", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Where everything is kept [default: ./plenary-data; with --demo ./plenary-demo]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The settings file; docs/operating.md lists the settings [default: plenary.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE", env = "PLENARY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Answer in JSON, for scripts
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server until SIGTERM or Ctrl-C
    ///
    /// Prints "listening on http://ADDR" (or https://) once it answers.
    Serve {
        /// Address and port; port 0 takes a free one [default: 127.0.0.1:4600]
        #[arg(long, value_name = "ADDR")]
        listen: Option<SocketAddr>,
        /// The address people type, such as https://plenary.example.org; needed when others can reach --listen
        #[arg(long, value_name = "URL")]
        public_url: Option<String>,
        /// The certificate and its chain, in PEM form: the server speaks TLS itself (docs/operating.md)
        #[arg(long, value_name = "FILE")]
        tls_cert: Option<PathBuf>,
        /// The private key to --tls-cert, in PEM form
        #[arg(long, value_name = "FILE")]
        tls_key: Option<PathBuf>,
        /// A group, a statement and four people to try it with, in a data directory of its own
        ///
        /// Prints a sign-in link for each person. Listens on this machine only.
        #[arg(long)]
        demo: bool,
        /// Start although the store has lost its last commits; copy the data directory first (docs/storage.md)
        #[arg(long)]
        accept_loss: bool,
    },
    /// Make the first administrator
    Init(Account),
    /// Accounts
    #[command(subcommand)]
    User(User),
    /// Groups
    #[command(subcommand)]
    Group(Group),
    /// Who is in a group, and as what
    #[command(subcommand)]
    Member(Member),
    /// Links by which people come into a group
    #[command(subcommand)]
    Invitation(Invitation),
    /// Whom people work for
    #[command(subcommand)]
    Organisation(Organisation),
    /// Statements
    #[command(subcommand)]
    Statement(Statement),
    /// Bearer tokens, for programs
    #[command(subcommand)]
    Token(Token),
    /// Sites that embed the editor and vouch for their users: their public keys, and the groups that let them in
    #[command(subcommand)]
    EmbedKey(EmbedKey),
    /// What was changed about people, rights and stages
    #[command(subcommand)]
    Audit(Audit),
    /// Read everything stored and say what is damaged
    ///
    /// Ends with status 0 when everything is whole, 3 when something is damaged, 1 when it could not be read at all.
    Verify,
}

#[derive(Debug, Args)]
pub(crate) struct Account {
    /// The address they sign in with
    #[arg(long, value_name = "E-MAIL")]
    pub(crate) email: String,
    /// The name others see
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// Read a password from the first line of standard input; without one, a sign-in link that works once is printed
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Make an account
    Add(Account),
    /// All accounts: address, name, and whether it is an administrator's, has a second factor, or is closed
    List,
    /// Make a link by which somebody sets a new password, once, and print it
    ///
    /// It ends all their sign-ins and signs nobody in: a second factor is asked for as ever. An earlier link ends.
    ResetLink {
        /// The person's address
        #[arg(long, value_name = "E-MAIL")]
        email: String,
        /// How long it lasts: a number and s, m, h or d, at most 7d [default: 24h]
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// Close an account: all that rests on it ends at once, open documents too
    Close {
        /// The person's address
        #[arg(long, value_name = "E-MAIL")]
        email: String,
    },
    /// Open a closed account again
    Open {
        /// The person's address
        #[arg(long, value_name = "E-MAIL")]
        email: String,
    },
    /// Take somebody's second factor away, when their device and their recovery codes are lost
    ///
    /// All their sign-ins end. Be sure that it is they who ask.
    ClearSecondFactor {
        /// The person's address
        #[arg(long, value_name = "E-MAIL")]
        email: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Group {
    /// Make a group and print its id
    Add {
        /// What it is called
        #[arg(long, value_name = "NAME")]
        name: String,
        #[command(flatten)]
        about: About,
    },
    /// Change what is known about a group; what is not said stays as it is
    Set {
        /// The group's id
        #[arg(long, value_name = "ID")]
        group: String,
        /// What it is called
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        #[command(flatten)]
        about: About,
        /// active, or archived: looked at, and nothing written any more
        #[arg(long, value_name = "STATUS")]
        status: Option<String>,
    },
    /// List all groups
    List,
}

#[derive(Debug, Args)]
pub(crate) struct About {
    /// What brings it together: thematic, country or cohort [default: thematic]
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// The State under review, by its two letters in ISO 3166-1; a country group needs it
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<String>,
    /// The session at which it is reviewed, such as "UPR 58"; a country group needs it
    #[arg(long, value_name = "SESSION")]
    pub(crate) session: Option<String>,
    /// What it works on; once for each theme
    #[arg(long = "theme", value_name = "THEME")]
    pub(crate) themes: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The group's id
    #[arg(long, value_name = "ID")]
    pub(crate) group: String,
    /// The person's address
    #[arg(long, value_name = "E-MAIL")]
    pub(crate) email: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Member {
    /// Bring somebody with an account into a group; the first coordinator becomes its contact person
    Add {
        #[command(flatten)]
        place: Place,
        /// coordinator, drafter, commenter or observer
        #[arg(long)]
        role: String,
    },
    /// Give a member another role; open documents follow at once
    SetRole {
        #[command(flatten)]
        place: Place,
        /// coordinator, drafter, commenter or observer
        #[arg(long)]
        role: String,
        /// Make this coordinator the contact person
        #[arg(long)]
        contact_person: bool,
    },
    /// Take somebody out of a group; their open documents close at once
    Remove {
        #[command(flatten)]
        place: Place,
    },
    /// List who is in a group, and for whom they work
    List {
        /// The group's id
        #[arg(long, value_name = "ID")]
        group: String,
        /// List who was, instead
        #[arg(long)]
        past: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Organisation {
    /// Enter an organisation and print its id
    Add {
        /// What it is called, such as en="Open Door"; once for each language
        #[arg(long = "name", value_name = "LANGUAGE=NAME", required = true)]
        names: Vec<String>,
        #[command(flatten)]
        facts: OrganisationFacts,
    },
    /// Change what is known about an organisation; what is not said stays as it is
    Set {
        /// The organisation's id
        #[arg(long, value_name = "ID")]
        organisation: String,
        /// What it is called, all of it: once for each language
        #[arg(long = "name", value_name = "LANGUAGE=NAME")]
        names: Vec<String>,
        #[command(flatten)]
        facts: OrganisationFacts,
    },
    /// List all organisations
    List,
    /// Say for whom somebody works: for this organisation and no other
    Assign {
        /// The person's address
        #[arg(long, value_name = "E-MAIL")]
        email: String,
        /// The organisation's id
        #[arg(long, value_name = "ID", required_unless_present = "none", conflicts_with = "none")]
        organisation: Option<String>,
        /// For none any more
        #[arg(long)]
        none: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct OrganisationFacts {
    /// The name under which the United Nations know it
    #[arg(long, value_name = "NAME")]
    pub(crate) un_name: Option<String>,
    /// ngo, nhri, coalition, community or academic [default: ngo]
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Option<String>,
    /// Where it is, by the two letters in ISO 3166-1
    #[arg(long, value_name = "STATE")]
    pub(crate) country: Option<String>,
    /// With the Economic and Social Council: none, general, special or roster [default: none]
    #[arg(long, value_name = "STATUS")]
    pub(crate) consultative_status: Option<String>,
    /// Whether naming it puts people at risk: true or false; coordinators of its people's groups see it [default: false]
    #[arg(long, value_name = "BOOL")]
    pub(crate) at_risk: Option<bool>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Invitation {
    /// Make an invitation and print its link; it is not shown again
    ///
    /// Not for coordinators: the first one is added with `plenary member add`, and invites others.
    Add {
        /// The group's id
        #[arg(long, value_name = "ID")]
        group: String,
        /// drafter, commenter or observer
        #[arg(long)]
        role: String,
        /// Only for whoever has this address
        #[arg(long, value_name = "E-MAIL")]
        email: Option<String>,
        /// How many it brings in [default: 1]
        #[arg(long, value_name = "COUNT")]
        uses: Option<u32>,
        /// How long it works: a number and s, m, h or d, at most 14d [default: 72h]
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// List a group's invitations
    List {
        /// The group's id
        #[arg(long, value_name = "ID")]
        group: String,
    },
    /// Take an invitation back
    Revoke {
        /// The group's id
        #[arg(long, value_name = "ID")]
        group: String,
        /// The invitation's id
        #[arg(long, value_name = "ID")]
        invitation: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Statement {
    /// Start a statement and print its id and those of its documents
    Add {
        /// The group's id
        #[arg(long, value_name = "ID")]
        group: String,
        /// What it is called
        #[arg(long, value_name = "TITLE")]
        title: String,
        /// joint-submission, oral-statement, brief, strategy, follow-up-plan or note [default: joint-submission]
        #[arg(long, value_name = "KIND")]
        kind: Option<String>,
        /// What is known about its text: linear, or any for another editor's own [default: linear]
        #[arg(long, value_name = "SCHEMA")]
        schema: Option<String>,
        /// Start with this Markdown file's text
        #[arg(long, value_name = "FILE.md")]
        from: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum EmbedKey {
    /// Register a site's public key and print its id, the `kid` of the tokens it signs
    ///
    /// It opens nothing until a group lets the site in. A site may have two live keys, so that one can follow the other.
    New {
        /// The `iss` of the site's tokens, such as https://intranet.example.org
        #[arg(long, value_name = "ISSUER")]
        issuer: String,
        /// Where its pages are, as browsers name origins: https://pages.example.org. May be said several times
        #[arg(long = "origin", value_name = "ORIGIN", required = true)]
        origins: Vec<String>,
        /// drafter, commenter or observer: as what it may vouch at most
        #[arg(long)]
        role: String,
        /// An Ed25519 or P-256 public key, as PEM or JSON Web Key; `-` reads it from standard input
        #[arg(long, value_name = "FILE")]
        public_key: PathBuf,
        /// How long the site's earlier key still counts, such as 24h [default: until it is revoked]
        #[arg(long, value_name = "TIME")]
        overlap: Option<String>,
        /// Let the site into this group at once, in the same role. May be said several times
        #[arg(long = "group", value_name = "ID")]
        groups: Vec<String>,
    },
    /// Print the keys: id, issuer, algorithm, role, origins
    List,
    /// Take a key back; what rests on it ends at once, also in open documents
    Revoke {
        /// The key's id
        #[arg(long, value_name = "ID")]
        key: String,
    },
    /// Let a site vouch for people in a group, in place of what it was let do before
    Grant {
        /// The group's id
        #[arg(long, value_name = "ID")]
        group: String,
        /// The site's issuer
        #[arg(long, value_name = "ISSUER")]
        issuer: String,
        /// drafter, commenter or observer: as what it may vouch at most
        #[arg(long)]
        role: String,
        /// In this statement only. May be said several times [default: in all]
        #[arg(long = "statement", value_name = "ID")]
        statements: Vec<String>,
    },
    /// Let a site vouch for people in a group no longer
    Withdraw {
        /// The group's id
        #[arg(long, value_name = "ID")]
        group: String,
        /// The site's issuer
        #[arg(long, value_name = "ISSUER")]
        issuer: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Print a log's entries: a group's, or the instance's
    Show {
        /// The group's id
        #[arg(long, value_name = "ID", required_unless_present = "instance", conflicts_with = "instance")]
        group: Option<String>,
        /// Accounts, tokens, groups made, keys of embedding hosts
        #[arg(long)]
        instance: bool,
        /// Only entries after this one
        #[arg(long, value_name = "SEQ", default_value_t = 0)]
        after: u64,
        /// At most so many
        #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
    },
    /// Follow the chain of every log and say which entries are missing or changed
    ///
    /// Ends with status 0 when every log is whole, 3 when one is damaged. Prints where each log ends: noted elsewhere,
    /// that shows later that nothing before it was changed.
    Verify,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a bearer token and print it; it is not shown again
    Create {
        /// Whose it is: it may do what this person may
        #[arg(long, value_name = "E-MAIL")]
        email: String,
        /// How long it lasts: a number and s, m, h or d [default: 24h]
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
}
