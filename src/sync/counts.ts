/** What a link has counted since it was made. */
export interface LinkCounts {
  /** Frames that were sent. */
  readonly sent: number;
  /** Frames that arrived and belonged to the link. */
  readonly received: number;
  /** Windows that were sent again. */
  readonly retransmits: number;
  /** Whether a window of changes is on its way and not acknowledged. */
  readonly waiting: boolean;
  /** Frames that were dropped: from another run, or late. */
  readonly droppedFrames: number;
  /** Values that were dropped: not the sender's to write. */
  readonly droppedValues: number;
}
