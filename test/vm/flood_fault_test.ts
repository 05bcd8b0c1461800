import assert from "node:assert/strict";
import { test } from "node:test";
import { runCommand } from "../../scripts/command.ts";
import { startFlood } from "./flood.ts";
import { NO_MACHINES, type VirtualLab, withMachines } from "./lab.ts";

const LIMIT = 300_000;

test("machines boot over the network while unknownMachines flood it with DHCP requests", {
  ...(NO_MACHINES !== undefined && { skip: NO_MACHINES }),
}, async () => {
  await withMachines({ nodes: 2 }, async (lab) => {
    const flood = await startFlood(lab.first());
    let sent = 0;
    try {
      await lab.converge(LIMIT);
    } finally {
      sent = await flood.stop();
    }
    for (const name of lab.names) assert.deepEqual(lab.resets(name), ["On"], `${name} was powered on once`);
    const { received, unknown, limited } = await dhcpCounts(lab);
    const lost = await droppedByKernel(lab);
    const noted = unknown - limited;
    console.log(
      `Of ${sent} DHCPDISCOVER, each from an address of its own, ${limited} were dropped unread, ${noted} were noted, ` +
        `and ${lost} did not fit into the kernel's buffer; known machines sent ${received - unknown}`,
    );
    assert.ok(sent > 10_000, `only ${sent} were sent`);
    assert.ok(unknown + lost > sent / 2, `only ${unknown} and ${lost} of ${sent} arrived`);
    assert.ok(limited > unknown / 2, `${noted} of ${unknown} were looked at`);
  });
});

/** What the aggregator has counted. */
async function dhcpCounts({ lab }: VirtualLab) {
  const response = await fetch(`${lab.api}/metrics`, { signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  const read = (name: string): number => {
    const [, value] = new RegExp(`^kraken_boot_dhcp_${name}_total (\\d+)$`, "m").exec(text) ?? [];
    return Number(value ?? assert.fail(`there is no count '${name}'`));
  };
  return { received: read("received"), unknown: read("unknown"), limited: read("limited") };
}

/** Packets to the server's port that found its socket's buffer full: the last column of the line with local port 67. */
async function droppedByKernel(lab: VirtualLab): Promise<number> {
  const { output } = await runCommand(["nsenter", "--net", "-t", String(lab.first()), "cat", "/proc/self/net/udp"]);
  return output.split("\n").map((line) => line.trim().split(/\s+/))
    .filter(([, local]) => local?.endsWith(":0043") === true)
    .reduce((sum, words) => sum + Number(words.at(-1)), 0);
}
