// SPDX-License-Identifier: MPL-2.0
//! Event messages in the stream, which stay as they are.

use common_encryption::{EventMessage, EventStart};
use isobmff_boxes::{BoxHeader, Emsg, EmsgStart, FourCc, Reader};

use crate::time::duration;

/// Reads an `emsg`. One that cannot be read is no message, as players see it.
pub(crate) fn read_event(emsg: &[u8]) -> Option<EventMessage<'_>> {
    let header = BoxHeader::read(emsg, FourCc::EMSG).ok()?;
    let body = emsg.get(header.len..)?;
    let emsg = Emsg::read(Reader::new(FourCc::EMSG, body)).ok()?;
    Some(EventMessage {
        scheme: emsg.scheme,
        message: emsg.message,
        start: match emsg.start {
            EmsgStart::AfterSegmentStart(ticks) => {
                EventStart::AfterSegmentStart(duration(ticks.into(), emsg.timescale))
            }
            EmsgStart::At(ticks) => EventStart::At(duration(ticks, emsg.timescale)),
        },
    })
}
