//! Which passwords are taken: long enough, and not what everybody knows about the person.
//!
//! No rules about digits or signs: they make passwords that are hard to remember and no harder to guess
//! (NIST SP 800-63B, 3.1.1.2). What is left after the words around the account are taken out has to be something.

use super::PasswordError;

/// The shortest password, in characters. No rules about which: length is what counts.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// The longest password, in characters.
pub const PASSWORD_CHARS_MAX: usize = 128;

/// Letters and digits that a password has beside the words around the account.
const OWN_CHARS_MIN: usize = 6;

/// Words that stand on every page.
const PRODUCT_WORDS: [&str; 2] = ["plenary", "password"];

/// Shorter pieces of a name or an address are in half of all words.
const PIECE_CHARS_MIN: usize = 3;

/// Whose password it is to be.
#[derive(Clone, Copy, Debug)]
pub struct PasswordOwner<'a> {
    /// The address they sign in with.
    pub email: &'a str,
    /// What others see.
    pub name: &'a str,
}

/// Fails unless `password` may be `owner`'s.
pub(super) fn check(password: &str, owner: PasswordOwner<'_>) -> Result<(), PasswordError> {
    let chars = password.chars().count();
    if chars < PASSWORD_CHARS_MIN {
        return Err(PasswordError::TooShort { chars });
    }
    if chars > PASSWORD_CHARS_MAX {
        return Err(PasswordError::TooLong { chars });
    }
    let mut own = password.to_lowercase();
    for word in words_around(owner) {
        own = own.replace(&word, "");
    }
    if own.chars().filter(|char| char.is_alphanumeric()).count() < OWN_CHARS_MIN {
        return Err(PasswordError::Obvious);
    }
    Ok(())
}

/// What somebody who knows the account would try, in lower case, the longest first so that no rest of one stays.
fn words_around(owner: PasswordOwner<'_>) -> Vec<String> {
    let (email, name) = (owner.email.to_lowercase(), owner.name.to_lowercase());
    let mut words = vec![email.clone(), name.clone()];
    words.extend(PRODUCT_WORDS.map(str::to_owned));
    for text in [&email, &name] {
        words.extend(text.split('@').map(str::to_owned));
        words.extend(text.split(|char: char| !char.is_alphanumeric()).map(str::to_owned));
    }
    words.retain(|word| word.chars().count() >= PIECE_CHARS_MIN);
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const ILSE: PasswordOwner<'_> = PasswordOwner { email: "ilse.marenko@ngo.example", name: "Ilse Marenko" };

    #[test]
    fn length_counts_and_signs_do_not() {
        let table: [(&str, Result<(), PasswordError>); 6] = [
            ("correct horse battery", Ok(())),
            ("aaaaaaaaaaaa", Ok(())),
            ("كلمة السر الطويلة", Ok(())),
            ("elevenchars", Err(PasswordError::TooShort { chars: 11 })),
            // Twenty-four bytes, but half as many characters, are enough; eleven are not.
            ("éééééééééééé", Ok(())),
            ("ééééééééééé", Err(PasswordError::TooShort { chars: 11 })),
        ];
        for (password, expected) in table {
            assert_eq!(check(password, ILSE), expected, "{password}");
        }
        assert_eq!(check(&"x".repeat(128), ILSE), Ok(()));
        assert_eq!(check(&"x".repeat(129), ILSE), Err(PasswordError::TooLong { chars: 129 }));
    }

    #[test]
    fn what_everybody_knows_about_somebody_is_no_password() {
        for obvious in [
            "ilse.marenko@ngo.example",
            "Ilse Marenko",
            "IlseMarenko2027",
            "marenko-ilse-marenko",
            "plenaryplenary",
            "Plenary-Ilse-27!",
            "password-ngo-1",
            "............",
        ] {
            assert_eq!(check(obvious, ILSE), Err(PasswordError::Obvious), "{obvious}");
        }
        for own in ["ilse likes herrings", "plenary herrings swim", "ngongongo herring"] {
            assert_eq!(check(own, ILSE), Ok(()), "{own}");
        }
    }

    #[test]
    fn a_short_name_takes_nothing_out() {
        let owner = PasswordOwner { email: "a@b.example", name: "Al" };
        assert_eq!(check("always all almonds", owner), Ok(()));
    }
}
