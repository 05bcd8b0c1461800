// A DHCP server as a program, so that it can be started within a network namespace, on any runtime. Its argument is JSON; it
// writes JSON lines: that it is ready, and then events. It ends with its standard input.
import process from "node:process";
import { type DhcpHost, standardBoot, startDhcpServer } from "../../aggregator/boot/dhcp/mod.ts";
import { systemClock } from "../../src/clock.ts";
import { createLog } from "../../src/log.ts";

/** What {@link main} is given. */
export interface DhcpProgramSetting {
  readonly address: string;
  readonly mode: "server" | "proxy";
  readonly hosts: { readonly [mac: string]: DhcpHost };
}

async function main(): Promise<void> {
  const { address, mode, hosts }: DhcpProgramSetting = JSON.parse(process.argv[2] ?? "");
  const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);
  const server = await startDhcpServer({
    address,
    mode,
    lookup: (mac) => hosts[mac],
    boot: (client) =>
      standardBoot(client, {}, { script: `http://${address}/script`, files: `http://${address}/files` }),
    onEvent: say,
    log: createLog((line) => process.stderr.write(line), { level: "warn" }),
    clock: systemClock,
  });
  say({ ready: true });
  process.stdin.once("end", () => void server.stop());
  process.stdin.resume();
}

void main();
