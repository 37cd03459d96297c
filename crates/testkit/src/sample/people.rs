//! People and organisations, plainly invented, with addresses under example domains only.

use crate::sample::json::{Json, object};
use crate::sample::rng::Rng;

const FIRST: [&str; 40] = [
    "Ada", "Bela", "Cleo", "Dario", "Edda", "Finn", "Gita", "Hugo", "Ines", "Jonas", "Kira", "Levi", "Mina",
    "Nilo", "Olga", "Pavel", "Quinn", "Rosa", "Sami", "Tilda", "Udo", "Vera", "Wim", "Xenia", "Yuki", "Zeno",
    "Aiko", "Bruno", "Carla", "Dana", "Emil", "Freya", "Goro", "Hana", "Ivo", "Jana", "Koji", "Lara", "Milo",
    "Nora",
];
const LAST: [&str; 10] = [
    "Example",
    "Sample",
    "Specimen",
    "Placeholder",
    "Fictional",
    "Invented",
    "Madeup",
    "Nobody",
    "Pretend",
    "Mockup",
];
const ADJECTIVES: [&str; 24] = [
    "Amber", "Birch", "Copper", "Dawn", "Ember", "Fern", "Granite", "Harbor", "Indigo", "Juniper", "Kelp",
    "Lantern", "Maple", "Nimbus", "Opal", "Pebble", "Quartz", "Raven", "Saffron", "Thistle", "Umber",
    "Velvet", "Willow", "Zephyr",
];
const NOUNS: [&str; 18] = [
    "Bakery",
    "Logistics",
    "Optics",
    "Farms",
    "Textiles",
    "Press",
    "Clinics",
    "Energy",
    "Robotics",
    "Ferries",
    "Foods",
    "Insurance",
    "Glassworks",
    "Railways",
    "Studios",
    "Timber",
    "Toys",
    "Water",
];

/// How many organisations can be named.
pub(crate) const ORGANISATIONS: usize = ADJECTIVES.len() * NOUNS.len();

/// The name of organisation `n`, different for every `n` below [`ORGANISATIONS`].
pub(crate) fn organisation(n: usize) -> String {
    // Adjective and noun both change from one number to the next, so neighbours do not look alike.
    let (row, column) = (n / NOUNS.len(), n % NOUNS.len());
    let adjective = ADJECTIVES[(row + column * 5) % ADJECTIVES.len()];
    format!("{adjective} {}", NOUNS[column])
}

/// One person who can be written to.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    first: &'static str,
    last: &'static str,
    email: String,
    language: Option<&'static str>,
    phone: Option<String>,
}

impl Person {
    /// The person of this name for chance, with an address in `domain`.
    pub(crate) fn drawn(name: &str, domain: &str) -> Self {
        let mut rng = Rng::named(name);
        let (first, last) = (rng.text(&FIRST), rng.text(&LAST));
        let email = format!("{}.{}@{domain}", first.to_lowercase(), last.to_lowercase());
        let language = rng.chance(40).then(|| rng.text(&["en", "ja", "de", "fr", "pt-BR"]));
        let phone = rng.chance(25).then(|| format!("+1 555 01{:02}", rng.between(0, 99)));
        Self { first, last, email, language, phone }
    }

    fn json(&self) -> Json {
        object! { "first_name": self.first, "last_name": self.last, "email": &self.email }
            .with_some("phone", self.phone.as_ref())
            .with_some("language", self.language)
    }
}

/// The three parts of `contacts`.
pub(crate) fn contacts(customer: &Person, partner: &Person, organisation: &str, country: &str) -> Json {
    object! {
        "customer": customer.json(),
        "partner": partner.json(),
        "organisation": object! { "name": organisation, "country": country },
    }
}
