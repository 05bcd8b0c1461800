import { systemClock } from "../../../../src/clock.ts";
import { isRecord, type Value } from "../../../../src/state/mod.ts";
import { within } from "../../../../src/toolkit/mod.ts";
import type { Api } from "../../../cluster/api.ts";
import { followBenchEvents } from "./event_stream.ts";
import type { LoadAgent } from "./load_agent.ts";
import { CHANGED } from "./self_facet.ts";

/** How long one change may take, in milliseconds. */
const LIMIT = 30_000;
/** What cfg is changed: it is a variable of hostinfo's that no plan depends on. */
const INTERVAL = "/services/hostinfo/config";

/** The longest pause between two changes, in milliseconds: links gather what comes one right after the other. */
const PAUSE = 250;

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * PAUSE));
}

/**
 * Changes the cfg of each agent's node at the aggregator, one after the other, with pauses between.
 *
 * @returns For each, the milliseconds from just before the PATCH is sent until the agent's replica has the value and calls
 * back. Sender and agent are the same process: there is one clock.
 */
export async function measureCfg(api: Api, agents: readonly LoadAgent[], number: number): Promise<number[]> {
  const times: number[] = [];
  for (const [place, agent] of agents.entries()) {
    await pause();
    const interval = 1 + (number + place) % 3600;
    let start = 0;
    const arrived = new Promise<void>((resolve) => {
      agent.onCfg = (cfg) => {
        const config = cfg.get(INTERVAL)?.value;
        if (!isRecord(config) || config["interval"] !== interval) return;
        times.push(performance.now() - start);
        resolve();
      };
    });
    start = performance.now();
    const answered = api.patchCfg(agent.id, { services: { hostinfo: { config: { interval } } } });
    const late = `The cfg of '${agent.id}' did not arrive within ${LIMIT / 1000} s`;
    await within({ clock: systemClock, ms: LIMIT, late }, () => Promise.all([arrived, answered]));
    agent.onCfg = undefined;
  }
  return times;
}

/**
 * Lets each agent discover something, one after the other, and follows the aggregator's events. A value that is no
 * parent's makes no event, so each agent also says that it has given something up (`/stuck/self`), which makes one as soon
 * as it is merged; both are in one frame. After the event the aggregator is asked for the other value.
 *
 * @returns For each, the milliseconds from just before the discovery until the event is here.
 * @throws {Error} When the aggregator has told the event and does not have the value.
 */
export async function measureDsc(
  base: string,
  api: Api,
  agents: readonly LoadAgent[],
  number: number,
): Promise<number[]> {
  const events = await followBenchEvents(base);
  const times: number[] = [];
  try {
    for (const [place, agent] of agents.entries()) {
      await pause();
      const mutation = `bench/${number + place}`;
      const value = 1 + number + place;
      let start = 0;
      const arrived = new Promise<void>((resolve) => {
        events.onEvent = (event) => {
          if (event.kind !== "stuck" || event.mutation !== mutation) return;
          times.push(performance.now() - start);
          resolve();
        };
      });
      const stuck = { mutation, reason: "measured", target: "bench", attempts: 1 };
      start = performance.now();
      agent.discover(new Map<string, Value>([["/stuck/self", stuck], [CHANGED, value]]));
      const late = `The discovery of '${agent.id}' was not told within ${LIMIT / 1000} s`;
      await within({ clock: systemClock, ms: LIMIT, late }, () => arrived);
      const seen = await loadAt(api, agent.id);
      if (seen !== value) throw new Error(`${CHANGED} of '${agent.id}' is ${seen} at the root: expected ${value}`);
      agent.discover(new Map([["/stuck/self", null]]));
    }
  } finally {
    events.close();
  }
  return times;
}

/** The value of {@link CHANGED} in the aggregator's view of a node. */
export async function loadAt(api: Api, id: string): Promise<unknown> {
  const { host } = await api.dsc(id);
  return isRecord(host) ? host["load"] : undefined;
}
