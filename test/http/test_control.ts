import type { Control } from "../../aggregator/control/control.ts";
import type { Elsewhere } from "../../aggregator/status/tree.ts";
import type { LoggedEvent } from "../../aggregator/store/mod.ts";
import { createTestRoot } from "../support/root.ts";
import { type Done, type Refusal } from "../../src/toolkit/mod.ts";

/** A real aggregator's control, whose event log, store and neighbours are what a test says. */
export interface TestControl extends Control {
  /** Adds an event to the log and tells the listeners. */
  log(kind: string): LoggedEvent;
  /** How many listen. */
  readonly listeners: number;
  /** What was asked of the engine, in words. */
  readonly asked: readonly string[];
  /** Its log keeps no event up to this id from now on. */
  drop(upTo: number): void;
  /** Its store takes no writes from now on, for this reason. */
  fill(trouble: string): void;
  /** Answers every write with this refusal from now on. */
  refuse(refusal: Refusal): void;
  /** Throws when anything is listed from now on. */
  breakDown(): void;
  /** Says that somebody else has to be asked from now on. */
  send(elsewhere: Elsewhere): void;
}

/** The most that may listen to the log of a test. */
const MAX_LISTENERS = 3;

/** Makes the control of a root in memory, with nodes of these names that are off. */
export async function createTestControl(names: readonly string[]): Promise<TestControl> {
  const { control } = await createTestRoot({ names });
  const events: LoggedEvent[] = [];
  const listeners = new Set<(event: LoggedEvent) => void>();
  const asked: string[] = [];
  let dropped = 0;
  const troubles: string[] = [];
  let refusal: Refusal | undefined;
  let isBroken = false;
  let elsewhere: Elsewhere | undefined;

  /** Does it, unless the store fails, and notes it in words. */
  function ask(what: string, ids: readonly string[] | undefined, act: () => Done): Done {
    if (troubles.length > 0) return { ok: false, kind: "unavailable", problems: troubles };
    const names = ids?.map((id) => control.find(id)?.name).join(" ") ?? "everything";
    asked.push(`${what} ${names}`);
    return act();
  }

  return {
    ...control,
    get schema() {
      return control.schema;
    },
    elsewhere: () => elsewhere,
    list() {
      if (isBroken) throw new Error("The secret path /etc/kraken is broken");
      return control.list();
    },
    patchCfg: (patches, options) => refusal ?? control.patchCfg(patches, options),
    apply: (nodes, options) => refusal ?? control.apply(nodes, options),
    freeze: (ids) => ask("freeze", ids, () => control.freeze(ids)),
    thaw: (ids) => ask("thaw", ids, () => control.thaw(ids)),
    retry: (ids) => ask("retry", ids, () => control.retry(ids)),
    release: () => ask("release", undefined, () => control.release()),
    troubles: () => troubles,
    droppedEvents: () => dropped,
    unanswered: (what) => void asked.push(`unanswered ${what}`),
    events: (after, limit, nodes) =>
      events.filter((event) => event.id > after && nodes?.has(event.node) !== false).slice(0, limit),
    onEvent(listener) {
      if (listeners.size >= MAX_LISTENERS) throw new RangeError(`Cannot stream to more than ${MAX_LISTENERS} at once`);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    log(kind) {
      const time = "2026-01-01T00:00:00.000Z";
      const event: LoggedEvent = { id: events.length + 1, time, node: "n1", kind, why: `event ${events.length + 1}` };
      events.push(event);
      for (const listener of listeners) listener(event);
      return event;
    },
    get listeners() {
      return listeners.size;
    },
    asked,
    drop(upTo) {
      dropped = upTo;
    },
    fill: (trouble) => void troubles.push(trouble),
    refuse: (given) => void (refusal = given),
    send(to) {
      elsewhere = to;
    },
    breakDown: () => void (isBroken = true),
  };
}
