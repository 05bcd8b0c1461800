import { type Facet, type Value, versionText } from "../../src/state/mod.ts";
import type { Replica } from "../../src/sync/mod.ts";
import type { CfgWriter } from "../cfg/writer.ts";
import type { Changes } from "../dispatch/changes.ts";
import type { Events } from "../store/events.ts";
import type { Nodes, ReadNode } from "../nodes/nodes.ts";

/** Variables of an aggregator whose changes may not have been handled while the store took no writes. */
const UNDONE = ["/broker", "/standby", "/runState"];

/**
 * Handles lost and readdressed aggregators, at the root. The children of a lost aggregator go to its standby. An
 * aggregator is lost if its parent has not heard it for the grace period; its standby must be heard. The lost one must
 * have confirmed that it knows its standby: otherwise it may be healthy behind a partition and continue to serve its
 * nodes. The new assignment outranks the old one, so everything that the lost one still writes is late. Only people
 * name a standby, and give the children back: what an aggregator says of itself is an offer, which an event shows.
 *
 * @param parts What it depends on. `offered` tells people of an offer, at a bounded rate.
 */
export function followStandbys(
  parts: {
    readonly replica: Replica;
    readonly nodes: Nodes;
    readonly changes: Changes;
    readonly cfg: Pick<CfgWriter, "handOver" | "readdress">;
    readonly events: Pick<Events, "add">;
    readonly offered: (standby: string, why: string) => void;
  },
): void {
  const { replica, nodes, changes, cfg, events } = parts;
  const { placement } = nodes;
  /** Lost aggregators that never knew their standbys, for which that has been logged. */
  const told = new Set<string>();

  /**
   * Tells people of an aggregator that would stand by for another one. It names itself: were that enough, it could get the
   * nodes of any other one, and have that one leave them alone whenever its parent is away.
   */
  function tellOffer(standby: ReadNode): void {
    const primary = standby.view.get("/standbyFor");
    const id = typeof primary === "string" ? placement.aggregator(primary) : undefined;
    const node = id === undefined ? undefined : nodes.read(id);
    if (node === undefined || node.id === standby.id || node.cfg.has("/standby")) return;
    const how = `krakenctl set ${node.name} /standby=${standby.name}`;
    parts.offered(standby.id, `it offers to stand by for '${node.name}' (--standby-for); to accept that: ${how}`);
  }

  function takeOver(lost: ReadNode): void {
    const name = lost.cfg.get("/standby");
    const id = typeof name === "string" ? placement.aggregator(name) : undefined;
    const standby = id === undefined ? undefined : nodes.read(id);
    if (
      standby === undefined || !isLost(lost) || !isHeard(standby) || [...placement.above(standby.id)].includes(lost.id)
    ) return;
    const children = [...placement.servedBy(lost.name)];
    if (children.length === 0) return;
    const problem = whyNotTakenOver(replica, lost);
    if (problem !== undefined) {
      if (!told.has(lost.id)) events.add({ node: lost.name, kind: "refused", why: problem });
      told.add(lost.id);
      return;
    }
    const result = cfg.handOver(children, standby.name);
    const count = `${children.length} ${children.length === 1 ? "node" : "nodes"}`;
    events.add({
      node: lost.name,
      kind: result.ok ? "failover" : "refused",
      why: result.ok
        ? `it is lost: its standby '${standby.name}' takes its ${count} over`
        : `its standby '${standby.name}' cannot take its ${count} over: ${result.problems.join("; ")}`,
    });
  }

  function changed(id: string, urls: readonly string[]): void {
    if (!placement.isAggregator(id)) return;
    const node = nodes.read(id);
    if (node === undefined) return;
    if (!isLost(node)) told.delete(id);
    if (urls.includes("/broker") || urls.includes("/standby")) cfg.readdress(node.name);
    if (urls.includes("/broker")) {
      for (const other of placement.aggregators()) {
        const served = nodes.read(other);
        if (served?.cfg.get("/standby") === node.name) cfg.readdress(served.name);
      }
    }
    if (urls.includes("/standbyFor") || urls.includes("/role")) tellOffer(node);
    if (urls.includes("/runState") || urls.includes("/link") || urls.includes("/standby")) {
      takeOver(node);
      for (const other of placement.aggregators()) {
        const lost = nodes.read(other);
        if (lost?.cfg.get("/standby") === node.name) takeOver(lost);
      }
    }
  }

  changes.on("ownership", "standbys", ["CfgChanged", "Discovered"], ({ id, urls }) => changed(id, urls));
  changes.on("ownership", "standbys", ["StoreTurned"], ({ problem }) => {
    if (problem !== undefined) return;
    for (const id of [...placement.aggregators()]) changed(id, UNDONE);
  });
}

/** Writes to an aggregator's own `self` facet which standby it knows. */
export interface StandbyNotice {
  tell(): void;
}

/**
 * Creates a {@link StandbyNotice}. Only an aggregator that knows its standby stops acting while the standby may have
 * taken over its nodes.
 *
 * @param parts `tell` writes to the `self` facet.
 */
export function createStandbyNotice(
  parts: {
    readonly replica: Replica;
    readonly ownId: string;
    readonly changes: Changes;
    tell(values: ReadonlyMap<string, Value | null>): void;
  },
): StandbyNotice {
  const { replica, ownId } = parts;
  function tell(): void {
    parts.tell(new Map([["/standbySeen", standbySeen(replica.get(ownId)?.facets.cfg) ?? null]]));
  }
  parts.changes.on("ownership", "standby notice", ["CfgChanged"], ({ id, urls }) => {
    if (id === ownId && urls.includes("/standby")) tell();
  });
  return { tell };
}

/**
 * Returns what an aggregator reports about `/standby` in its `cfg`, so that the root knows which value it uses. It
 * includes the version, because a standby that was removed and set again may be known only in part.
 */
export function standbySeen(cfg: Facet | undefined): string | undefined {
  const entry = cfg?.get("/standby");
  return typeof entry?.value === "string" ? `${entry.value} ${versionText(entry.version)}` : undefined;
}

/**
 * Returns why the nodes of the aggregator `lost` are not given to its standby, or undefined if they are.
 *
 * @param replica The documents.
 */
export function whyNotTakenOver(replica: Replica, lost: ReadNode): string | undefined {
  const standby = lost.cfg.get("/standby");
  const seen = standbySeen(replica.get(lost.id)?.facets.cfg);
  if (seen === undefined || lost.view.get("/standbySeen") === seen) return undefined;
  return `it never heard that '${standby}' stands by for it, and may still serve its nodes: they stay with it until it is ` +
    `back. Where it is known to be off, set their /parent and delete it`;
}

function isLost(node: ReadNode): boolean {
  return node.view.get("/runState") === "ERROR" && node.view.has("/staleSince");
}

function isHeard(node: ReadNode): boolean {
  return node.view.get("/link") === "UP";
}
