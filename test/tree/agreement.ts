import {
  assignmentNumber,
  type Facet,
  FACET_NAMES,
  newestVersion,
  type NodeDocument,
  versionText,
} from "../../src/state/mod.ts";
import type { Member, TreeWorld } from "./tree_world.ts";

/** Where nodes stand, as the root's cfg says. */
interface Layout {
  readonly documents: ReadonlyMap<string, NodeDocument>;
  /** The ids of the nodes that are not deleted, by parent. */
  readonly children: ReadonlyMap<string, readonly string[]>;
}

/**
 * What the tiers do not agree on, in words: empty when all of them hold what they must hold, and nothing else. Reads the
 * stores, so that what is compared has got to the disks.
 */
export function disagreements(world: TreeWorld): string[] {
  const layout = layoutOf(world);
  const problems: string[] = [];
  for (const member of world.members) {
    if (isDeleted(layout, member)) continue; // its machine is left as it is, off where that was in the middle of a repair
    if (member.process === undefined) problems.push(`${member.name} does not run`);
    else if (member.isAggregator === true) checkAggregator(world, layout, member, problems);
    else checkAgent(world, layout, member, problems);
    if (problems.length > 20) return problems;
  }
  checkVersions(world, problems);
  return problems;
}

/** No two disks have two values of one version: nothing would ever tell them apart, unset ones included. */
function checkVersions(world: TreeWorld, problems: string[]): void {
  const known = new Map<string, { readonly text: string; readonly holder: string }>();
  for (const { name, isAggregator } of world.members) {
    if (isAggregator !== true) continue;
    for (const { id, facets } of world.store(name).load().documents) {
      for (const facet of FACET_NAMES) {
        for (const [url, { value, version }] of facets[facet]) {
          const key = `${nameOf(world, id)} ${facet} ${url} ${versionText(version)}`;
          const [text, before] = [JSON.stringify(value), known.get(key)];
          if (before === undefined) known.set(key, { text, holder: name });
          else if (before.text !== text) {
            problems.push(`${key} is ${before.text} at ${before.holder}, ${text} at ${name}`);
          }
        }
      }
    }
  }
}

function layoutOf(world: TreeWorld): Layout {
  const root = world.members.find(({ parent }) => parent === undefined);
  const stored = world.store(root?.name ?? "").load().documents;
  const documents = new Map([...stored].map((document) => [document.id, document]));
  const children = new Map<string, string[]>();
  for (const { id, facets } of documents.values()) {
    const parent = facets.cfg.get("/parent")?.value;
    if (typeof parent !== "string" || facets.cfg.get("/deleted")?.value === true) continue;
    children.set(parent, [...children.get(parent) ?? [], id]);
  }
  return { documents, children };
}

function isDeleted({ documents }: Layout, { id }: Member): boolean {
  const cfg = documents.get(id)?.facets.cfg;
  return cfg?.get("/deleted")?.value === true;
}

function below(world: TreeWorld, { children }: Layout, name: string): Set<string> {
  const all = new Set<string>();
  for (const id of children.get(name) ?? []) {
    all.add(id);
    const child = world.members.find((member) => member.id === id);
    if (child?.isAggregator === true) {
      for (const each of below(world, { documents: new Map(), children }, child.name)) {
        all.add(each);
      }
    }
  }
  return all;
}

function checkAggregator(world: TreeWorld, layout: Layout, member: Member, problems: string[]): void {
  const { name, id, process } = member;
  const say = (what: string): void => void problems.push(`${name}: ${what}`);
  const aggregator = process?.aggregator;
  if (aggregator === undefined) return say("does not run");
  if (aggregator.upstreamLink !== undefined && aggregator.upstreamLink.state !== "level") {
    say(`its link to the parent is ${aggregator.upstreamLink.state}`);
  }
  const { links } = aggregator.counts.children;
  const direct = layout.children.get(name) ?? [];
  if (links.level !== direct.length || links.down + links.joining > 0) {
    say(`has links ${JSON.stringify(links)}: expected ${direct.length} level`);
  }
  const here = new Map(world.store(name).load().documents.map((document) => [document.id, document]));
  const isRoot = member.parent === undefined;
  const wanted = new Set([id, ...below(world, layout, name)]);
  if (!isRoot) {
    for (const held of here.keys()) if (!wanted.has(held)) say(`holds ${nameOf(world, held)}, which is not below it`);
    if (aggregator.counts.documents !== wanted.size) {
      say(`has ${aggregator.counts.documents} documents: expected ${wanted.size}`);
    }
  }
  for (const node of wanted) {
    const there = layout.documents.get(node);
    const mine = here.get(node);
    if (there === undefined || mine === undefined) {
      say(`does not hold ${nameOf(world, node)}`);
      continue;
    }
    const number = assignmentNumber(there.facets.cfg);
    for (const facet of ["cfg", "parent", "self"] as const) {
      const [a, b] = [text(there.facets[facet]), text(mine.facets[facet])];
      if (a !== b) say(`has of ${nameOf(world, node)} as ${facet}\n    ${b}, the root has\n    ${a}`);
      if (facet === "cfg" || node === rootId(world)) continue;
      for (const [url, { value, version }] of mine.facets[facet]) {
        // An agent that was given away and back before it heard of either goes on as it did.
        const under = version.assignment;
        if (value !== null && (facet === "self" ? under > number : under !== number)) {
          say(`has ${url} of ${nameOf(world, node)} under assignment ${under}: expected ${number}`);
        }
      }
    }
  }
}

function checkAgent(world: TreeWorld, layout: Layout, { name, id, process }: Member, problems: string[]): void {
  const say = (what: string): void => void problems.push(`${name}: ${what}`);
  const there = layout.documents.get(id);
  if (there === undefined) return;
  const node = process?.context?.node(id);
  if (process === undefined || node === undefined) return say("does not run");
  const truth = new Map<string, unknown>(process.truth);
  const cfg = values(there.facets.cfg);
  if (plain(node.cfg) !== plain(cfg)) say(`has cfg ${plain(node.cfg)}, the root has ${plain(cfg)}`);
  const seen = versionText(newestVersion(there.facets.cfg));
  if (there.facets.self.get("/seen")?.value !== seen) {
    say(`has seen ${there.facets.self.get("/seen")?.value}: expected ${seen}`);
  }
  const told = trial(values(there.facets.self));
  if (plain(told) !== plain(truth)) say(`discovered ${plain(truth)}, the root has ${plain(told)}`);
  const own = new Map([...node.view].filter(([url]) => /\/trial\/.*\/self/.test(url)));
  if (plain(own) !== plain(truth)) say(`discovered ${plain(truth)}, and has ${plain(own)}`);
  for (const url of ["/trial/x/parent", "/trial/y/parent", "/physState", "/runState", "/link"]) {
    const above = there.facets.parent.get(url)?.value ?? undefined;
    if (node.view.get(url) !== above) say(`has ${url} ${node.view.get(url)}, the root has ${above}`);
  }
  const { physState, runState, link, stale } = world.root.control.find(id) ?? {};
  if (physState !== "POWER_ON" || runState !== "SYNC" || link !== "UP" || stale !== undefined) {
    say(`is shown as ${physState} ${runState} ${link}${stale === undefined ? "" : " stale"}`);
  }
}

function rootId(world: TreeWorld): string {
  return world.root.id;
}

function nameOf(world: TreeWorld, id: string): string {
  return world.members.find((member) => member.id === id)?.name ?? id;
}

/** A facet's values that are set, with their versions. Whoever never heard of one that is unset misses nothing. */
function text(facet: Facet): string {
  const set = [...facet].filter(([, { value }]) => value !== null);
  return JSON.stringify(set.map(([url, { value, version }]) => [url, value, versionText(version)]).sort(byUrl));
}

function values(facet: Facet): Map<string, unknown> {
  return new Map([...facet].filter(([, { value }]) => value !== null).map(([url, { value }]) => [url, value]));
}

function trial(all: ReadonlyMap<string, unknown>): Map<string, unknown> {
  return new Map([...all].filter(([url]) => url.startsWith("/trial/")));
}

function plain(all: ReadonlyMap<string, unknown>): string {
  return JSON.stringify([...all].sort(([a], [b]) => a < b ? -1 : 1));
}

function byUrl([a]: readonly unknown[], [b]: readonly unknown[]): number {
  return String(a) < String(b) ? -1 : 1;
}
