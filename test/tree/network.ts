import type { Clock, Random } from "../../src/clock.ts";
import type { ChildEnd, ChildTransport, ChildTransportOptions } from "../../src/mqtt/mod.ts";
import {
  decodeFrame,
  type DownFrame,
  encodeFrame,
  type Frame,
  type LifeFrame,
  type UpFrame,
} from "../../src/sync/mod.ts";

/** How a network treats frames: shares from 0 to 1, longest extra delay in milliseconds. */
export interface Weather {
  readonly loss: number;
  readonly duplication: number;
  readonly delay: number;
}
/** Nothing is lost, and everything arrives in order. */
export const FAIR: Weather = { loss: 0, duplication: 0, delay: 0 };

/** One way, in milliseconds. */
const LATENCY = 3;
/** How long nobody notices that a connection leads nowhere, in milliseconds: one and a half intervals of signs of life. */
const UNNOTICED = 15_000;
/** How long a child waits before it connects again, in milliseconds: up to twice that. */
const RECONNECT = 1_000;

/** What a parent takes in. */
export interface ParentEnd {
  receive(child: string, frame: UpFrame): void;
  life(child: string, frame: LifeFrame): void;
  /** It is connected to its broker. */
  connected(): void;
}

/** Whose process it is, and whether it lives. */
export interface Owner {
  readonly alive: boolean;
}

/** The brokers of all parents, and the network between them and the children. */
export interface Network {
  /** What lies on every way, but on those of `calm`. */
  weather: Weather;
  /** A child's way to a parent, for an uplink. */
  transport(owner: Owner, options: ChildTransportOptions): ChildTransport;
  /** A parent is up. @returns Sends frames to its children. */
  open(parent: string, run: string, owner: Owner, end: ParentEnd): (child: string, frame: DownFrame) => void;
  /** A parent was killed. */
  close(parent: string): void;
  /** A child was killed: its brokers notice after `ms` milliseconds. */
  killed(owner: Owner, ms: number): void;
  /** Nothing gets through between a child and a parent any more, and nobody is told. */
  cut(child: string, parent: string): void;
  heal(): void;
  /** Every client of a parent's broker loses its connection, say as the broker was restarted. */
  restartBroker(parent: string): void;
  /** A will of a child comes once more, or of a parent's run: to `to`, about `from`. */
  staleWill(parent: string, child: string): void;
  staleParentWill(parent: string): void;
  /** Called with every frame that is sent. */
  onFrame: (from: string, to: string, frame: Frame) => void;
}

interface Client {
  readonly owner: Owner;
  readonly options: ChildTransportOptions;
  end: ChildEnd | undefined;
  connected: boolean;
  ended: boolean;
}

interface Hub {
  run: string;
  owner: Owner | undefined;
  end: ParentEnd | undefined;
  /** What is retained on the life topics: with a broker of its own, for as long as the parent runs. */
  readonly lives: Map<string, LifeFrame>;
  life: LifeFrame | undefined;
  /** Runs that were once in session here. */
  readonly runs: Map<string, string>;
  lastRun: string;
}

/**
 * Makes a network.
 *
 * @param brokersOutlive Whether brokers are processes of their own, which go on when a parent is killed; otherwise each is
 * part of its parent.
 * @param calm The children whose ways are always fair.
 */
export function createNetwork(
  { clock, random, brokersOutlive, calm }: {
    readonly clock: Clock;
    readonly random: Random;
    readonly brokersOutlive: boolean;
    readonly calm: ReadonlySet<string>;
  },
): Network {
  const hubs = new Map<string, Hub>();
  const clients = new Set<Client>();
  const cuts = new Set<string>();

  function hubOf(parent: string): Hub {
    let hub = hubs.get(parent);
    if (hub === undefined) {
      hub = {
        ...{ run: "", owner: undefined, end: undefined, life: undefined, lastRun: "" },
        lives: new Map(),
        runs: new Map(),
      };
      hubs.set(parent, hub);
    }
    return hub;
  }
  function isCut({ child, parent }: ChildTransportOptions): boolean {
    return cuts.has(`${child} ${parent}`);
  }
  function isReachable(options: ChildTransportOptions): boolean {
    return !isCut(options) && (brokersOutlive || hubOf(options.parent).end !== undefined);
  }

  /** Carries a frame as bytes, or does not. Frames with different delays overtake each other. */
  function carry<F extends Frame>(child: string, frame: F, deliver: (frame: F) => void): void {
    const decoded = decodeFrame(encodeFrame(frame));
    if (!decoded.ok) throw new Error(`A program sent a malformed frame: ${decoded.problem}`);
    const { loss, duplication, delay } = calm.has(child) ? FAIR : network.weather;
    const copies = random() < loss ? 0 : random() < duplication ? 2 : 1;
    // What was decoded is of the type that was encoded.
    for (let copy = 0; copy < copies; copy++) {
      clock.after(LATENCY + random() * delay, () => deliver(decoded.frame as F));
    }
  }

  /** The broker has a life frame of a child: whoever listens gets it. */
  function publishLife({ child, parent }: ChildTransportOptions, frame: LifeFrame): void {
    const hub = hubOf(parent);
    hub.lives.set(child, frame);
    if (frame.type === "alive") hub.runs.set(child, frame.from);
    clock.after(LATENCY, () => hub.end?.life(child, frame));
  }
  function lose(client: Client, willAfter: number): void {
    if (!client.connected) return;
    client.connected = false;
    clock.after(willAfter, () => publishLife(client.options, { type: "dead", from: client.options.run, why: "lost" }));
    if (!client.owner.alive) return;
    client.end?.disconnected();
    retry(client);
  }
  function retry(client: Client): void {
    clock.after(RECONNECT * (1 + random()), () => connect(client));
  }
  function connect(client: Client): void {
    const { owner, options, end } = client;
    if (!owner.alive || client.ended || client.connected || end === undefined) return;
    if (!isReachable(options)) return retry(client);
    client.connected = true;
    const hub = hubOf(options.parent);
    publishLife(options, { type: "alive", from: options.run });
    const life = hub.life;
    if (life !== undefined) {
      clock.after(LATENCY, () => {
        if (client.connected && owner.alive) end.parentLife(life);
      });
    }
    end.connected();
  }
  function tellChildren(parent: string, frame: LifeFrame): void {
    for (const client of [...clients]) {
      if (client.options.parent === parent && client.connected && client.owner.alive && !isCut(client.options)) {
        client.end?.parentLife(frame);
      }
    }
  }

  const network: Network = {
    weather: FAIR,
    onFrame: () => {},
    transport(owner, options) {
      const client: Client = { owner, options, end: undefined, connected: false, ended: false };
      const { child, parent } = options;
      clients.add(client);
      return {
        counts: { sent: 0, unsent: 0, received: 0, malformed: 0, waiting: 0, waitingBytes: 0 },
        send(frame) {
          if (!client.connected || !owner.alive) return;
          network.onFrame(child, parent, frame);
          carry(child, frame, (arrived) => {
            if (!isCut(options)) hubOf(parent).end?.receive(child, arrived);
          });
        },
        start(end) {
          client.end = end;
          clock.after(LATENCY, () => connect(client));
        },
        stop() {
          if (client.connected && !isCut(options)) {
            publishLife(options, { type: "dead", from: options.run, why: "stopped" });
          }
          client.connected = false;
          client.ended = true;
          clients.delete(client);
          return new Promise((resolve) => void clock.after(2 * LATENCY, resolve));
        },
      };
    },
    open(parent, run, owner, end) {
      const hub = hubOf(parent);
      hub.run = run;
      hub.owner = owner;
      hub.end = end;
      hub.life = { type: "alive", from: run };
      if (brokersOutlive) {
        clock.after(LATENCY, () => {
          if (hub.run !== run || !owner.alive) return;
          tellChildren(parent, { type: "alive", from: run });
          for (const [child, life] of [...hub.lives]) end.life(child, life);
          end.connected();
        });
      } else hub.lives.clear();
      return (child, frame) => {
        if (!owner.alive) return;
        network.onFrame(parent, child, frame);
        carry(child, frame, (arrived) => {
          for (const client of [...clients]) {
            const { options } = client;
            if (options.child !== child || options.parent !== parent || !client.connected) continue;
            if (client.owner.alive && !isCut(options)) client.end?.receive(arrived);
          }
        });
      };
    },
    close(parent) {
      const hub = hubOf(parent);
      const { run } = hub;
      hub.end = undefined;
      hub.lastRun = run;
      hub.life = undefined;
      if (brokersOutlive) {
        clock.after(UNNOTICED * random(), () => {
          const dead: LifeFrame = { type: "dead", from: run, why: "lost" };
          if (hub.end === undefined) hub.life = dead;
          tellChildren(parent, dead);
        });
      } else for (const client of [...clients]) if (client.options.parent === parent) lose(client, 0);
    },
    killed(owner, ms) {
      for (const client of [...clients]) {
        if (client.owner !== owner) continue;
        lose(client, ms);
        clients.delete(client);
      }
    },
    cut(child, parent) {
      const key = `${child} ${parent}`;
      if (cuts.has(key)) return;
      cuts.add(key);
      clock.after(UNNOTICED * (1 + random() / 2), () => {
        if (!cuts.has(key)) return;
        for (const client of [...clients]) {
          if (client.options.child === child && client.options.parent === parent) lose(client, 0);
        }
      });
    },
    heal: () => cuts.clear(),
    restartBroker(parent) {
      for (const client of [...clients]) if (client.options.parent === parent) lose(client, random() * 200);
    },
    staleWill(parent, child) {
      const hub = hubOf(parent);
      const run = hub.runs.get(child);
      if (run !== undefined) hub.end?.life(child, { type: "dead", from: run, why: "lost" });
    },
    staleParentWill(parent) {
      const hub = hubOf(parent);
      tellChildren(parent, { type: "dead", from: random() < 0.5 ? hub.run : hub.lastRun, why: "lost" });
    },
  };
  return network;
}
