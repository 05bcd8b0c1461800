import * as v from "valibot";
import { foldNodeset } from "../../../src/nodeset/mod.ts";
import type { Lab } from "../lab.ts";
import type { Subject } from "./writer.ts";

const cfgShape = v.object({
  rack: v.optional(v.string()),
  chassis: v.optional(v.string()),
  services: v.object({ flip: v.object({ state: v.string() }) }),
});
type Cfg = v.InferOutput<typeof cfgShape>;

/** A node of which nobody knows anything is free. */
const dscShape = v.object({ busy: v.optional(v.string(), "FREE") });

/** The program that {@link flips} starts and stops. */
export const FLIP = { state: "STOP", config: { command: "sleep", args: ["100000"] } };

async function cfgOf(lab: Lab, node: string): Promise<Cfg> {
  return v.parse(cfgShape, (await lab.request("GET", `/nodes/${node}/cfg`)).body);
}

/** What all of them have; where they differ, all that they have, which nobody has written. */
async function common(lab: Lab, nodes: readonly string[], read: (cfg: Cfg) => unknown): Promise<unknown> {
  const all = await Promise.all(nodes.map(async (node) => read(await cfgOf(lab, node))));
  return new Set(all).size === 1 ? all[0] : all;
}

/** One value of one node. */
export function racks(lab: Lab, node: string): Subject {
  return {
    name: `the rack of ${node}`,
    request: (number) => ({ path: `/nodes/${node}/cfg`, body: { rack: String(number) } }),
    read: async () => (await cfgOf(lab, node)).rack,
    value: counted,
  };
}

/** One value of many nodes, in one request. */
export function groups(lab: Lab, nodes: readonly string[]): Subject {
  return {
    name: `the chassis of ${foldNodeset(nodes)}`,
    request: (number) => ({ path: `/nodes?nodeset=${foldNodeset(nodes)}`, body: { chassis: String(number) } }),
    read: () => common(lab, nodes, ({ chassis }) => chassis),
    value: counted,
  };
}

/** A program that is started and stopped on some nodes: their agents discover it each time. */
export function flips(lab: Lab, nodes: readonly string[]): Subject {
  const value = (number: number): string => number % 2 === 0 ? "STOP" : "RUN";
  return {
    name: `a program of ${foldNodeset(nodes)}`,
    request: (number) => ({
      path: `/nodes?nodeset=${foldNodeset(nodes)}`,
      body: { services: { flip: { state: value(number) } } },
    }),
    read: () => common(lab, nodes, ({ services }) => services.flip.state),
    value,
  };
}

/** What somebody else reports of a node to the aggregator that serves it. */
export function reports(lab: Lab, node: string, api: string): Subject {
  const value = (number: number): string => number % 2 === 0 ? "FREE" : "BUSY";
  return {
    name: `whether ${node} is busy`,
    request: (number) => ({ path: `/nodes/${node}/dsc`, body: { busy: value(number) } }),
    read: async () => v.parse(dscShape, (await lab.request("GET", `/nodes/${node}/dsc`, undefined, api)).body).busy,
    value,
  };
}

function counted(number: number): string | undefined {
  return number === 0 ? undefined : String(number);
}
