import { assignmentIn, assignmentNumber, compareTerms, type FacetName, NO_TERM } from "../../src/state/mod.ts";
import { DEFAULT_KEEPALIVE, type LifeFrame, type UpFrame } from "../../src/sync/mod.ts";
import { STATUS } from "../dispatch/commits.ts";
import type { SubtreeScope } from "../tree/subtree_scope.ts";
import { createNodeLocator } from "../tree/node_locator.ts";
import type { AssignmentClaim } from "../evidence/assignments.ts";
import { type Born, createAdmission } from "./admission.ts";
import { type Child, type ChildParts, makeChild } from "./child.ts";
import { createLinkCounts } from "./counts.ts";
import { createKnownModules } from "./known_modules.ts";
import { createDepartureNotices } from "./departure_notices.ts";
import { createPings } from "./pings.ts";
import { createRedirects } from "./redirects.ts";
import { createRivals } from "./rivals.ts";
import type { Children, ChildrenParts } from "./types.ts";
import { createUndeclared } from "./undeclared.ts";
import { errorText, every } from "../../src/toolkit/mod.ts";

/** So many children show that they are there in a second; the intervals are as long as that takes. */
const SIGNS_PER_SECOND = 100;
/** How often it is looked at whether children have gone silent, in milliseconds. */
const LOOK_MS = 10_000;
/** The longest interval between signs of life, in seconds. */
const MAX_KEEPALIVE = 60;

/** What follows changes of nodes here. */
const LINKS = "links to children";

/** Keeps one link for each child. Frames of nodes that are not this aggregator's children are dropped. */
export function createChildren(parts: ChildrenParts): Children {
  const { nodes, replica, clock, changes, terms } = parts;
  const { placement } = nodes;
  const links = new Map<string, Child>();
  const counts = createLinkCounts();
  const known = createKnownModules(clock, [parts.agentModules, parts.modules]);
  /** Counted for all of them: a link that is made anew must not go back. */
  let epochs = 0;
  const departures = createDepartureNotices((id) => changes.post({ kind: "DepartureTold", id }));
  const admission = createAdmission({ clock, admit });
  const undeclared = createUndeclared(known);
  const locator = createNodeLocator({
    ...{ replica, clock },
    ask: (node) => changes.post({ kind: "PlaceAsked", node }),
  });
  const redirects = createRedirects({ clock, run: parts.run, send: parts.send });
  const pings = createPings({
    clock,
    send: (child) => linkOf(child)?.link.ping(),
    silent: (child) =>
      linkOf(child)?.link.lose("it gave no sign of life when its machine asked for an address to boot with"),
  });

  const rivals = createRivals({ clock, onRival: parts.onRival });

  const childParts: ChildParts = {
    ...parts,
    ...{ placement, terms, known, keepalive },
    nextEpoch: () => ++epochs,
    onTold: departures.told,
    whereIs: locator.of,
  };

  /** Brokers tell of children that are lost, but not where the broker is lost with them. */
  const cancelLook = every(clock, LOOK_MS, () => {
    if (parts.isDeaf()) return;
    for (const { link } of [...links.values()]) link.checkSilence();
  });

  function assignmentOfNode(child: string): number {
    return assignmentNumber(replica.get(child)?.facets.cfg);
  }

  /** Takes births in, with the terms of all of them on disk before the first: to write one by one takes far longer. */
  function admit(births: readonly Born[]): void {
    terms.prepare(births.filter(([child, frame]) => {
      const session = linkOf(child)?.link.session;
      return session?.run !== frame.from || compareTerms(frame.term, session.term) > 0;
    }));
    for (const [child, frame] of births) {
      try {
        hear(child, frame);
      } catch (error) {
        // It is born again, as it hears nothing; the others are to be heard now.
        parts.log.error("Cannot take a child in", { node: child, problem: errorText(error) });
      }
    }
    terms.prepared();
    for (const born of undeclared.declared()) admission.born(...born);
  }

  function hear(child: string, frame: UpFrame): void {
    parts.commits.broughtBy(child, () => linkOf(child)?.link.receive(frame));
  }

  /** Whether some of these values are of a writer that has a successor. */
  function isLeftOver(id: string, facet: FacetName, urls: readonly string[]): boolean {
    const document = replica.get(id);
    const least = placement.via(id) === id ? terms.of(id) : { assignment: assignmentOfNode(id), run: 0 };
    return urls.some((url) => compareTerms(document?.facets[facet].get(url)?.version ?? least, least) < 0);
  }

  function keepalive(): number {
    return Math.min(MAX_KEEPALIVE, Math.max(DEFAULT_KEEPALIVE, Math.ceil(links.size / SIGNS_PER_SECOND)));
  }

  function linkOf(child: string): Child | undefined {
    const there = links.get(child);
    if (there !== undefined || placement.via(child) !== child) return there;
    const made = makeChild(childParts, child);
    links.set(child, made);
    return made;
  }
  function subtreeOf(child: string): SubtreeScope | undefined {
    const scope = linkOf(child)?.scope;
    return scope !== undefined && "departing" in scope ? scope : undefined;
  }
  function drop(child: string): void {
    const link = links.get(child)?.link;
    links.delete(child);
    if (link !== undefined) counts.gone(link);
  }
  /** A node says that it is at another aggregator. One whose child it is not knows that. */
  function left(child: string, claim: AssignmentClaim): void {
    const { number } = claim;
    if (placement.via(child) !== child || number <= assignmentOfNode(child) || parts.onClaim(child, claim)) {
      parts.send(child, { type: "noted", from: parts.run, number });
    }
  }

  function receive(child: string, frame: UpFrame): void {
    if (frame.type === "left") return left(child, frame);
    const link = linkOf(child)?.link;
    if (link === undefined) {
      if (frame.type === "birth" && compareTerms(frame.term, NO_TERM) > 0 && replica.get(child) === undefined) {
        parts.onUnknown(child);
      }
      return parts.onStray(child, locator.of(child));
    }
    if (frame.from === link.session?.run) pings.heard(child); // what is left of a run that is gone may come late
    if (frame.type !== "birth") return hear(child, frame);
    const number = frame.term.assignment;
    if (number > assignmentOfNode(child)) parts.onClaim(child, { ...frame, number }); // it has been there
    parts.onHeard(child);
    link.awaits();
    rivals.born(child, frame.from);
    if (undeclared.born(child, frame)) hear(child, frame); // which asks it, unless another one was asked just now
    else admission.born(child, frame);
  }
  function life(child: string, frame: LifeFrame): void {
    const link = linkOf(child)?.link;
    if (link !== undefined && frame.type === "dead" && frame.why === "stopped") rivals.stopped(child, frame.from);
    if (link !== undefined) link.life(frame);
    else if (frame.type === "alive") parts.onStray(child, locator.of(child));
    else parts.onGone(child);
  }

  /** A facet of a document has changed. @param from The child that brought that. */
  function changed(id: string, facet: FacetName, urls: readonly string[], from?: string): void {
    const via = placement.via(id);
    if (via === undefined) return;
    // What a child has just brought is nothing to tell it, but for what it has to take over.
    const isItsOwn = facet === "self" || (facet === "parent" && id !== via);
    if (via === from && isItsOwn && !isLeftOver(id, facet, urls)) return;
    const there = links.get(via);
    there?.link.changed();
    if (facet === "cfg" && there !== undefined && "isDue" in there.scope && there.scope.isDue(id)) {
      there.link.askAgain();
    }
  }
  function arrived(child: string, id: string): void {
    const scope = subtreeOf(child);
    if (scope === undefined) return;
    scope.arrived(id);
    parts.transfers.set(child, true);
  }
  /** A node is not below a child any more, which has to be told. */
  function departed(child: string, id: string): void {
    const scope = subtreeOf(child);
    if (scope === undefined) return;
    scope.left(id);
    departures.left(child, id);
    links.get(child)?.link.changed();
  }
  /** A node is no child any more: whatever else arrives of it is dropped. */
  function remove(child: string, isCalled: boolean): void {
    const there = links.get(child);
    admission.remove(child);
    undeclared.remove(child);
    rivals.remove(child);
    pings.end(child);
    if (isCalled) there?.link.requestRebirth();
    there?.link.stop();
    drop(child);
    if (there !== undefined && "departing" in there.scope) {
      parts.transfers.set(child, false);
      departures.told(child, there.scope.departing());
    }
  }
  /** The machine was powered off: whatever still arrives of its agent is late, and its next agent is a new one. */
  function poweredOff(child: string): void {
    pings.end(child);
    undeclared.remove(child);
    const link = links.get(child)?.link;
    if (link === undefined || link.state === "down") return;
    link.stop();
    drop(child);
    parts.onState(child, "down", false, "its machine was powered off");
  }
  function callAll(): void {
    for (const child of placement.direct()) linkOf(child)?.link.requestRebirth();
  }
  /** Sends every child to its standby: this aggregator may have been replaced. */
  function handOver(): void {
    for (const child of placement.direct()) {
      const assignment = assignmentIn(replica.get(child)?.facets.cfg);
      if (assignment?.standby === undefined) continue;
      const { number, standby } = assignment;
      parts.send(child, { type: "moved", from: parts.run, number, ...standby });
    }
  }

  changes.on("links", LINKS, ["Moved"], ({ id, before, after }) => {
    if (before !== undefined && before !== id) departed(before, id);
    if (after === undefined || after === id) return;
    arrived(after, id);
    changed(id, "cfg", []);
  });
  changes.on("links", LINKS, ["NodeRemoved"], ({ id, via }) => {
    // Nobody has said where it is now: the child has to forget it too.
    if (via !== undefined && via !== id) links.get(via)?.link.refresh();
  });
  changes.on("links", LINKS, ["CfgChanged"], ({ id, urls }) => changed(id, "cfg", urls));
  changes.on("links", LINKS, ["Discovered"], ({ id, facet, urls, from }) => changed(id, facet, urls, from));
  changes.on("links", LINKS, ["StatusPublished"], ({ id, from }) => changed(id, "parent", [STATUS], from));
  changes.on("links", LINKS, ["LinkCut"], ({ child }) => poweredOff(child));
  changes.on("links", LINKS, ["LinkDropped"], ({ child, isCalled }) => {
    if (placement.via(child) !== child) remove(child, isCalled);
  });
  changes.on("links", LINKS, ["RedirectOver"], ({ child }) => redirects.stop(child));
  changes.on("links", LINKS, ["HandOverDue"], handOver);
  changes.on("links", LINKS, ["BecameComplete", "CaughtUpWithStore"], callAll);
  // Once what the parent has said is acknowledged, and so on the disk: a crash must not make this one forget it.
  changes.on("publish", LINKS, ["RedirectDue"], ({ child, assignment, isRepeated }) => {
    if (placement.via(child) === child) return;
    if (isRepeated) redirects.repeat(child, assignment);
    else redirects.tell(child, assignment);
  });

  return {
    receive: (child, frame) => changes.turn(() => receive(child, frame)),
    life: (child, frame) => changes.turn(() => life(child, frame)),
    told: locator.learn,
    callAll,
    ping(child, onAnswer) {
      const state = links.get(child)?.link.state ?? "down";
      if (state !== "down") changes.turn(() => pings.begin(child, onAnswer));
    },
    arrived,
    isDeparting: (id) => departures.has(id),
    session: (child) => links.get(child)?.link.session,
    get counts() {
      return {
        ...counts.sum([...links.values()].map(({ link }) => link)),
        births: admission.waiting + undeclared.waiting,
      };
    },
    stop() {
      cancelLook();
      admission.stop();
      undeclared.clear();
      pings.stop();
      redirects.stopAll();
      for (const { link } of links.values()) link.stop();
      links.clear();
    },
  };
}
