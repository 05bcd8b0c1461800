import type { UpFrame } from "../../src/sync/mod.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Upstream } from "./upstream_link.ts";

/**
 * Wraps the transport to the parent so that an aggregator acknowledges only what is on its disk: the parent would not send
 * the rest again to a run that has lost it. Frames about nodes are sent after a write as well, so that the next run knows
 * what others have from this one. If the disk takes no writes, they are sent all the same, because the aggregators above
 * must know the state of the nodes. That is safe: the number of this run is on the disk before anything is written under
 * it, so a later run writes above what this one has sent, and never another value of the same version.
 *
 * Frames leave in the phase `publish`, because what follows from a frame of the parent must be on the disk, too, before
 * that frame is acknowledged.
 *
 * @param upstream The transport.
 * @param changes Delivers the frames.
 * @param flush Writes what waits. Returns whether it is on disk.
 */
export function withDurableAcks(upstream: Upstream, changes: Changes, flush: () => boolean): Upstream {
  /** How much of what the parent has sent is on the disk: neither an ack nor a ping says more. */
  let safe = { parent: "", received: 0 };
  function send(frame: UpFrame): void {
    const acks = frame.type === "ack" || frame.type === "ping";
    const isNews = acks || (frame.type === "data" && frame.documents.length > 0);
    const isSaved = !isNews || flush();
    if (!acks) return upstream.send(frame);
    // While the disk is full the parent hears that this one is there, and how much of it is safe.
    if (isSaved) safe = { parent: frame.to, received: frame.received };
    upstream.send(isSaved ? frame : { ...frame, received: safe.parent === frame.to ? safe.received : 0 });
  }
  changes.on("publish", "frames up", ["FrameUp"], ({ frame }) => send(frame));
  return { ...upstream, send: (frame) => changes.post({ kind: "FrameUp", frame }) };
}
