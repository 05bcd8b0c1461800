import {
  compareTerms,
  compareVersions,
  type Facet,
  FACET_NAMES,
  type FacetName,
  NO_TERM,
  NO_VERSION,
  type Term,
  termText,
  type Version,
  versionText,
} from "../../src/state/mod.ts";
import type { Frame, Replica } from "../../src/sync/mod.ts";
import { NODE } from "./node.ts";

/** The way of a frame: from child to parent, or from parent to child. */
export type Way = "up" | "down";

/** What one end had at a moment, by facet and URL. */
type Had = ReadonlyMap<string, Version>;

/** Watches over a parent and its child: what may never happen on the way, whatever is right in the end. */
export interface Promises {
  /** What did happen and may not, in words. */
  readonly broken: readonly string[];
  sent(way: Way, frame: Frame): void;
  /** A frame is about to be taken in. */
  delivered(way: Way, frame: Frame): void;
  /** A welcome with a false count is about to be taken in: nobody may go by the count. */
  lied(welcome: Extract<Frame, { type: "welcome" }>): void;
  /** From now on no value of a replica may go back to an older version. */
  follow(name: string, replica: Replica): void;
  /** A run of the child goes by the welcome that was delivered last. */
  welcomed(run: string, replica: Replica): void;
  /** A run of the child says that both sides have everything. */
  childIsLevel(run: string, replica: Replica): void;
  /** The parent says that of a run of the child. */
  parentIsLevel(from: string, run: string, term: Term): void;
  /** A run of the child has stood down. */
  deposed(run: string): void;
}

/** See {@link Promises}. @param disk The parent's replica, which outlives its runs. */
export function createPromises(disk: Replica): Promises {
  const broken: string[] = [];
  /** Up to where data of a sender have arrived without a gap: by run of the child, or by both runs for what goes down. */
  const arrived = new Map<string, number>();
  /** What a sender has been told, at most, that the other side has. */
  const told = new Map<string, number>();
  const epochs = new Map<string, number>();
  const terms = new Map<string, Term>();
  /** By the text of a term, the run that was given it. */
  const holders = new Map<string, string>();
  const values = new Map<string, string>();
  const gone = new Set<string>();
  const replicas = new Map<string, Replica>();
  /** What the parent had at its welcomes, by both runs, epoch and index. */
  const offered = new Map<string, Had>();
  let lastWelcome: Extract<Frame, { type: "welcome" }> | undefined;
  /** What each run of the child has to have, and the parent of it. */
  const due = new Map<string, { readonly ofParent: Had; readonly ofChild: Had }>();
  /** The welcome that each run of the child went by last. */
  const heeded = new Map<string, Extract<Frame, { type: "welcome" }>>();
  const firstOfChild = new Map<string, Had>();

  function say(what: string): void {
    if (broken.length < 20) broken.push(what);
  }
  function raise(all: Map<string, number>, key: string, to: number): void {
    all.set(key, Math.max(all.get(key) ?? 0, to));
  }
  function atMost(value: number, all: ReadonlyMap<string, number>, key: string, what: string): void {
    const most = all.get(key) ?? 0;
    if (value > most) say(`${what} ${value}: at most ${most} was so (${key})`);
  }
  /** Names the data of one sender to one receiver: a child's count goes on from one run of its parent to the next. */
  function keyOf(way: Way, from: string, to: string): string {
    return way === "up" ? from : `${from} ${to}`;
  }
  function back(way: Way): Way {
    return way === "up" ? "down" : "up";
  }

  function lacks(replica: Replica, had: Had): string[] {
    const document = replica.get(NODE);
    return [...had].filter(([key, version]) => {
      const [facet, url] = split(key);
      const there = document?.facets[facet].get(url)?.version ?? NO_VERSION;
      return compareVersions(there, version) < 0;
    }).map(([key, version]) => `${key} ${versionText(version)}`);
  }

  function checkSent(way: Way, frame: Frame): void {
    if (way === "up" && gone.has(frame.from)) say(`${frame.from} has stood down and sends '${frame.type}'`);
    switch (frame.type) {
      case "data": {
        const key = keyOf(way, frame.from, frame.to);
        if (frame.documents.length > 0) atMost(frame.since, told, key, "data go on after");
        for (const { facets } of frame.documents) checkVersions(facets);
        break;
      }
      case "ack":
      case "ping":
        atMost(frame.received, arrived, keyOf(back(way), frame.to, frame.from), "an ack of");
        if (way === "up") checkHas(frame.type, frame.from, [frame.to, frame.from, frame.epoch], frame.received);
        break;
      case "resync":
        atMost(frame.received, arrived, keyOf(back(way), frame.to, frame.from), "a resync to");
        break;
      case "birth":
        atMost(frame.received, arrived, keyOf("down", frame.parent, frame.from), "a birth with");
        checkHas(frame.type, frame.from, [frame.parent, frame.from, frame.epoch], frame.received);
        break;
      case "welcome":
        atMost(frame.received, arrived, frame.to, "a welcome with");
        checkWelcome(frame);
        break;
    }
  }
  function checkWelcome({ from, to, term, newest, epoch }: Extract<Frame, { type: "welcome" }>): void {
    if (epoch < (epochs.get(from) ?? 0)) say(`${from} welcomes under epoch ${epoch} after a later one`);
    epochs.set(from, epoch);
    const given = terms.get(to) ?? NO_TERM;
    if (compareTerms(term, given) < 0) say(`${to} is given term ${termText(term)} after ${termText(given)}`);
    terms.set(to, term);
    const other = holders.get(termText(term));
    if (other !== undefined && other !== to) say(`term ${termText(term)} is given to ${to} and was ${other}'s`);
    holders.set(termText(term), to);
    const key = [from, to, epoch, newest].join(" ");
    if (offered.has(key)) return;
    const later = new Set(disk.since(NODE, newest).map(({ facet, url }) => `${facet} ${url}`));
    offered.set(key, new Map([...had(disk, ["cfg", "parent"])].filter(([each]) => !later.has(each))));
  }
  /** What a child says that it has, it has at that moment. Later it may begin anew, say by a late welcome of another run of the parent. */
  function checkHas(type: string, child: string, epoch: readonly unknown[], received: number): void {
    const replica = replicas.get(child);
    if (replica === undefined) return say(`${child} sends '${type}', and never was`);
    for (const [key, offer] of offered) {
      if (!key.startsWith(`${epoch.join(" ")} `) || Number(key.split(" ").at(-1)) > received) continue;
      for (const what of lacks(replica, stillThere(offer))) {
        say(`${child} sends '${type}' of ${received} without ${what}`);
      }
    }
  }
  /** What the parent had at a welcome and has not dropped since. */
  function stillThere(offer: Had): Had {
    return new Map([...offer].filter(([key]) => isThere(disk, key)));
  }
  function checkVersions(facets: { readonly [name in FacetName]?: Facet }): void {
    for (const name of FACET_NAMES) {
      for (const [url, { value, version }] of facets[name] ?? []) {
        if (compareTerms(version, NO_TERM) === 0) continue; // what was discovered before the first welcome has no term of its own
        const [key, text] = [`${name} ${url} ${versionText(version)}`, JSON.stringify(value)];
        const before = values.get(key) ?? text;
        values.set(key, text);
        if (before !== text) say(`${key} is ${before} and ${text}`);
      }
    }
  }

  return {
    broken,
    sent: checkSent,
    delivered(way, frame) {
      switch (frame.type) {
        case "data": {
          const key = keyOf(way, frame.from, frame.to);
          if (frame.since <= (arrived.get(key) ?? 0)) raise(arrived, key, frame.upTo);
          break;
        }
        case "ack":
        case "ping":
        case "resync":
          raise(told, keyOf(back(way), frame.to, frame.from), frame.received);
          if (frame.type !== "resync") raise(told, [frame.to, frame.from, frame.epoch].join(" "), frame.received);
          break;
        case "birth":
          raise(told, keyOf("down", frame.parent, frame.from), frame.received);
          raise(told, [frame.parent, frame.from, frame.epoch].join(" "), frame.received);
          break;
        case "welcome":
          raise(told, frame.to, frame.received);
          lastWelcome = frame;
          break;
      }
    },
    lied(welcome) {
      lastWelcome = welcome;
    },
    follow(name, replica) {
      replicas.set(name, replica);
      const newest = new Map<string, Version>();
      replica.onChange((id, facet, urls) => {
        for (const url of urls) {
          const version = replica.get(id)?.facets[facet].get(url)?.version;
          if (version === undefined) continue; // forgotten
          const key = `${facet} ${url}`;
          const before = newest.get(key);
          if (before !== undefined && compareVersions(version, before) < 0) {
            say(`${key} goes back from ${versionText(before)} to ${versionText(version)} at ${name}`);
          }
          newest.set(key, version);
        }
      });
    },
    welcomed(run, replica) {
      if (lastWelcome === undefined) return;
      const { from, to, term, epoch, newest } = lastWelcome;
      const before = heeded.get(run);
      if (before !== undefined && compareTerms(term, before.term) < 0) {
        say(`${run} goes by term ${termText(term)} after ${termText(before.term)}`);
      }
      if (before?.from === from && epoch < before.epoch) {
        say(`${run} goes by epoch ${epoch} after ${before.epoch}`);
      }
      heeded.set(run, lastWelcome);
      const ofChild = had(replica, ["self"]);
      due.set(run, { ofParent: offered.get([from, to, epoch, newest].join(" ")) ?? new Map(), ofChild });
      if (!firstOfChild.has(`${from} ${run}`)) firstOfChild.set(`${from} ${run}`, ofChild);
    },
    childIsLevel(run, replica) {
      const all = due.get(run);
      if (all === undefined) return say(`${run} is level without a welcome`);
      for (const what of lacks(replica, stillThere(all.ofParent))) say(`${run} is level without its parent's ${what}`);
      for (const what of lacks(disk, all.ofChild)) say(`${run} is level, and its parent has not its ${what}`);
    },
    parentIsLevel(from, run, term) {
      // What the child had when it said so has been looked at then.
      const last = [...offered.keys()].findLast((key) => key.startsWith(`${from} ${run} `))?.split(" ") ?? [];
      const [newest, has] = [Number(last.pop()), told.get(last.join(" ")) ?? 0];
      if (!(has >= newest)) say(`${run} is level at its parent and has acknowledged ${has} of ${newest}`);
      const first = firstOfChild.get(`${from} ${run}`) ?? new Map();
      for (const what of lacks(disk, first)) say(`${run} is level at its parent, which has not its ${what}`);
      for (const [url, { value, version }] of disk.get(NODE)?.facets.self ?? []) {
        if (value !== null && compareTerms(version, term) < 0) {
          say(`${run} is level at its parent with ${url} of term ${termText(version)}`);
        }
      }
    },
    deposed: (run) => void gone.add(run),
  };
}

function had(replica: Replica, facets: readonly FacetName[]): Had {
  const document = replica.get(NODE);
  return new Map(
    facets.flatMap((name) =>
      [...document?.facets[name] ?? []].map(([url, { version }]): [string, Version] => [`${name} ${url}`, version])
    ),
  );
}

function isThere(replica: Replica, key: string): boolean {
  const [facet, url] = split(key);
  return replica.get(NODE)?.facets[facet].has(url) === true;
}

function split(key: string): [FacetName, string] {
  const [name, url = ""] = key.split(" ");
  return [FACET_NAMES.find((each) => each === name) ?? "cfg", url];
}
