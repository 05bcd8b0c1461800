import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hono } from "hono";
import { bootFault } from "../../aggregator/boot/boot_fault.ts";
import { createTransferCounter, type TransferCounter } from "../../aggregator/boot/counts.ts";
import { createBootApp } from "../../aggregator/boot/http/app.ts";
import { type Boots, createBoots } from "../../aggregator/boot/http/boots.ts";
import { serveBoot } from "../../aggregator/boot/http/serve.ts";
import type { PxeHost, PxeRegistry } from "../../modules/pxe/registry.ts";
import { createLog } from "../../src/log.ts";
import { createVirtualBoot } from "./virtual_boot.ts";

/** Of machine n1. */
export const MAC = "52:54:00:77:00:01";
/** Its kernel. */
export const KERNEL = Uint8Array.from({ length: 300_001 }, (_, index) => (index * 7) % 251);
/** Its initramfs. */
export const INITRD = Uint8Array.from({ length: 700_000 }, (_, index) => (index * 13) % 241);
/** The entity tag of its kernel. */
export const ETAG = `"${createHash("sha256").update(KERNEL).digest("hex")}"`;

/** A boot HTTP server, and what is seen of it. Its clock stands still until a test moves it. */
export interface HttpWorld extends Awaited<ReturnType<typeof createVirtualBoot>> {
  readonly url: string;
  /** What is served is in `files` below it. */
  readonly folder: string;
  readonly transfers: TransferCounter;
  readonly boots: Boots;
  /** What the server serves, to be asked without it. */
  readonly app: Hono;
  readonly logged: string[];
  /** Events of nodes that the boot services have added. */
  readonly told: string[];
  /** What else was told of machines: `recheck n1`, `fetched n1 PATH`. */
  readonly noted: string[];
  readonly state: { isRunning: boolean };
}

/** A boot HTTP server on real sockets, for the machine n1, which is on. */
export async function withServer(
  body: (world: HttpWorld) => Promise<void>,
  options: { readonly holdsAddresses?: boolean; readonly silence?: number } = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "kraken-files-"));
  const files = join(folder, "files");
  mkdirSync(join(files, "images"), { recursive: true });
  writeFileSync(join(files, "vmlinuz"), KERNEL);
  writeFileSync(join(files, "initrd.img"), INITRD);
  writeFileSync(join(files, "empty"), "");
  writeFileSync(join(files, "images", "root.sqfs"), "image");
  writeFileSync(join(folder, "secret"), "secret");
  symlinkSync(join(folder, "secret"), join(files, "out"));
  const world = await createVirtualBoot();
  const state = { isRunning: false };
  const transfers = createTransferCounter();
  const logged: string[] = [];
  const told: string[] = [];
  const noted: string[] = [];
  const boots = createBoots(world.registry, world.clock);
  const ending = new AbortController();
  let url = "";
  const app = createBootApp({
    cluster: "virtual",
    parent: world.aggregator.id,
    server: () => url,
    broker: () => "mqtt://127.0.0.1:1",
    files,
    holdsAddresses: options.holdsAddresses ?? false,
    fault: (machine) => bootFault(machine, { root: files, line: () => "" }),
    boots,
    registry: { ...onLoopback(world.registry), isRunning: (id) => state.isRunning || world.registry.isRunning(id) },
    enrolment: world.enrolment,
    onEnrolled: (id) => world.registry.saw(id, { kind: "enrolled" }),
    unknownMachines: world.unknownMachines,
    transfers,
    events: { tell: (node, why) => told.push(`${node}: ${why}`) },
    recheck: (id) => noted.push(`recheck ${id === world.idOf("n1") ? "n1" : id}`),
    fetched: ({ name }, path) => noted.push(`fetched ${name} ${path}`),
    signal: ending.signal,
    clock: world.clock,
    log: createLog((line) => logged.push(line), { level: "debug" }),
  });
  const server = await serveBoot(app, {
    ...{
      host: "127.0.0.1",
      port: 0,
      isKnown: () => false,
      onRefused: (address: string) => told.push(`refused ${address}`),
    },
    ...(options.silence !== undefined && { silence: options.silence }),
  });
  url = `http://127.0.0.1:${server.port}`;
  world.apply({
    n1: { "/ipv4/mac": MAC, "/boot/method": "pxe", "/ipv4/address": `${NETWORK}5`, "/physState": "POWER_ON" },
  });
  await world.clock.advance(5_000);
  try {
    await body({ ...world, url, folder, state, transfers, boots, app, logged, told, noted });
  } finally {
    ending.abort();
    await server.close();
    await world.aggregator.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The network of machines by their cfg; a test's requests come from where its addresses are on loopback. */
const NETWORK = "10.77.0.";
const LOOPBACK = "127.0.0.";

function onLoopback(registry: PxeRegistry): PxeRegistry {
  function moved(host: PxeHost | undefined): PxeHost | undefined {
    if (host?.lease === undefined) return host;
    return { ...host, lease: { ...host.lease, address: host.lease.address.replace(NETWORK, LOOPBACK) } };
  }
  return {
    ...registry,
    host: (mac) => moved(registry.host(mac)),
    hostAt: (address) => moved(registry.hostAt(address.replace(LOOPBACK, NETWORK))),
  };
}
