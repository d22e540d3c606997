// SPDX-License-Identifier: MPL-2.0
//! Four-character codes.

use std::fmt;

/// A box type, sample entry format, brand or scheme type.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FourCc(pub [u8; 4]);

macro_rules! codes {
    ($($name:ident $code:literal)*) => {
        /// Box types this crate reads or writes by name.
        impl FourCc { $(#[doc = stringify!($name)] pub const $name: Self = Self(*$code);)* }
    };
}

codes! {
    ENCA b"enca" ENCT b"enct" ENCV b"encv" ENCS b"encs" ENCM b"encm" FRMA b"frma" HDLR b"hdlr" MDAT b"mdat" MDHD b"mdhd" MDIA b"mdia"
    MFRA b"mfra" MFRO b"mfro" MINF b"minf" MOOF b"moof" MOOV b"moov" MVEX b"mvex" PSSH b"pssh" SAIO b"saio" SAIZ b"saiz"
    SBGP b"sbgp" SCHI b"schi" SCHM b"schm" SENC b"senc" SGPD b"sgpd" SIDX b"sidx" SINF b"sinf" SSIX b"ssix" STBL b"stbl" STSD b"stsd"
    STSZ b"stsz" STZ2 b"stz2" TENC b"tenc" TFDT b"tfdt" TFHD b"tfhd" TFRA b"tfra" TKHD b"tkhd" TRAF b"traf" TRAK b"trak" TREX b"trex"
    TRUN b"trun" UUID b"uuid" ILOC b"iloc" META b"meta" FTYP b"ftyp" STYP b"styp" STSC b"stsc" STCO b"stco" CO64 b"co64"
    DINF b"dinf" DREF b"dref" UDTA b"udta"
    STTS b"stts" CTTS b"ctts" STSS b"stss" STPS b"stps" STSH b"stsh" STDP b"stdp" PADB b"padb" SDTP b"sdtp" SUBS b"subs" CSGP b"csgp"
    TREF b"tref" EDTS b"edts" ELST b"elst" MVHD b"mvhd" MEHD b"mehd" MFHD b"mfhd" EMSG b"emsg"
}

impl fmt::Display for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{self}'")
    }
}
