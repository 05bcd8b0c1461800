import assert from "node:assert/strict";
import { join } from "node:path";
import { type Aggregator } from "../../aggregator/types.ts";
import { createAggregator } from "../../aggregator/create_aggregator.ts";
import { openMemoryStore } from "../../aggregator/store/mod.ts";
import { createIpmiModule } from "../../modules/ipmi/module.ts";
import { createJoinModule } from "../../modules/join/module.ts";
import { createPowermanModule } from "../../modules/powerman/module.ts";
import { parseAnswer } from "../../modules/powerman/protocol.ts";
import type { Exchange } from "../../modules/redfish/mod.ts";
import { createRedfishModule } from "../../modules/redfish/module.ts";
import { seededRandom } from "../../modules/simpower/simulator/chance.ts";
import { createSimpowerModule } from "../../modules/simpower/module.ts";
import { createLog } from "../../src/log.ts";
import type { Module } from "../../src/module/mod.ts";
import { nodeIdOf, type Value } from "../../src/state/mod.ts";
import { withFolder } from "../support/folder.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual_clock.ts";
import { writeCredentials } from "./bmc_fixture.ts";

/** What a BMC is asked for, whatever it speaks. */
export type Order = "on" | "off" | "shutdown" | "restart";

/** What a BMC says when it is read: of the power, or something that proves nothing, by a name of its driver's. */
export type Shown = "on" | "off" | "changing" | { readonly fault: string };

/** How a BMC answers an order: `refused` by a name of its driver's; `silent`: not at all. */
export type Answered = "taken" | "silent" | { readonly refused: string };

/** A BMC and its machine, as a test plays them. */
export interface PlayedBmc {
  /** What the machine is. */
  power: "on" | "off";
  /** What the BMC says: what the machine is, unless a test has something else. */
  show: () => Shown;
  /** What becomes of an order: it is done and taken, unless a test has something else. */
  obey: (order: Order) => Answered;
  /** Every order that arrived. */
  readonly orders: Order[];
  /** How often it was read. */
  reads: number;
}

/** A kind of driver, and how its BMCs say what all say. */
export interface PlayedDriver {
  readonly platform: "redfish" | "ipmi" | "powerman" | "sim";
  /** What it may be answered that proves nothing. */
  readonly faults: readonly string[];
  /** What it may be refused with. */
  readonly refusals: readonly string[];
  /** How a machine that hangs is hit. */
  readonly hits: readonly Order[];
  /** Its config, and that of its node. */
  config(folder: string): { readonly [name: string]: Value };
  readonly address: string;
  /** The module with this BMC. */
  module(bmc: PlayedBmc, clock: VirtualClock): Module;
}

/** Does an order to the machine. */
export function done(bmc: PlayedBmc, order: Order): void {
  bmc.power = order === "on" || order === "restart" ? "on" : "off";
}

/** A BMC that does what it should. */
export function createPlayedBmc(): PlayedBmc {
  const bmc: PlayedBmc = {
    power: "off",
    show: () => bmc.power,
    obey(order) {
      done(bmc, order);
      return "taken";
    },
    orders: [],
    reads: 0,
  };
  return bmc;
}

const RESETS: { readonly [type: string]: Order } = {
  On: "on",
  ForceOff: "off",
  GracefulShutdown: "shutdown",
  ForceRestart: "restart",
};
const STATES = { on: "On", off: "Off", changing: "PoweringOn" };
const HTML = "<html><body>Please log in</body></html>";

/** Answers to GET that prove nothing. */
const REDFISH_FAULTS: { readonly [name: string]: () => Response } = {
  "500": () => Response.json({ error: { message: "Internal error" } }, { status: 500 }),
  "502 with HTML": () => new Response(HTML, { status: 502, headers: { "content-type": "text/html" } }),
  "404": () => new Response(null, { status: 404 }),
  "200 without a body": () => new Response(null, { status: 200 }),
  "200 with HTML": () => new Response(HTML, { status: 200, headers: { "content-type": "text/html" } }),
  "200 with half of it": () => new Response('{"PowerState":"O'),
  "no PowerState": () => Response.json({ Id: "n1", Status: { State: "Starting" } }),
  "PowerState null": () => Response.json({ Id: "n1", PowerState: null }),
  "PowerState of another type": () => Response.json({ Id: "n1", PowerState: 1 }),
  "no answer": () => {
    throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED 10.0.0.7:443") });
  },
};

function redfishExchange(bmc: PlayedBmc): Exchange {
  return async (url, { method, body }) => {
    if (method === "POST" && url.pathname.endsWith("/Actions/ComputerSystem.Reset")) {
      const order = RESETS[JSON.parse(String(body)).ResetType];
      assert.ok(order !== undefined, String(body));
      bmc.orders.push(order);
      const answer = bmc.obey(order);
      if (answer === "taken") return new Response(null, { status: 204 });
      if (answer === "silent") throw new TypeError("fetch failed", { cause: new Error("read ECONNRESET") });
      const error = { message: "Not now" };
      return Response.json({ error }, { status: Number(answer.refused) });
    }
    if (method !== "GET" || !url.pathname.endsWith("/Systems/n1")) return new Response("{}", { status: 404 });
    bmc.reads++;
    const shown = bmc.show();
    if (typeof shown !== "string") return REDFISH_FAULTS[shown.fault]?.() ?? new Response(null, { status: 418 });
    const target = "/redfish/v1/Systems/n1/Actions/ComputerSystem.Reset";
    return Response.json({ Id: "n1", PowerState: STATES[shown], Actions: { "#ComputerSystem.Reset": { target } } });
  };
}

/** What a played ipmitool says where it proves nothing. */
const IPMI_FAULTS: {
  readonly [name: string]: { readonly code: number; readonly stdout: string; readonly stderr: string };
} = {
  "no session": { code: 1, stdout: "", stderr: "Error: Unable to establish IPMI v2 / RMCP+ session\n" },
  "no words": { code: 1, stdout: "", stderr: "" },
  "success without words": { code: 0, stdout: "", stderr: "" },
  "other words": { code: 0, stdout: "Chassis Power is on its way\n", stderr: "" },
  "node busy": { code: 1, stdout: "", stderr: "Unable to get Chassis Power Status: Node busy\n" },
  "initialization": {
    code: 1,
    stdout: "",
    stderr: "Unable to get Chassis Power Status: BMC initialization in progress\n",
  },
};

const POWERMAN_FAULTS: { readonly [name: string]: string } = {
  "unknown": "303 n1: unknown\r\n103 Query complete\r\n",
  "unknown with errors": "308 v1: connect timeout\r\n303 n1: unknown\r\n211 Query completed with errors\r\n",
  "errors without a list": "211 Query completed with errors\r\n",
  "no line of it": "103 Query complete\r\n",
  "password": "309 n1: password verification timeout\r\n303 n1: unknown\r\n211 Query completed with errors\r\n",
  "no device": "213 Command cannot be handled by power control device(s)\r\n",
};

const redfishLike = { faults: Object.keys(REDFISH_FAULTS), refusals: ["400", "409", "500"] };

/** Every driver. */
export const playedDrivers: readonly PlayedDriver[] = [
  {
    ...redfishLike,
    platform: "redfish",
    hits: ["restart"],
    config: () => ({ sense: 0 }),
    address: "http://bmc.test/redfish/v1/Systems/n1",
    module: (bmc) => createRedfishModule({ exchange: redfishExchange(bmc) }),
  },
  {
    ...redfishLike,
    platform: "sim",
    hits: ["off", "on"],
    config: () => ({}),
    address: "http://bmc.test/redfish/v1/Systems/n1",
    module: (bmc) => createSimpowerModule({ exchange: redfishExchange(bmc) }),
  },
  {
    platform: "ipmi",
    faults: Object.keys(IPMI_FAULTS),
    refusals: ["Command not supported in present state", "Node busy", "Unspecified error"],
    hits: ["restart"],
    config: (folder) => ({ credentials: writeCredentials(folder, "all.json") }),
    address: "10.0.0.7",
    module: (bmc) =>
      createIpmiModule({
        async run(args) {
          const verb = args.at(-1) ?? "";
          if (verb !== "status") {
            const order = ({ on: "on", off: "off", soft: "shutdown", reset: "restart" } as const)[verb];
            assert.ok(order !== undefined, verb);
            bmc.orders.push(order);
            const answer = bmc.obey(order);
            if (answer === "taken") return { code: 0, stdout: `Chassis Power Control: ${verb}\n`, stderr: "" };
            const why = answer === "silent"
              ? "Error: Unable to establish IPMI v2 / RMCP+ session"
              : `Set Chassis Power Control failed: ${answer.refused}`;
            return { code: 1, stdout: "", stderr: `${why}\n` };
          }
          bmc.reads++;
          const shown = bmc.show();
          if (typeof shown !== "string") return IPMI_FAULTS[shown.fault] ?? { code: 2, stdout: "", stderr: "" };
          const said = shown === "changing" ? "off" : shown; // IPMI has no word for it
          return { code: 0, stdout: `Chassis Power is ${said}\n`, stderr: "" };
        },
      }),
  },
  {
    platform: "powerman",
    faults: Object.keys(POWERMAN_FAULTS),
    refusals: ["210 Command completed with errors", "308 v1: timeout\r\n210 Command completed with errors"],
    hits: ["off", "on"],
    config: () => ({}),
    address: "n1",
    module: (bmc) =>
      createPowermanModule({
        async connect() {
          return {
            ended: false,
            end() {},
            async command(text) {
              const [verb] = text.split(" ");
              const answer = parseAnswer(verb === "on" || verb === "off" ? ordered(bmc, verb) : told(bmc));
              assert.ok(answer !== undefined);
              return answer;
            },
          };
        },
      }),
  },
];

function ordered(bmc: PlayedBmc, verb: "on" | "off"): string {
  bmc.orders.push(verb);
  const answer = bmc.obey(verb);
  if (answer === "taken") return "102 Command completed successfully\r\n";
  if (answer === "silent") throw new Error("powermand has ended the connection");
  return `${answer.refused}\r\n`;
}

function told(bmc: PlayedBmc): string {
  bmc.reads++;
  const shown = bmc.show();
  if (typeof shown !== "string") return POWERMAN_FAULTS[shown.fault] ?? "204 Internal powermand error: x::1\r\n";
  const said = shown === "changing" ? "off" : shown;
  return `303 n1: ${said}\r\n103 Query complete\r\n`;
}

/** One node of a driver in an aggregator with its engine, on a clock that the test moves. */
export interface Stage {
  readonly clock: VirtualClock;
  readonly bmc: PlayedBmc;
  readonly aggregator: Aggregator;
  /** Sets what is wanted of the node. */
  want(goals: { readonly [url: string]: Value }): void;
  physState(): string | undefined;
  /** A discovered value. */
  seen(url: string): Value | undefined;
  /** Everything that `/physState` was, in order. */
  readonly history: (string | undefined)[];
  /** The node's events, as `kind mutation why`. */
  events(): string[];
  /** Moves the clock until `/physState` is this. */
  until(physState: string, limitMs?: number): Promise<void>;
}

/** Runs a test with one node of a driver, which the aggregator has found off. */
export async function withStage(driver: PlayedDriver, run: (stage: Stage) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const clock = createVirtualClock();
    const bmc = createPlayedBmc();
    const store = openMemoryStore();
    const aggregator = createAggregator({
      ...{ cluster: "stage", name: "root", run: crypto.randomUUID(), clock, random: seededRandom(3) },
      ...{ log: createLog(() => {}), grace: 10_000, store, stored: store.load(), agentModules: [], send() {} },
      modules: [createJoinModule(), driver.module(bmc, clock)],
    });
    await aggregator.start({ api: "http://127.0.0.1:1", broker: "mqtt://127.0.0.1:2" });
    const { control } = aggregator;
    const service = driver.platform === "sim" ? "simpower" : driver.platform;
    const config = { poll: 20_000, ...driver.config(join(folder)) };
    assert.ok(
      control.patchCfg([{ id: aggregator.id, values: new Map([[`/services/${service}/config`, config]]) }], {}).ok,
    );
    const id = nodeIdOf("stage", "n1");
    const history: (string | undefined)[] = [];
    control.onEvent(() => note());
    function note(): void {
      const now = control.find("n1")?.physState;
      if (history.at(-1) !== now) history.push(now);
    }
    const stage: Stage = {
      ...{ clock, bmc, aggregator, history },
      want(goals) {
        const cfg = new Map<string, Value>([["/platform", driver.platform], ["/parent", "root"]]);
        cfg.set("/bmc/address", driver.address);
        for (const [url, value] of Object.entries(goals)) cfg.set(url, value);
        const applied = control.apply([{ id, name: "n1", cfg }], {});
        assert.ok(applied.ok, JSON.stringify(applied));
      },
      physState: () => control.find("n1")?.physState,
      seen: (url) => control.find("n1")?.dsc.get(url),
      events: () =>
        control.events(0, 10_000).filter((event) => event.node === "n1")
          .map(({ kind, mutation, why }) => `${kind} ${mutation ?? ""} ${why}`),
      async until(physState, limitMs = 900_000) {
        await clock.runUntil(() => {
          note();
          return stage.physState() === physState;
        }, limitMs);
      },
    };
    stage.want({ "/physState": "POWER_OFF" });
    await stage.until("POWER_OFF");
    await clock.advance(60_000);
    history.length = 0;
    try {
      await run(stage);
    } finally {
      await aggregator.stop();
    }
  });
}
