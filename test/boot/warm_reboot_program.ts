/** A machine that restarts without a word, on a network namespace of its own: see warm_reboot_e2e_test.ts. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { encodeDhcp } from "../../aggregator/boot/dhcp/encode.ts";
import { bindUdp } from "../../aggregator/boot/udp.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { bootCfg, type BootLab, type LabMachine, untilView, withBootLab } from "./boot_lab.ts";
import { clientPacket, FIRMWARE, type Saying } from "./dhcp_packets.ts";
import { bootByNetwork, get } from "./pxe_client.ts";
import { openTftpClient, readRequest } from "./tftp_client.ts";

const SERVER = "10.77.0.2";

/** Says something over DHCP in the name of a machine, as firmware does from port 68. */
async function say(
  { mac, address = "" }: LabMachine,
  kind: "discover" | "request" | "decline",
  firmware: Saying,
  port = 68,
): Promise<void> {
  const socket = await bindUdp({ address, port, onMessage() {} });
  const wants = kind === "discover" ? {} : { wants: address, server: SERVER };
  const bytes = encodeDhcp(clientPacket(kind, { mac, ...wants, ...firmware }));
  assert.ok(bytes);
  await socket.send(bytes, { address: SERVER, port: 67 });
  await socket.close();
}
const takeAddress = (machine: LabMachine, port?: number): Promise<void> => say(machine, "request", FIRMWARE.bios, port);

/** Fetches a small file over TFTP, from an address; undefined: it is refused. */
async function fetchSmall(address: string, file: string): Promise<string | undefined> {
  const client = await openTftpClient(address);
  try {
    await client.say(readRequest(file, { blksize: "1468" }), { address: SERVER, port: 69 });
    const oack = await client.hear();
    if (oack?.packet.op !== "oack") return undefined;
    await client.say({ op: "ack", block: 0 }, oack.from);
    const data = await client.hear();
    assert.ok(data?.packet.op === "data");
    await client.say({ op: "ack", block: 1 }, data.from);
    return new TextDecoder().decode(data.packet.data);
  } finally {
    await client.close();
  }
}

async function eventsOf(lab: BootLab, node: string): Promise<{ readonly kind: string; readonly why: string }[]> {
  const { body } = await lab.request("GET", "/api/v1/events?after=0");
  const { events } = body as {
    readonly events: readonly { readonly node: string; readonly kind: string; readonly why: string }[];
  };
  return events.filter((event) => event.node === node);
}

/** Machines that the network has nothing for are held with the reason; what they were not given is an event of theirs. */
async function checkHolds(lab: BootLab, odd: LabMachine): Promise<void> {
  odd.hangsIn = "power"; // what it does is said here
  const held = (name: string, reason: RegExp) =>
    waitFor(`${name} is held`, async () => {
      const { phase, reason: why } = await lab.view(name);
      if (phase === "stuck" && reason.test(String(why))) return true;
      throw new Error(`${phase}: ${why}`);
    });
  const patch = async (cfg: Record<string, unknown>) => {
    const { status, body } = await lab.request("PATCH", `/api/v1/nodes/${odd.name}/cfg`, cfg);
    assert.equal(status, 200, JSON.stringify(body));
  };
  assert.equal((await lab.request("PATCH", "/api/v1/nodes/root/cfg", { log: { level: "debug" } })).status, 200);
  const applied = await lab.request("POST", "/api/v1/apply", { nodes: [{ name: odd.name, cfg: bootCfg(odd) }] });
  assert.equal(applied.status, 200, JSON.stringify(applied.body));
  await untilView(lab, odd.name, { "/pxe/state": "WAIT" });
  const openFirmware = { arch: 12, vendorClass: "PXEClient" };
  await say(odd, "discover", openFirmware);
  await held(odd.name, /pxe\/address .*kind 12 \(PowerPC Open Firmware\).*set its \/boot\/loader/);
  await patch({ boot: { loader: "ppc/core.elf" } });
  await held(odd.name, /no file ppc\/core.elf below the boot files, which is its \/boot\/loader/);
  writeFileSync(join(lab.folder, "files", "vmlinuz.elf"), "x");
  await patch({ boot: { loader: "vmlinuz.elf" } });
  await waitFor("it is waited for", async () => (await lab.view(odd.name))["phase"] === "working");
  await say(odd, "request", openFirmware);
  await untilView(lab, odd.name, { "/pxe/state": "DHCP" });
  assert.match(await fetchSmall(odd.address ?? "", "autoexec.ipxe") ?? "", /^#!ipxe\n[^]*\/boot\/v1\/script\?mac=/);
  await say(odd, "decline", {});
  await held(odd.name, /pxe\/script .*another machine has its address 10\.77\.0\.12/);
  for (let n = 0; n < 3; n++) assert.equal(await fetchSmall(odd.address ?? "", "vmlinuz.elf"), "x");
  assert.equal(await fetchSmall(odd.address ?? "", "none"), undefined);
  await waitFor("it is all told", async () => {
    const whys = (await eventsOf(lab, odd.name)).filter(({ kind }) => kind === "boot").map(({ why }) => why);
    const wanted = [
      /nothing for it: its firmware is of kind 12/,
      /declined the address 10.77.0.12/,
      /loader vmlinuz.elf 3 times/,
    ];
    const missing = [...wanted, /asked for none over TFTP/].filter((each) => !whys.some((why) => each.test(why)));
    if (missing.length === 0) return true;
    throw new Error(`${missing.join()} in ${whys.join("; ")}`);
  });
  const orders = (await eventsOf(lab, odd.name)).filter(({ why }) => why.startsWith("/physState: POWER_ON"));
  assert.deepEqual(orders, [], "its power was left alone");
  for (const line of ['"message":"DHCP"', '"message":"TFTP"']) assert.ok(lab.log().includes(line), line);
}

async function linkEvents(lab: BootLab): Promise<string[]> {
  return (await eventsOf(lab, "n1")).map(({ why }) => why).filter((why) => why.startsWith("/link"));
}

await withBootLab({ names: ["n1", "n2"], dhcp: "server" }, async (lab) => {
  const [n1, odd] = lab.machines;
  assert.ok(n1?.address !== undefined && odd !== undefined);
  const applied = await lab.request("POST", "/api/v1/apply", { nodes: [{ name: "n1", cfg: bootCfg(n1) }] });
  assert.equal(applied.status, 200, JSON.stringify(applied.body));
  await untilView(lab, "n1", { "/runState": "SYNC", "/link": "UP" });
  const script = async () =>
    (await get(`${lab.server}/boot/v1/script?mac=${n1.mac}`, { address: n1.address })).body.toString();

  // A user's program on it is not even heard, and one of root learns that the agent lives.
  await takeAddress(n1, 40_068);
  await takeAddress(n1);
  await waitFor("its agent answers", () => lab.log().includes("because the node's agent answers"));
  assert.match(await script(), /n1 is in use, as its agent is heard/);
  // The agent may be level before its machine is seen to be on, or after that.
  const ups = await linkEvents(lab);
  assert.equal(ups.length, 1);
  assert.match(ups[0] ?? "", /^\/link: UNKNOWN -> UP \((?:both sides have all of the other's|its machine is on)\)$/);

  // Its connection is there and nobody behind it, as after a reset: the broker would notice after 15 s.
  const agent = n1.agent;
  assert.ok(agent?.pid);
  process.kill(agent.pid, "SIGSTOP");
  const before = n1.cmdline;
  await takeAddress(n1);
  const limit = AbortSignal.timeout(12_000);
  const { cmdline } = await bootByNetwork({ server: lab.server, mac: n1.mac, address: n1.address, signal: limit });
  assert.notEqual(cmdline, before);
  const [, lost = ""] = await linkEvents(lab);
  assert.match(lost, /UP -> DOWN \(it gave no sign of life when its machine asked for an address/);

  const ended = new Promise((resolve) => agent.once("exit", resolve));
  agent.kill("SIGKILL");
  await ended;
  rmSync(n1.runDir, { recursive: true });
  n1.cmdline = cmdline;
  n1.superviseAgent();
  await untilView(lab, "n1", { "/runState": "SYNC", "/link": "UP", "/pxe/state": "INIT" });

  // A Raspberry Pi that has no agent yet gets its command line, and nobody else does; nor does one that runs.
  const boot = { method: "rpi" };
  const pi = { platform: "none", parent: "root", boot, rpi: { serial: "9ffefdef" } };
  const ipv4 = { mac: "dc:a6:32:00:00:01", address: "10.77.0.21", prefix: 24 };
  const nodes = [
    { name: "pi", cfg: { ...pi, ipv4 } },
    { name: "n1", cfg: { ...bootCfg(n1), boot, rpi: { serial: "0badcafe" } } },
  ];
  const added = await lab.request("POST", "/api/v1/apply", { nodes });
  assert.equal(added.status, 200, JSON.stringify(added.body));
  assert.match(await fetchSmall("10.77.0.21", "9ffefdef/cmdline.txt") ?? "", /kraken\.node=pi .*kraken\.token=/);
  assert.equal(await fetchSmall("10.77.0.22", "9ffefdef/cmdline.txt"), undefined);
  assert.equal(await fetchSmall(n1.address, "0badcafe/cmdline.txt"), undefined);
  assert.match(lab.log(), /Refused a file to a Raspberry Pi.*n1 is in use, as its agent is heard/);
  await untilView(lab, "n1", { "/runState": "SYNC", "/link": "UP" });

  assert.ok(!lab.log().includes('"level":"debug"'), "nobody has asked for a line of each exchange yet");
  await checkHolds(lab, odd);
});
