/** Limits that both ends of a link keep (docs/reference/protocol.md). Sizes are in bytes, times in milliseconds. */

/** The largest frame that a sender makes on purpose. */
export const MAX_SENT_BYTES = 256 * 1024;
/** The largest frame that a receiver takes. */
export const MAX_FRAME_BYTES = 320 * 1024;
/** The most data items (values, keys, lists, maps) in a frame. */
export const MAX_ITEMS = 140_000;
/** The deepest nesting of lists and maps in a frame. */
export const MAX_DEPTH = 16;
/** The most documents in a frame. */
export const MAX_DOCUMENTS = 1_000;
/** The most values of one document in a frame. */
export const MAX_VALUES = 4_096;

/** The most parts in which a birth tells what the child has. */
export const MAX_PARTS = 1_024;

/** The shortest time from one window of changes to the next. */
export const BATCH_MS = 100;
/**
 * The shortest wait for an ack before the window is sent again while no round trip was measured: up to twice that. Many that
 * start together are slow at first, and would be slower if they said everything again.
 */
export const FIRST_ACK_TIMEOUT_MS = 3_000;
/** How much longer than the round trip an ack is waited for, at least; that together is the shortest wait, up to twice as long. */
export const ACK_MARGIN_MS = 1_000;
/** What has come while this program was held up is taken in before an ack counts as missing. */
export const LATE_ACK_MS = 50;
/** The longest wait for an ack is up to twice that. */
export const ACK_TIMEOUT_CAP_MS = 15_000;
/** A window that is not acknowledged after being sent again this often, which takes a minute and a half or more, breaks the link. */
export const MAX_RETRANSMITS = 6;
/** The first wait for a welcome before the birth is sent again; doubles up to {@link BIRTH_CAP_MS}. */
export const BIRTH_MS = 2_000;
/** The longest wait for a welcome. */
export const BIRTH_CAP_MS = 30_000;
/** A child repeats its last ack after so many keep-alive intervals: both sides see that the other is there, whatever lies between. */
export const REMIND_KEEPALIVES = 3;
/** Either side takes the other for lost when it has heard nothing for so many keep-alive intervals. */
export const SILENT_KEEPALIVES = 9;
/** A child is born again no sooner than this after its last birth: parents may request that more than once. */
export const REBIRTH_MS = 1_000;
/** A parent requests a rebirth no more often than this. */
export const REQUEST_MS = 1_000;
/** How many times a parent repeats its rebirth request to a child that stays down: after {@link REQUEST_MS}, then twice as long each time. */
export const MAX_REPEATED_REQUESTS = 5;
/** A run stands down when this many of its births were answered by another run's welcome. */
export const MAX_REFUSALS = 3;
/** How many runs of a child that were replaced a parent remembers, to keep their late frames out. */
export const MAX_RETIRED_RUNS = 16;
