/** A machine that restarts without a word, on a network namespace of its own: see warm_reboot_e2e_test.ts. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import process from "node:process";
import { encodeDhcp } from "../../aggregator/boot/dhcp/encode.ts";
import { bindUdp } from "../../aggregator/boot/udp.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { bootCfg, type BootLab, type LabMachine, untilView, withBootLab } from "./boot_lab.ts";
import { clientPacket, FIRMWARE } from "./dhcp_packets.ts";
import { bootByNetwork, get } from "./pxe_client.ts";
import { openTftpClient, readRequest } from "./tftp_client.ts";

const SERVER = "10.77.0.2";

/** Takes an address to boot with in the name of a machine, as firmware does from port 68. */
async function takeAddress({ mac, address = "" }: LabMachine, port = 68): Promise<void> {
  const socket = await bindUdp({ address, port, onMessage() {} });
  const bytes = encodeDhcp(clientPacket("request", { mac, wants: address, server: SERVER, ...FIRMWARE.bios }));
  assert.ok(bytes);
  await socket.send(bytes, { address: SERVER, port: 67 });
  await socket.close();
}

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

async function linkEvents(lab: BootLab): Promise<string[]> {
  const { body } = await lab.request("GET", "/api/v1/events?after=0");
  const events = (body as { readonly events: readonly { readonly node: string; readonly why?: string }[] }).events;
  return events.flatMap(({ node, why }) => node === "n1" && why?.startsWith("/link") === true ? [why] : []);
}

await withBootLab({ names: ["n1"], dhcp: "server" }, async (lab) => {
  const [n1] = lab.machines;
  assert.ok(n1?.address);
  const applied = await lab.request("POST", "/api/v1/apply", { nodes: [{ name: "n1", cfg: bootCfg(n1) }] });
  assert.equal(applied.status, 200, JSON.stringify(applied.body));
  await untilView(lab, "n1", { "/runState": "SYNC", "/link": "UP" });
  const script = async () =>
    (await get(`${lab.server}/boot/v1/script?mac=${n1.mac}`, { address: n1.address })).body.toString();

  // A user's program on it is not even heard, and one of root learns that the agent lives.
  await takeAddress(n1, 40_068);
  await takeAddress(n1);
  await waitFor("its agent answers", () => lab.log().includes("as the node's agent answers"));
  assert.match(await script(), /n1 is in use, as its agent is heard/);
  assert.deepEqual(await linkEvents(lab), ["/link: UNKNOWN -> UP (both sides have all of the other's)"]);

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
});
