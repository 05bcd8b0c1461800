import { holdersAfter } from "../../aggregator/ownership/holders.ts";
import {
  type Effect,
  FOREIGN,
  isHere,
  type Machine,
  mayAct,
  type Ownership,
  type OwnershipEvent,
  type Place,
  type Standing,
  step,
} from "../../aggregator/ownership/mod.ts";
import type { Assignment } from "../../src/state/mod.ts";

/** The aggregators that a node is given to. The root is above them and decides; `a` has `b` as its standby. */
export const RACKS = ["a", "b", "c"] as const;
/** See {@link RACKS}. */
export type Rack = (typeof RACKS)[number];

/** How long things take here, in milliseconds: as in the product. */
const [JOIN, SHORT, LONG, QUIET] = [125_000, 5_000, 35_000, 60_000];
/** How often aggregators look at what is asked of them, in milliseconds. */
const LOOK = 10_000;
/** How long a lost connection is not noticed at most, in milliseconds. */
const NOTICE = 22_000;
/** How long the root waits until it gives the node of a lost aggregator to its standby, in milliseconds: longer than that. */
const FAIL_OVER = 30_000;
/** How often a node that is not welcome tries again, in milliseconds. */
const TRY = 2_000;

/** The root's word of where the node belongs. */
interface Word extends Assignment {
  readonly parent: Rack;
  readonly holders: readonly Rack[];
  readonly isWantedOff: boolean;
  /** Grows with each change. */
  readonly rev: number;
}

/** Something on its way. Each may be delivered at any time, in any order, or never. */
type Message =
  /** State goes down and up as snapshots: an older one is of no use, and is dropped. */
  | {
    readonly kind: "down";
    readonly to: Rack;
    readonly session: number;
    readonly word: Word;
    readonly asked: readonly number[];
  }
  | {
    readonly kind: "up";
    readonly from: Rack;
    readonly session: number;
    readonly joined: number;
    readonly told: readonly number[];
  }
  | { readonly kind: "birth"; readonly to: Rack; readonly run: number; readonly under: number }
  | { readonly kind: "welcome"; readonly from: Rack; readonly run: number; readonly under: number }
  | { readonly kind: "level"; readonly to: Rack; readonly run: number; readonly under: number }
  | { readonly kind: "redirect"; readonly from: Rack; readonly to: Assignment }
  | { readonly kind: "evidence"; readonly to: Rack; readonly assignment: number };

interface Member {
  readonly name: Rack;
  isRunning: boolean;
  /** Counts the sessions with the root: what is of an earlier one is dropped. */
  session: number;
  /** Whether nothing gets through to the root and back. */
  isCut: boolean;
  /** Whether it has noticed that. */
  isAlone: boolean;
  /** Since when the root can't hear it. */
  lostSince: number | undefined;
  ownership: Ownership;
  standing: Standing;
  heardAt: number;
  asked: readonly number[];
  joinAt: number | undefined;
  graceAt: number | undefined;
  /** The run of the node's agent that it is linked to. */
  linkedTo: number | undefined;
  agent: Machine["agent"];
  power: Machine["power"];
  /** What survives a crash. */
  disk: {
    word: Word | undefined;
    /** The latest assignment under which the node has joined, and under which it was welcomed here. */
    joined: number;
    welcomed: number;
    claimed: number;
  };
}

/** Why two aggregators could act at once: the cases of docs/ownership.md. */
export type Exemption = "joined by itself" | "machine was off";

/** One node and everybody who may have it, with the machines of aggregator/ownership in between. */
export interface World {
  readonly members: { readonly [name in Rack]: Member };
  readonly word: Word;
  readonly waiting: number;
  readonly now: number;
  /** How often each kind of ownership, permission and exemption was met. */
  readonly met: ReadonlySet<string>;
  move(to: Rack): void;
  wantOff(isWanted: boolean): void;
  /** Delivers a message, or drops it. @param at Which one, from 0 to 1. */
  deliver(at: number, isLost: boolean): void;
  /** Delivers everything that is on its way, and what follows. */
  deliverAll(): void;
  /** Time goes on, and everything arrives that can. @returns What went wrong. */
  live(ms: number): readonly string[];
  /** The node tells those that had it before where it is, if it was none of them that sent it there. */
  tellBefore(): void;
  advance(ms: number): void;
  cut(rack: Rack): void;
  cutNode(rack: Rack): void;
  heal(): void;
  restart(rack: Rack, keepsDisk: boolean): void;
  stop(rack: Rack): void;
  /** The agent ends, and starts again; at another aggregator if it is booted there. */
  restartAgent(at?: Rack): void;
  killAgent(): void;
  powerOff(): void;
  /** The faults stop. @returns Who may act in the end, and what is wrong. */
  settle(): { readonly acting: readonly string[]; readonly problems: readonly string[] };
  /** Who breaks the rule that one may act at most. */
  violations(): string[];
}

/** Makes a world in which the node is at `a`. */
export function createWorld(): World {
  let now = 0;
  let runs = 0;
  let word: Word = { number: 1, parent: "a", holders: [], isWantedOff: false, rev: 1 };
  /** The latest assignment under which the node has joined, as the root knows. */
  let joined = 0;
  let failedOver = false;
  const queue: Message[] = [];
  const met = new Set<string>();
  const nodeCuts = new Set<Rack>();
  /** The assignments under which the node has joined without a word of the aggregator that had it. */
  const byItself = new Map<Rack, number>();
  /** By aggregator: the assignment under which it saw the machine off. */
  const sawOff = new Map<Rack, number>();
  const node = {
    isOn: true,
    run: 0,
    target: "a" as Rack,
    known: 1,
    under: 0,
    at: undefined as Rack | undefined,
    triedAt: -Infinity,
    /** Who has told it where to go, under which assignment. */
    toldBy: new Map<Rack, number>(),
    /** Who may take it for lost, as they have not told it where to go: it tells them where it is. */
    untold: [] as readonly Rack[],
    before: [] as readonly Rack[],
  };

  function make(name: Rack): Member {
    return {
      ...{ name, isRunning: true, session: 1, isCut: false, isAlone: false, lostSince: undefined },
      ...{ ownership: FOREIGN, standing: { kind: "acting" }, heardAt: 0, asked: [], joinAt: undefined },
      ...{ graceAt: undefined, linkedTo: undefined, agent: "other", power: "unknown" },
      disk: { word: undefined, joined: 0, welcomed: 0, claimed: 0 },
    };
  }
  const members = { a: make("a"), b: make("b"), c: make("c") };

  function machineOf({ agent, power, disk }: Member): Machine {
    return { power, agent, isWantedOff: disk.word?.isWantedOff ?? false, isAggregator: false, control: "controller" };
  }
  function placeOf(name: Rack, it: Word): Place {
    const { number, parent, holders } = it;
    return parent === name
      ? { kind: "here", assignment: number, holders }
      : { kind: "elsewhere", to: { number, parent } };
  }

  function feed(member: Member, event: OwnershipEvent): void {
    const next = step(member.ownership, event);
    member.ownership = next.state;
    met.add(next.state.kind);
    for (const effect of next.effects) carryOut(member, effect);
  }
  function carryOut(member: Member, effect: Effect): void {
    switch (effect.kind) {
      case "startJoin":
        member.joinAt = now + JOIN;
        break;
      case "startGrace":
        member.graceAt = now + (effect.length === "short" ? SHORT : LONG);
        break;
      case "stopGrace":
        member.graceAt = undefined;
        break;
      case "stopTimers":
        member.joinAt = member.graceAt = undefined;
        break;
      case "show":
        if (effect.values.runState === "SYNC" || effect.values.runState === "INIT") {
          member.agent = effect.values.runState;
        }
        break;
      case "declareLost":
        met.add("declared lost");
        member.agent = "other";
        break;
      case "cutLink":
        member.linkedTo = undefined;
        break;
      case "dropLink":
        member.linkedTo = undefined;
        member.agent = "other";
        member.heardAt = now;
        break;
      case "redirect":
        queue.push({ kind: "redirect", from: member.name, to: effect.to });
        break;
      case "confirmRelease":
        met.add("release confirmed");
        break;
      case "takeOver":
      case "stopRedirect":
      case "touch":
        break;
      default:
        effect satisfies never;
    }
  }

  function change(next: Partial<Word>): void {
    word = { ...word, ...next, rev: word.rev + 1 };
    tellAll();
  }
  function tellAll(): void {
    for (const name of RACKS) tell(members[name]);
  }
  function tell({ name, session }: Member): void {
    const asked = word.holders.includes(name) ? [word.number] : [];
    queue.push({ kind: "down", to: name, session, word, asked });
  }
  function report(member: Member): void {
    const told: number[] = [];
    for (const number of member.asked) {
      const isQuiet = now - member.heardAt >= QUIET;
      const { state, effects } = step(member.ownership, { kind: "releaseRequested", isQuiet });
      member.ownership = state;
      for (const effect of effects) carryOut(member, effect);
      if (effects.some(({ kind }) => kind === "confirmRelease")) told.push(number);
    }
    const { name, session, disk } = member;
    queue.push({ kind: "up", from: name, session, joined: disk.joined, told });
  }

  function reassign(to: Rack, isHandedOver: boolean): void {
    if (to === word.parent) return;
    const hasJoined = joined >= word.number;
    const holders = holdersAfter({ parent: word.parent, holders: word.holders, hasJoined, isHandedOver }, to);
    change({ number: word.number + 1, parent: to, holders: RACKS.filter((rack) => holders.includes(rack)) });
  }

  /** Takes the root's word: on the disk before anything follows from it. */
  function takeWord(member: Member, it: Word, asked: readonly number[]): void {
    const { disk, name } = member;
    member.asked = asked;
    if (member.standing.kind === "fenced") feed(member, { kind: "resumed", machine: machineOf(member) });
    member.standing = { kind: "acting" };
    member.isAlone = false;
    if (it.rev <= (disk.word?.rev ?? 0)) return;
    disk.word = it;
    const machine = machineOf(member);
    feed(member, { kind: "assigned", place: placeOf(name, it), joined: disk.joined, machine });
    feed(member, { kind: "seen", machine });
    if (it.parent === name && machine.power === "off") sawOff.set(name, it.number);
  }

  function act(message: Message): void {
    switch (message.kind) {
      case "down": {
        const member = members[message.to];
        if (!member.isRunning || member.isCut || message.session !== member.session) return;
        takeWord(member, message.word, message.asked);
        return;
      }
      case "up": {
        const member = members[message.from];
        if (message.session !== member.session || member.isCut) return;
        joined = Math.max(joined, message.joined);
        if (message.told.includes(word.number) && word.holders.includes(message.from)) {
          change({ holders: word.holders.filter((each) => each !== message.from) });
        }
        return;
      }
      case "birth":
        return birth(members[message.to], message.run, message.under);
      case "welcome": {
        if (message.run !== node.run || !node.isOn || nodeCuts.has(message.from) || node.target !== message.from) {
          return;
        }
        node.under = Math.max(node.under, message.under);
        node.known = Math.max(node.known, message.under);
        node.at = message.from;
        queue.push({ kind: "level", to: message.from, run: node.run, under: message.under });
        return;
      }
      case "level": {
        const member = members[message.to];
        const { ownership, disk } = member;
        if (!member.isRunning || nodeCuts.has(message.to) || member.linkedTo !== message.run || !isHere(ownership)) {
          return;
        }
        if (message.under === ownership.assignment) {
          disk.joined = Math.max(disk.joined, message.under);
          if (message.run === node.run) joinedAt(member, message.under);
        }
        link(member, "level");
        return;
      }
      case "redirect":
        if (!node.isOn || nodeCuts.has(message.from) || node.target !== message.from) return;
        if (message.to.number < node.known || !isRack(message.to.parent)) return;
        node.known = message.to.number;
        node.target = message.to.parent;
        node.at = undefined;
        node.toldBy.set(message.from, message.to.number);
        return;
      case "evidence": {
        const member = members[message.to];
        if (!member.isRunning || nodeCuts.has(message.to)) return;
        claim(member, message.assignment);
        return;
      }
      default:
        message satisfies never;
    }
  }
  /** The node has joined under an assignment. Those that had it before and have not sent it here are told by the node itself. */
  function joinedAt({ name, disk }: Member, assignment: number): void {
    node.untold = (disk.word?.holders ?? []).filter((each) => node.toldBy.get(each) !== assignment);
    if (node.untold.length > 0) byItself.set(name, assignment);
  }
  function isRack(text: string): text is Rack {
    return RACKS.some((rack) => rack === text);
  }
  function claim(member: Member, assignment: number): void {
    member.disk.claimed = Math.max(member.disk.claimed, assignment);
    feed(member, { kind: "claimed", assignment, machine: machineOf(member) });
  }
  function birth(member: Member, run: number, under: number): void {
    const { ownership, disk, name } = member;
    if (!member.isRunning || member.standing.kind === "learning" || nodeCuts.has(name)) return;
    member.heardAt = now;
    if (!isHere(ownership)) {
      const known = disk.word;
      return feed(member, { kind: "strayed", to: known && { number: known.number, parent: known.parent } });
    }
    feed(member, { kind: "born" });
    if (under > ownership.assignment) return claim(member, under);
    if (member.linkedTo === run) {
      return void queue.push({ kind: "welcome", from: name, run, under: ownership.assignment });
    }
    member.linkedTo = run;
    disk.welcomed = ownership.assignment;
    link(member, "joining");
    queue.push({ kind: "welcome", from: name, run, under: ownership.assignment });
  }
  function link(member: Member, state: "joining" | "level" | "down"): void {
    const { disk } = member;
    if (state === "down") member.linkedTo = undefined;
    else member.power = "on";
    feed(member, {
      ...{ kind: "linked", link: state, sameRun: true, assignment: disk.welcomed, why: "" },
      machine: machineOf(member),
    });
  }

  /** What happens as time goes on. */
  function tick(): void {
    for (const name of RACKS) {
      const member = members[name];
      member.lostSince = member.isCut || !member.isRunning ? member.lostSince ?? now : undefined;
      if (!member.isRunning) continue;
      if (member.isCut && !member.isAlone && now - (member.lostSince ?? now) >= NOTICE) beAlone(member);
      if (member.linkedTo !== undefined && (node.run !== member.linkedTo || node.at !== name || nodeCuts.has(name))) {
        link(member, "down");
      }
      if (member.joinAt !== undefined && now >= member.joinAt) {
        member.joinAt = undefined;
        feed(member, { kind: "joinOver", machine: machineOf(member) });
      }
      if (member.graceAt !== undefined && now >= member.graceAt) {
        member.graceAt = undefined;
        const isDeaf = member.standing.kind === "fenced";
        feed(member, { kind: "graceOver", isDeaf, machine: machineOf(member) });
      }
      if (now % LOOK === 0) {
        report(member);
        tell(member); // what was lost is sent again
        if (member.ownership.kind === "departing" && now - member.heardAt >= QUIET) feed(member, { kind: "quiet" });
      }
      look(member);
    }
    failOver();
    tryToJoin();
  }
  /** An aggregator looks at the power of its nodes. */
  function look(member: Member): void {
    if (!isHere(member.ownership)) return;
    const power: Machine["power"] = node.isOn ? "on" : "off";
    if (power === member.power) return;
    member.power = power;
    if (power === "off") {
      member.agent = "other";
      sawOff.set(member.name, member.ownership.assignment);
    }
    feed(member, { kind: "seen", machine: machineOf(member) });
  }
  function beAlone(member: Member): void {
    member.isAlone = true;
    if (member.name === "a") member.standing = { kind: "fenced", standby: "b" };
  }
  /** Only where the node knows the standby, and so whom to ask. */
  function failOver(): void {
    const { a, b } = members;
    const isLost = a.lostSince !== undefined && now - a.lostSince >= FAIL_OVER;
    if (!isLost || word.parent !== "a" || !b.isRunning || b.isCut || failedOver) return;
    failedOver = true;
    met.add("failed over");
    reassign("b", joined >= word.number && a.disk.word?.number === word.number);
  }
  function tryToJoin(): void {
    if (node.run === 0 || !node.isOn) return;
    if (
      node.at !== undefined && (!members[node.at].isRunning || nodeCuts.has(node.at) ||
        members[node.at].linkedTo !== node.run)
    ) node.at = undefined;
    if (node.at !== undefined || now - node.triedAt < TRY) return;
    node.triedAt = now;
    queue.push({ kind: "birth", to: node.target, run: node.run, under: node.under });
  }
  function tellBefore(): void {
    for (const name of node.untold) {
      if (name !== node.at && node.under > 0) queue.push({ kind: "evidence", to: name, assignment: node.under });
    }
  }
  function startAgent(at?: Rack): void {
    node.run = ++runs;
    node.at = undefined;
    node.triedAt = -Infinity;
    if (at === undefined || at === node.target) return;
    node.target = at;
    node.under = 0;
    node.known = 0;
  }

  function cut(rack: Rack): void {
    const member = members[rack];
    if (member.isCut) return;
    member.isCut = true;
    member.lostSince ??= now;
  }
  function heal(): void {
    for (const name of RACKS) {
      const member = members[name];
      if (member.isCut) member.session++;
      member.isCut = false;
    }
    nodeCuts.clear();
  }
  function restart(rack: Rack, keepsDisk: boolean): void {
    const member = members[rack];
    const { session, isCut, lostSince } = member;
    const disk = keepsDisk ? member.disk : make(rack).disk;
    const { agent, power } = keepsDisk ? member : make(rack);
    Object.assign(member, make(rack), { session: session + 1, isCut, lostSince, agent, power, disk, heardAt: now });
    if (node.at === rack) node.at = undefined;
    const { word: known } = disk;
    if (known === undefined) {
      member.standing = { kind: "learning" };
      return;
    }
    if (rack === "a") beAlone(member);
    const machine = machineOf(member);
    feed(member, { kind: "remembered", place: placeOf(rack, known), joined: disk.joined, machine });
    if (disk.claimed > 0) feed(member, { kind: "claimed", assignment: disk.claimed, machine });
    feed(member, { kind: "resumed", machine });
  }

  function acting(): Member[] {
    return RACKS.map((name) => members[name]).filter((member) => {
      const { isRunning, ownership, standing, disk } = member;
      const permission = mayAct(ownership, standing, (id) => id);
      met.add(permission.may ? "may act" : permission.because);
      // Who asks for a machine to be off gets that at once, and asks for no repair.
      return isRunning && permission.may && ownership.kind === "owned" && disk.word?.isWantedOff !== true;
    });
  }
  function violations(): string[] {
    const all = acting();
    const newest = Math.max(...all.map(numberOf));
    return all.filter((member) => {
      if (numberOf(member) === newest) return false;
      const number = numberOf(member);
      // Nobody tells whoever has a node for such a reason that it has gone elsewhere since.
      const since = (those: ReadonlyMap<Rack, number>): boolean =>
        [...those].some(([name, under]) => under > number || (name === member.name && under === number));
      const exemption: Exemption | undefined = since(byItself)
        ? "joined by itself"
        : since(sawOff)
        ? "machine was off"
        : undefined;
      if (exemption !== undefined) met.add(exemption);
      return exemption === undefined;
    }).map(({ name, ownership }) => `'${name}' may act too, as ${JSON.stringify(ownership)}`);
  }
  function numberOf({ ownership }: Member): number {
    return isHere(ownership) ? ownership.assignment : 0;
  }
  function deliverAll(): void {
    for (let left = 10_000; queue.length > 0 && left > 0; left--) {
      const message = queue.shift();
      if (message !== undefined) act(message);
    }
  }
  function advance(ms: number, between: () => void = () => {}): void {
    for (let seconds = ms / 1000; seconds > 0; seconds--) {
      now += 1000;
      tick();
      between();
    }
  }

  function live(ms: number): readonly string[] {
    const problems: string[] = [];
    advance(ms, () => {
      deliverAll();
      tellBefore();
      deliverAll();
      problems.push(...violations());
    });
    return problems;
  }

  const { a } = members;
  a.disk.word = word;
  feed(a, { kind: "assigned", place: placeOf("a", word), joined: 0, machine: machineOf(a) });
  startAgent();
  tellAll();
  advance(6_000, deliverAll);

  return {
    members,
    met,
    get word() {
      return word;
    },
    get waiting() {
      return queue.length;
    },
    get now() {
      return now;
    },
    move: (to) => reassign(to, false),
    wantOff: (isWantedOff) => change({ isWantedOff }),
    deliver(at, isLost) {
      const [message] = queue.splice(Math.floor(at * queue.length), 1);
      if (message !== undefined && !isLost) act(message);
    },
    deliverAll,
    live,
    tellBefore,
    advance: (ms) => advance(ms),
    cut,
    cutNode: (rack) => void nodeCuts.add(rack),
    heal,
    restart,
    stop(rack) {
      members[rack].isRunning = false;
      if (node.at === rack) node.at = undefined;
    },
    restartAgent: startAgent,
    killAgent() {
      node.run = 0;
      node.at = undefined;
    },
    powerOff() {
      node.isOn = false;
      node.run = 0;
      node.at = undefined;
    },
    settle() {
      heal();
      word.isWantedOff && change({ isWantedOff: false });
      node.isOn = true;
      for (const name of RACKS) if (!members[name].isRunning) restart(name, true);
      if (node.run === 0) startAgent();
      const problems = live(600_000);
      return { acting: acting().map(({ name }) => name), problems };
    },
    violations,
  };
}
