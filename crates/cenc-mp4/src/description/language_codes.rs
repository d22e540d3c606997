// SPDX-License-Identifier: MPL-2.0
//! ISO 639-2 codes, of terminology and of bibliography, whose languages have a code of ISO 639-1.

/// Pairs of a code of three letters and one of two, in the order of the former.
const CODES: [&str; 204] = [
    "aaraa", "abkab", "afraf", "akaak", "albsq", "amham", "araar", "argan", "armhy", "asmas",
    "avaav", "aveae", "aymay", "azeaz", "bakba", "bambm", "baqeu", "belbe", "benbn", "bihbh",
    "bisbi", "bodbo", "bosbs", "brebr", "bulbg", "burmy", "catca", "cescs", "chach", "chece",
    "chizh", "chucu", "chvcv", "corkw", "cosco", "crecr", "cymcy", "czecs", "danda", "deude",
    "divdv", "dutnl", "dzodz", "ellel", "engen", "epoeo", "estet", "euseu", "eweee", "faofo",
    "fasfa", "fijfj", "finfi", "frafr", "frefr", "fryfy", "fulff", "geoka", "gerde", "glagd",
    "glega", "glggl", "glvgv", "greel", "grngn", "gujgu", "hatht", "hauha", "hebhe", "herhz",
    "hinhi", "hmoho", "hrvhr", "hunhu", "hyehy", "iboig", "iceis", "idoio", "iiiii", "ikuiu",
    "ileie", "inaia", "indid", "ipkik", "islis", "itait", "javjv", "jpnja", "kalkl", "kankn",
    "kasks", "katka", "kaukr", "kazkk", "khmkm", "kikki", "kinrw", "kirky", "komkv", "konkg",
    "korko", "kuakj", "kurku", "laolo", "latla", "lavlv", "limli", "linln", "litlt", "ltzlb",
    "lublu", "luglg", "macmk", "mahmh", "malml", "maomi", "marmr", "mayms", "mkdmk", "mlgmg",
    "mltmt", "monmn", "mrimi", "msams", "myamy", "nauna", "navnv", "nblnr", "ndend", "ndong",
    "nepne", "nldnl", "nnonn", "nobnb", "norno", "nyany", "ocioc", "ojioj", "orior", "ormom",
    "ossos", "panpa", "perfa", "plipi", "polpl", "porpt", "pusps", "quequ", "rohrm", "ronro",
    "rumro", "runrn", "rusru", "sagsg", "sansa", "sinsi", "slksk", "slosk", "slvsl", "smese",
    "smosm", "snasn", "sndsd", "somso", "sotst", "spaes", "sqisq", "srdsc", "srpsr", "sswss",
    "sunsu", "swasw", "swesv", "tahty", "tamta", "tattt", "telte", "tgktg", "tgltl", "thath",
    "tibbo", "tirti", "tonto", "tsntn", "tsots", "tuktk", "turtr", "twitw", "uigug", "ukruk",
    "urdur", "uzbuz", "venve", "vievi", "volvo", "welcy", "wlnwa", "wolwo", "xhoxh", "yidyi",
    "yoryo", "zhaza", "zhozh", "zulzu",
];

/// Returns the code of two letters for one of three.
pub(super) fn two_letters(three: &str) -> Option<&'static str> {
    let at = CODES
        .binary_search_by(|pair| pair.get(..3).cmp(&Some(three)))
        .ok()?;
    CODES.get(at)?.get(3..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_complete() {
        assert!(CODES.is_sorted());
        assert!(CODES.iter().all(|pair| pair.len() == 5 && pair.is_ascii()));
        assert_eq!(
            [two_letters("aar"), two_letters("zul")],
            [Some("aa"), Some("zu")]
        );
        assert_eq!(
            [two_letters("und"), two_letters("en"), two_letters("")],
            [None; 3]
        );
    }
}
