import type { Log } from "../../../../src/log.ts";
import { nodeIdOf } from "../../../../src/state/mod.ts";
import { type Api, createApi } from "../../../cluster/api.ts";
import { absorb } from "./absorb.ts";
import { handle, type PeerHandler } from "../peer_command.ts";
import { changeSteadily } from "./steady.ts";
import { API_LIMIT, GENERATOR, loadNodeName } from "./commands.ts";
import { loadAt, measureCfg, measureDsc } from "./latencies.ts";
import { createLoadAgent, type LoadAgent, type LoadAgentCounts } from "./load_agent.ts";
import { CHANGED, selfFacet } from "./self_facet.ts";

/** The bytes of every how-manieth agent's frames are counted. */
const WEIGHED = 16;
/** How many questions are with the aggregator at a time. */
const PARALLEL = 8;

/** A generator's agents, none at first, and what it can be asked to do with them. */
export function createLoad(log: Log): PeerHandler[] {
  let agents: LoadAgent[] = [];
  let base = "";
  let api: Api = createApi(base, API_LIMIT);
  let level = 0;
  let allLevel = (): void => {};

  /** Some agents, evenly spread. */
  function some(samples: number): LoadAgent[] {
    const step = Math.max(1, agents.length / Math.max(1, samples));
    return Array.from({ length: Math.min(samples, agents.length) }, (_, place) => agents[Math.floor(place * step)])
      .filter((agent) => agent !== undefined);
  }

  return [
    handle(GENERATOR.prepare, ({ cluster, parent, broker, api: url, first, count }) => {
      base = url;
      api = createApi(base, API_LIMIT);
      const more = Array.from({ length: count }, (_, place) => {
        let state = "down";
        return createLoadAgent({
          ...{ cluster, parent, broker, log },
          id: nodeIdOf(cluster, loadNodeName(first + place)),
          self: selfFacet(first + place),
          weighed: place % WEIGHED === 0,
          onState(next) {
            if (state === "level") level--;
            state = next;
            if (next === "level" && ++level === agents.length) allLevel();
          },
        });
      });
      agents = [...agents, ...more];
      return {};
    }),
    handle(GENERATOR.start, async ({ limit }) => {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limit);
        allLevel = () => {
          clearTimeout(timer);
          resolve();
        };
        for (const agent of agents) agent.start();
      });
      return { level };
    }),
    handle(GENERATOR.cfg, async ({ samples, number }) => ({ times: await measureCfg(api, some(samples), number) })),
    handle(
      GENERATOR.dsc,
      async ({ samples, number }) => ({ times: await measureDsc(base, api, some(samples), number) }),
    ),
    handle(GENERATOR.absorb, ({ ms }) => absorb(agents, ms)),
    handle(GENERATOR.steady, ({ ms, every }) => changeSteadily(agents, ms, every ?? 1_000)),
    handle(GENERATOR.verify, async () => ({ checked: agents.length, wrong: await countWrong(api, agents) })),
    handle(GENERATOR.counts, () => {
      const all = agents.map((agent) => agent.counts);
      const sum = (of: (counts: LoadAgentCounts) => number) => all.reduce((total, counts) => total + of(counts), 0);
      return {
        frames: sum(({ sent, received }) => sent + received),
        retransmits: sum(({ retransmits }) => retransmits),
        births: sum(({ births }) => births),
        waiting: sum(({ waiting }) => waiting),
        waitingBytes: sum(({ waitingBytes }) => waitingBytes),
        level,
      };
    }),
  ];
}

/** How many agents' last discoveries are not what the aggregator has. */
async function countWrong(api: Api, agents: readonly LoadAgent[]): Promise<number> {
  const left = [...agents];
  let wrong = 0;
  async function check(): Promise<void> {
    for (let agent = left.pop(); agent !== undefined; agent = left.pop()) {
      if (await loadAt(api, agent.id) !== agent.discovered(CHANGED)) wrong++;
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, check));
  return wrong;
}
