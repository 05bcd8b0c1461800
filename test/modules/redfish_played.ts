import { createRedfishModule } from "../../modules/redfish/module.ts";
import type { Exchange } from "../../modules/redfish/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { withFolder } from "../support/folder.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual_clock.ts";
import { writeCredentials } from "./bmc_fixture.ts";
import { type HostedForTest, hostForTest, type TestNode, testNode } from "./module_fixture.ts";
import { ending } from "./redfish_scene.ts";

/** Where its systems are. */
export const SYSTEMS = "/redfish/v1/Systems";

/** What a BMC has at each path: an object, or how it answers. */
export type Resources = { [path: string]: object | ((asked: Asked) => Response) };

/** One request that it got. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
}

/** The module with its nodes. */
export interface Bench extends HostedForTest {
  readonly clock: VirtualClock;
  readonly nodes: readonly TestNode[];
  readonly asked: Asked[];
  /** Runs a mutation of the first node to its end, on the clock. */
  go(mutation: string): Promise<void>;
}

/** The module with nodes whose BMC has these resources, by path without a slash at its end. */
export async function withBmc(
  resources: Resources,
  run: (bench: Bench) => Promise<void>,
  nodes: readonly { readonly name: string; readonly cfg?: { readonly [url: string]: Value } }[] = [{ name: "n1" }],
  more: { readonly [name: string]: Value } = {},
): Promise<void> {
  await withFolder(async (folder) => {
    const clock = createVirtualClock();
    const asked: Asked[] = [];
    const exchange: Exchange = async (url, { method, headers, body = "" }) => {
      const own = { method, path: url.pathname, query: url.search, headers, body };
      asked.push(own);
      const found = resources[url.pathname.replace(/\/$/, "")];
      if (typeof found === "function") return found(own);
      return found === undefined ? new Response("{}", { status: 404 }) : Response.json(found);
    };
    const all = nodes.map(({ name, cfg }) => {
      const node = testNode(name, { "/platform": "redfish", "/bmc/address": "http://bmc.test", ...cfg });
      node.view.set("/platform", "redfish");
      return node;
    });
    const config = { poll: 3_600_000, sense: 0, graceful: 60_000, tls: "plain", ...more };
    const credentials = writeCredentials(folder, "bmc.json");
    const own = testNode("root", { "/services/redfish/config": { ...config, credentials } });
    const hosted = await hostForTest(createRedfishModule({ exchange }), all, { role: "parent", own, clock });
    const limit = () => {
      const timeout = new AbortController();
      clock.after(200_000, () => timeout.abort(new Error("Timed out")));
      return timeout.signal;
    };
    try {
      await run({
        ...hosted,
        clock,
        nodes: all,
        asked,
        go: (mutation) => ending(clock, hosted.run(mutation, {}, limit())),
      });
    } finally {
      const stopped = hosted.host.stop();
      await clock.advance(10_000);
      await stopped;
    }
  });
}

/** A collection of these. */
export function members(...ids: readonly string[]): object {
  return { Members: ids.map((id) => ({ "@odata.id": id.startsWith("/") ? id : `${SYSTEMS}/${id}` })) };
}

/** A service root. */
export const ROOT = { Systems: { "@odata.id": SYSTEMS } };

/** A BMC with one system, which takes orders as `reset` says. */
export function one(system: object, reset: (type: string, asked: Asked) => Response): Resources {
  const resources: Resources = {
    "/redfish/v1": ROOT,
    [SYSTEMS]: members("1"),
    [`${SYSTEMS}/1`]: system,
    [`${SYSTEMS}/1/Actions/ComputerSystem.Reset`]: (asked) => {
      const { ResetType }: { ResetType: string } = JSON.parse(asked.body);
      const answer = reset(ResetType, asked);
      if (answer.ok) resources[`${SYSTEMS}/1`] = { ...system, PowerState: ResetType.endsWith("On") ? "On" : "Off" };
      return answer;
    },
  };
  return resources;
}

/** A refusal of what a BMC does not know. */
export function unsupported(): Response {
  const info = [{ MessageId: "Base.1.8.ActionParameterNotSupported", Message: "No" }];
  return Response.json({ error: { "@Message.ExtendedInfo": info } }, { status: 400 });
}

/** The orders among what a BMC was asked. */
export function ordersOf(asked: readonly Asked[]): string[] {
  return asked.filter(({ path }) => path.endsWith(".Reset")).map(({ body }) => body);
}
