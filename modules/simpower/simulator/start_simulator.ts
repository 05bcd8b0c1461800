import { serve } from "@hono/node-server";
import { createServer } from "node:https";
import type { Clock, Random } from "../../../src/clock.ts";
import type { Log } from "../../../src/log.ts";
import type { ControllerConfig } from "./config.ts";
import { type Controller, createController } from "./controller.ts";
import { FAULTS, LostAnswerError, type ServeRequest, withFaults } from "./faults.ts";
import type { SimulatedMachine } from "./machine.ts";
import { createRedfishApp } from "./redfish.ts";

/** A certificate and its key, both PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** Controllers that are listening. */
export interface Simulator {
  readonly port: number;
  readonly controllers: readonly Controller[];
  /** Stops listening and powers every machine off. Resolves when none of their processes runs any more. */
  close(): Promise<void>;
}

/**
 * Starts controllers, each with power over one machine, behind one HTTP port: `/redfish/v1/Systems/{name}`. For a port
 * or an address for each machine, start one simulator for each. First it cuts the power of every machine, which ends
 * everything that a killed simulator left running.
 *
 * @param parts `machineOf` creates the machine of a system: a process of the agent, a virtual machine, or another.
 *   `port` 0 uses any free one.
 * @throws {Error} If it cannot listen, with the reason.
 */
export async function startSimulator<S extends { readonly name: string; readonly id: string }>(parts: {
  readonly systems: readonly S[];
  readonly machineOf: (system: S) => SimulatedMachine;
  readonly config: ControllerConfig;
  readonly host: string;
  readonly port: number;
  /** Absent: HTTP without TLS. */
  readonly tls?: Certificate;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): Promise<Simulator> {
  const controllers = parts.systems.map((system) =>
    createController(system, parts.machineOf(system), parts.config, parts)
  );
  async function unplugAll(): Promise<void> {
    await Promise.all(controllers.map((controller) => controller.unplug()));
  }
  await unplugAll();
  const ended = new AbortController();
  const app = createRedfishApp(controllers, { ...parts, signal: ended.signal });
  const faults = parts.config.faults.flatMap((name) => FAULTS[name] ?? []);
  const server = await listen(withFaults(async (request) => await app.fetch(request), faults, parts.clock), parts);
  return {
    port: server.port,
    controllers,
    async close() {
      ended.abort(new Error("The simulator ends"));
      server.close();
      await unplugAll();
    },
  };
}

function listen(
  answer: ServeRequest,
  { host, port, tls }: { readonly host: string; readonly port: number; readonly tls?: Certificate },
): Promise<{ readonly port: number; close(): void }> {
  return new Promise((resolve, reject) => {
    const secure = tls === undefined ? {} : { createServer, serverOptions: { cert: tls.certificate, key: tls.key } };
    async function fetch(request: Request, env: { readonly outgoing: { destroy(): void } }): Promise<Response> {
      try {
        return await answer(request);
      } catch (error) {
        if (!(error instanceof LostAnswerError)) throw error;
        env.outgoing.destroy();
        return new Response(null);
      }
    }
    const server = serve({ fetch, hostname: host, port, ...secure }, (address) => {
      resolve({ port: address.port, close: () => server.close() });
    });
    server.on("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "EADDRINUSE" ? "the port is in use" : error.message;
      reject(new Error(`Cannot listen on ${host}:${port} as ${why}`));
    });
  });
}
