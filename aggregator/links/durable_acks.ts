import type { UpFrame } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Upstream } from "./upstream_link.ts";

/**
 * A way up on which nothing is acknowledged that is not on the disk: it would not be sent again to a run that has lost it. What is
 * sent of nodes is written first as well, so that the next run knows what others have from this one; but it is sent although the
 * disk takes no writes, as those above have to know how nodes are. That is safe: this run's number is on the disk before
 * anything is written under it, so a later run writes above what this one has sent, and never another value of the same version.
 *
 * Frames leave in the phase `publish`, as what a frame of the parent leads to has to be on the disk, too, before that frame is
 * acknowledged.
 *
 * @param flush Writes what waits. Returns whether it is on disk.
 */
export function withDurableAcks(way: Upstream, changes: Changes, flush: () => boolean): Upstream {
  /** How much of what the parent has sent is on the disk: neither an ack nor a ping says more. */
  let safe = { parent: "", received: 0 };
  function send(frame: UpFrame): void {
    const acks = frame.type === "ack" || frame.type === "ping";
    const isNews = acks || (frame.type === "data" && frame.documents.length > 0);
    const isSaved = !isNews || flush();
    if (!acks) return way.send(frame);
    // While the disk is full the parent hears that this one is there, and how much of it is safe.
    if (isSaved) safe = { parent: frame.to, received: frame.received };
    way.send(isSaved ? frame : { ...frame, received: safe.parent === frame.to ? safe.received : 0 });
  }
  changes.on("publish", "frames up", ["FrameUp"], ({ frame }) => send(frame));
  return { ...way, send: (frame) => changes.post({ kind: "FrameUp", frame }) };
}
