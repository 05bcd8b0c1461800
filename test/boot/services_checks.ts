import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { encodeDhcp } from "../../aggregator/boot/dhcp/encode.ts";
import type { BootOptions } from "../../aggregator/boot/machines.ts";
import { type BootServices, createBootServices } from "../../aggregator/boot/services.ts";
import { bindUdp } from "../../aggregator/boot/udp.ts";
import { openMemoryStore } from "../../aggregator/store/memory.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { createLog } from "../../src/log.ts";
import { type HostedForTest, hostForTest, testNode } from "../modules/module_fixture.ts";
import { withFolder } from "../support/folder.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual_clock.ts";
import { clientPacket, FIRMWARE, type Saying } from "./dhcp_packets.ts";
import { get } from "./pxe_client.ts";
import { openTftpClient, readRequest } from "./tftp_client.ts";

const ADDRESS = "10.77.0.2";
/** Where machines are: one that boots by PXE, a Raspberry Pi, and one that nobody knows. */
const AT = { n1: "10.77.0.11", pi: "10.77.0.12", stranger: "10.77.0.99" };
const MAC = { n1: "52:54:00:77:00:01", pi: "dc:a6:32:00:00:01", stranger: "52:54:00:77:00:99" };
const SERIAL = "9ffefdef";
type Machine = keyof typeof AT;

/** Boot services, and the nodes of two machines, which are on. */
interface Lab {
  readonly services: BootServices;
  readonly clock: VirtualClock;
  readonly url: string;
  readonly n1: ReturnType<typeof testNode>;
  readonly pi: ReturnType<typeof testNode>;
  /** Nodes have changed. */
  changed(): void;
  readonly logged: string[];
  /** Events of nodes. */
  readonly told: string[];
  /** Nodes whose connections were ended. */
  readonly dropped: string[];
  /** Agents that are asked whether they live, and how they say so. */
  readonly pings: { readonly node: string; readonly answer: () => void }[];
}

async function withServices(
  options: Partial<Pick<BootOptions, "dhcp" | "tftpBlock">>,
  body: (lab: Lab) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const files = {
      ...{ "vmlinuz": "kernel", "initrd.img": "initramfs", "ipxe.efi": "loader", "undionly.kpxe": "loader" },
      ...{ "rpi/start4.elf": "firmware", "large": "x".repeat(20_000) },
    };
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    const clock = createVirtualClock();
    const logged: string[] = [];
    const told: string[] = [];
    const dropped: string[] = [];
    const pings: { node: string; answer: () => void }[] = [];
    const own = testNode("root", {});
    const cfgOf = (machine: Machine, method: string) => ({
      ...{ "/parent": "root", "/boot/method": method, "/ipv4/prefix": 24 },
      ...{ "/ipv4/mac": MAC[machine], "/ipv4/address": AT[machine] },
    });
    const n1 = testNode("n1", cfgOf("n1", "pxe"));
    const pi = testNode("pi", { ...cfgOf("pi", "rpi"), "/rpi/serial": SERIAL });
    for (const node of [n1, pi]) node.view.set("/physState", "POWER_ON");
    const services = createBootServices({
      ...{ address: ADDRESS, httpPort: 0, mqttPort: 1883, files: folder, dhcp: options.dhcp ?? "server" },
      ...{ cluster: "lab", name: "root", parent: own.id, store: openMemoryStore(), facts: new Map(), clock },
      ...(options.tftpBlock !== undefined && { tftpBlock: options.tftpBlock }),
      log: createLog((line) => logged.push(line), { level: "debug" }),
    });
    const nodes = [own, n1, pi];
    const hosts: HostedForTest[] = [];
    for (const module of services.modules) hosts.push(await hostForTest(module, nodes, { role: "parent", clock }));
    const changed = () => hosts.forEach(({ host }) => nodes.forEach(({ id }) => host.changed(id)));
    const port = await services.start({
      url: "mqtt://10.77.0.2:1883",
      drop: (node) => dropped.push(node),
      ping: (node, answer) => pings.push({ node, answer }),
      note: (node, kind, why) => told.push(`${node} ${kind}: ${why}`),
    });
    try {
      await body({
        ...{ services, clock, url: `http://${ADDRESS}:${port}`, n1, pi, changed, logged, told, dropped, pings },
      });
    } finally {
      await services.stop();
      for (const { host } of hosts) await host.stop();
    }
  });
}

/** A machine says something over DHCP, from a port that only root sends from unless another is given. */
async function say(
  { services }: Lab,
  machine: Machine,
  kind: "discover" | "request" | "decline",
  saying: Saying = FIRMWARE.uefi,
  port = 68,
): Promise<void> {
  const wants = kind === "discover" ? {} : { wants: AT[machine], server: ADDRESS };
  const packet = clientPacket(kind, { mac: MAC[machine], ...wants, ...saying });
  await sendDhcp(services, machine, encodeDhcp(packet) ?? assert.fail("it can't be written"), port);
}

async function sendDhcp(services: BootServices, machine: Machine, bytes: Uint8Array, port: number): Promise<void> {
  const before = services.counts.dhcp?.received ?? 0;
  const socket = await bindUdp({ address: AT[machine], port, shared: true, onMessage() {} });
  await socket.send(bytes, { address: ADDRESS, port: 67 });
  await socket.close();
  await waitFor("it is heard", () => (services.counts.dhcp?.received ?? 0) > before);
}

/** Fetches a file over TFTP; undefined: it is refused. */
async function fetchTftp({ services }: Lab, machine: Machine, path: string): Promise<string | undefined> {
  const client = await openTftpClient(AT[machine]);
  try {
    await client.say(readRequest(path), { address: ADDRESS, port: 69 });
    let text = "";
    for (let block = 1;;) {
      const { packet, from } = await client.hear() ?? assert.fail("the server says nothing");
      if (packet.op === "error") return undefined;
      if (packet.op !== "data" || packet.block !== block) continue;
      text += new TextDecoder().decode(packet.data);
      await client.say({ op: "ack", block: block++ }, from);
      if (packet.data.length < 512) {
        await waitFor("its transfer is over", () => services.counts.tftpNow === 0);
        return text;
      }
    }
  } finally {
    await client.close();
  }
}

async function scriptOf({ url }: Lab, from: Machine = "n1"): Promise<string> {
  const { body } = await get(`${url}/boot/v1/script?mac=${MAC.n1}`, { address: AT[from] });
  return body.toString();
}

function tokenIn(script: string): string {
  return / kraken\.token=(\S+)/.exec(script)?.[1] ?? assert.fail(script);
}

async function enrol({ url }: Lab, token: string): Promise<{ readonly [field: string]: string }> {
  const answer = await fetch(`${url}/boot/v1/enrol`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token, mac: MAC.n1 }),
  });
  assert.equal(answer.status, 200);
  return await answer.json();
}

function linesOf({ logged }: Lab, message: string): string[] {
  return logged.filter((line) => line.includes(`"message":"${message}"`));
}

/** Checks of boot services, by what they state. They need a network that hears 10.77.0.0/24, and run one after the other. */
export const CHECKS: { readonly [statement: string]: () => Promise<void> } = {
  "a machine that has its address, loader, script and files gets the identity that the broker lets in": () =>
    withServices({}, async (lab) => {
      const { services, n1, url } = lab;
      await say(lab, "n1", "discover");
      await say(lab, "n1", "request");
      assert.equal(n1.view.get("/pxe/state"), "DHCP");
      assert.deepEqual(services.counts.answers, { offer: 1, ack: 1, nak: 0, silent: 0 });
      assert.equal(await fetchTftp(lab, "n1", "ipxe.efi"), "loader");
      const script = await scriptOf(lab);
      assert.ok(script.includes(` kraken.server=${url} `), script);
      assert.ok(script.includes(" kraken.cluster=lab kraken.node=n1 "), script);
      assert.equal(n1.view.get("/pxe/state"), "LOADING");
      for (const file of ["vmlinuz", "initrd.img"]) {
        await get(`${url}/boot/v1/files/${file}?mac=${MAC.n1}`, { address: AT.n1 });
      }
      await waitFor("it has its files", () => n1.view.get("/pxe/state") === "INIT");
      const { id, broker, username = "", password = "" } = await enrol(lab, tokenIn(script));
      assert.deepEqual([id, broker, username], [n1.id, "mqtt://10.77.0.2:1883", n1.id]);
      assert.equal(services.guarded.isIdentity(username, password), true);
      assert.equal(services.guarded.isIdentity(username, `${password}x`), false);
      const { enrolment, http, tftp, tftpNow } = services.counts;
      assert.deepEqual([enrolment.issued, enrolment.enrolled, http.done, tftp.done, tftpNow], [1, 1, 2, 1, 0]);
      assert.deepEqual(lab.told, []);
      const [started = ""] = linesOf(lab, "Machines boot from here");
      assert.match(started, /"info".*"server":"http:\/\/10\.77\.0\.2:\d+","dhcp":"server"/);
    }),

  "an identity is void, and its connections end, when its machine boots anew and when its power is off": () =>
    withServices({}, async (lab) => {
      const { services, n1, clock, dropped } = lab;
      const first = await enrol(lab, tokenIn(await scriptOf(lab)));
      await clock.advance(1_000);
      const token = tokenIn(await scriptOf(lab));
      assert.deepEqual(dropped.splice(0), [n1.id], "it boots anew");
      assert.equal(services.guarded.isIdentity(n1.id, first["password"] ?? ""), false);
      const second = await enrol(lab, token);
      n1.view.set("/physState", "POWER_OFF");
      lab.changed();
      assert.deepEqual(dropped, [n1.id], "its power is off");
      assert.equal(services.guarded.isIdentity(n1.id, second["password"] ?? ""), false);
    }),

  "a machine whose power was off may have its script at once": () =>
    withServices({}, async (lab) => {
      assert.match(await scriptOf(lab), / kraken\.token=/);
      assert.match(await scriptOf(lab), /has asked just now/);
      for (const state of ["POWER_OFF", "POWER_ON"]) {
        lab.n1.view.set("/physState", state);
        lab.changed();
      }
      assert.match(await scriptOf(lab), / kraken\.token=/);
    }),

  "a Raspberry Pi is told to boot over TFTP, and gets files, words and a token of its own": () =>
    withServices({}, async (lab) => {
      const { pi, url, clock } = lab;
      await say(lab, "pi", "discover", FIRMWARE.bios);
      await say(lab, "pi", "request", FIRMWARE.bios);
      assert.equal(pi.view.get("/rpi/state"), "DHCP");
      assert.equal(await fetchTftp(lab, "pi", `${SERIAL}/start4.elf`), "firmware");
      const line = await fetchTftp(lab, "pi", `${SERIAL}/cmdline.txt`) ?? "";
      assert.ok(line.includes(" kraken.cluster=lab kraken.node=pi ") && line.includes(` kraken.server=${url} `), line);
      assert.match(await fetchTftp(lab, "pi", `${SERIAL}/config.txt`) ?? "", /^kernel=kernel8\.img$/m);
      assert.equal(pi.view.get("/rpi/state"), "LOADING");
      assert.equal(await fetchTftp(lab, "pi", `${SERIAL}/kernel8.img`), "kernel");
      assert.equal(await fetchTftp(lab, "pi", `${SERIAL}/initramfs.img`), "initramfs");
      await waitFor("it has its files", () => pi.view.get("/rpi/state") === "INIT");
      assert.equal(await fetchTftp(lab, "pi", `${SERIAL}/cmdline.txt`), line, "it has one token for this boot");
      await clock.advance(1_000);
      await say(lab, "pi", "request", FIRMWARE.bios);
      assert.notEqual(await fetchTftp(lab, "pi", `${SERIAL}/cmdline.txt`), line, "it has taken an address anew");
    }),

  "a Raspberry Pi with an address of its own is not told to boot with a loader": () =>
    withServices({}, async (lab) => {
      await say(lab, "pi", "discover", FIRMWARE.bios);
      await say(lab, "n1", "discover", FIRMWARE.bios);
      await say(lab, "n1", "discover", FIRMWARE.ipxe);
      const [ofPi, ofN1, ofIpxe] = linesOf(lab, "DHCP").map((line) => JSON.parse(line).file);
      assert.notEqual(ofPi, "undionly.kpxe");
      assert.equal(ofN1, "undionly.kpxe");
      assert.equal(ofIpxe, `${lab.url}/boot/v1/script?mac=${MAC.n1}`);
    }),

  "what machines get over TFTP is below the boot files, or the script for iPXE": () =>
    withServices({}, async (lab) => {
      const { url, services, told } = lab;
      assert.equal(await fetchTftp(lab, "n1", "/vmlinuz"), "kernel");
      assert.ok((await fetchTftp(lab, "n1", "autoexec.ipxe"))?.includes(`${url}/boot/v1/script?mac=`));
      assert.equal(await fetchTftp(lab, "n1", "none"), undefined);
      assert.deepEqual(told, ["n1 boot: It asked for none over TFTP, and was refused: There is no such file"]);
      const [missing = ""] = linesOf(lab, "A machine requested a boot file that does not exist");
      assert.match(missing, /"warn".*"node":"n1","path":"none"/);
      for (const machine of ["stranger", "pi"] as const) {
        assert.equal(await fetchTftp(lab, machine, "none"), undefined);
      }
      assert.equal(told.filter((line) => line.startsWith("n1")).length, 1, "what others ask for is not its event");
      assert.equal(linesOf(lab, "A machine requested a boot file that does not exist").length, 1);
      const { tftp, http } = services.counts;
      assert.deepEqual([tftp.done, tftp.refused, http.done], [2, 3, 0]);
    }),

  "a loader that is fetched three times without a script is an event, and a script begins the count anew": () =>
    withServices({}, async (lab) => {
      const { told, clock } = lab;
      const fetchTimes = async (times: number) => {
        for (let time = 0; time < times; time++) assert.equal(await fetchTftp(lab, "n1", "ipxe.efi"), "loader");
      };
      await say(lab, "n1", "request");
      await fetchTimes(2);
      assert.equal(await fetchTftp(lab, "n1", "vmlinuz"), "kernel", "that is no loader");
      assert.deepEqual(told, []);
      await fetchTimes(1);
      await waitFor("it is told", () => told.length > 0);
      const [why = ""] = told.splice(0);
      assert.match(why, /^n1 boot: It has fetched its loader ipxe\.efi 3 times without asking for its script/);
      tokenIn(await scriptOf(lab));
      await clock.advance(1_000);
      await say(lab, "n1", "request");
      await fetchTimes(2);
      assert.deepEqual(told, []);
    }),

  "a machine whose loader is not there is not given a script until it is known to have one": () =>
    withServices({}, async (lab) => {
      await say(lab, "n1", "discover", { arch: 12, vendorClass: "PXEClient" });
      assert.match(
        lab.told[0] ?? "",
        /^n1 boot: Its firmware asks what to boot over DHCP, and there is nothing for it: /,
      );
      assert.match(await scriptOf(lab), / kraken\.token=/, "it has a loader, wherever from");
    }),

  "an agent that still seems to be heard is asked whether it lives when its machine takes an address": () =>
    withServices({}, async (lab) => {
      const { n1, pings, clock } = lab;
      await say(lab, "n1", "request");
      assert.equal(pings.length, 0, "no agent is heard");
      n1.view.set("/runState", "SYNC");
      n1.view.set("/link", "UP");
      await say(lab, "n1", "request", FIRMWARE.uefi, 40_068);
      assert.equal(pings.length, 0, "that was a user's program");
      await say(lab, "n1", "request");
      assert.deepEqual(pings.map(({ node }) => node), [n1.id]);
      const passed = "Ignored a request for an address to boot with, because the node's agent answers";
      assert.deepEqual(linesOf(lab, passed), []);
      pings[0]?.answer();
      assert.match(linesOf(lab, passed)[0] ?? "", /"warn".*"node":"n1"/);
      n1.view.set("/link", "DOWN");
      await clock.advance(1);
      assert.match(await scriptOf(lab), /has not asked for its address since it was in use/);
    }),

  "what a machine was not given over DHCP is an event of its node": () =>
    withServices({}, async (lab) => {
      const { told, services } = lab;
      await say(lab, "n1", "request", { wants: "10.77.0.98", server: ADDRESS });
      assert.match(told[0] ?? "", /^n1 boot: Its DHCP request was refused: /);
      await say(lab, "n1", "decline");
      assert.match(told[1] ?? "", /^n1 boot: It declined the address 10\.77\.0\.11/);
      const whole = encodeDhcp(clientPacket("discover", { mac: MAC.n1 })) ?? assert.fail("it can't be written");
      const broken = whole.slice();
      broken[236] = 0; // the magic cookie
      await sendDhcp(services, "n1", broken, 68);
      assert.match(told[2] ?? "", /^n1 boot: Its DHCP packet can't be read: /);
      assert.deepEqual([services.counts.answers.nak, services.counts.dhcp?.malformed], [1, 1]);
    }),

  "machines that nobody knows are shown with what they said, and get nothing": () =>
    withServices({}, async (lab) => {
      const { services } = lab;
      await say(lab, "stranger", "discover");
      assert.deepEqual(services.network.unknownMachines.list().map(({ mac, asked, arch }) => [mac, asked, arch]), [
        [MAC.stranger, "dhcp discover", "uefi-x86_64"],
      ]);
      assert.equal(services.counts.dhcp?.answered, 0);
      assert.deepEqual(
        services.counts.answers,
        { offer: 0, ack: 0, nak: 0, silent: 0 },
        "they are not counted as ours",
      );
      services.network.unknownMachines.saw({ mac: MAC.n1, asked: "script" });
      assert.equal(services.network.unknownMachines.list().length, 1, "a node's machine is none");
    }),

  "the broker and the API are told where machines boot, and which addresses are theirs": () =>
    withServices({}, ({ services: { guarded, network } }) => {
      assert.deepEqual([guarded.host, guarded.port, network.address, network.subnet], [
        ...[ADDRESS, 1883, ADDRESS, "10.77.0.0/24"],
      ]);
      assert.deepEqual([guarded.isKnown(AT.n1), guarded.isKnown(AT.stranger)], [true, false]);
      return Promise.resolve();
    }),

  "beside a site's own server there is a proxy, whose machines may ask from anywhere": () =>
    withServices({ dhcp: "proxy" }, async (lab) => {
      const { n1, services } = lab;
      await say(lab, "n1", "discover");
      await say(lab, "n1", "request");
      assert.equal(n1.view.get("/pxe/state"), "DHCP");
      assert.equal(services.network.subnet, undefined);
      assert.match(await scriptOf(lab, "stranger"), / kraken\.token=/);
      assert.equal(await fetchTftp(lab, "n1", "ipxe.efi"), "loader");
    }),

  "without DHCP of our own there is only HTTP": () =>
    withServices({ dhcp: "off" }, async (lab) => {
      const { services } = lab;
      assert.match(tokenIn(await scriptOf(lab, "stranger")), /^[\w-]{43}$/);
      assert.deepEqual([services.counts.dhcp, services.counts.tftpNow], [undefined, 0]);
      assert.equal(services.network.subnet, undefined);
      for (const port of [67, 69]) await (await bindUdp({ address: ADDRESS, port, onMessage() {} })).close();
    }),

  "where we give the addresses a script goes to the machine's own address only": () =>
    withServices({}, async (lab) => {
      assert.match(await scriptOf(lab, "stranger"), /n1 must ask from 10\.77\.0\.11, this is 10\.77\.0\.99/);
    }),

  "blocks over TFTP are as large as is asked for, up to what was given or goes through the interface": async () => {
    for (const [tftpBlock, size] of [[1_000, "1000"], [undefined, "60000"]] as const) {
      await withServices(tftpBlock === undefined ? {} : { tftpBlock }, async () => {
        const client = await openTftpClient(AT.n1);
        await client.say(readRequest("large", { blksize: "60000" }), { address: ADDRESS, port: 69 });
        const heard = await client.hear();
        assert.equal(heard?.packet.op === "oack" && heard.packet.options.get("blksize"), size);
        await client.say({ op: "error", code: 0, message: "enough" }, heard?.from ?? assert.fail());
        await client.close();
      });
    }
  },

  "a machine whose connections are refused, as there are too many, has an event, and a stranger has none": () =>
    withServices({ dhcp: "off" }, async ({ url, told }) => {
      const { hostname, port } = new URL(url);
      const open = (machine: Machine) =>
        Array.from({ length: 33 }, () => {
          const at = { host: hostname, port: Number(port), localAddress: AT[machine] };
          const client = { isClosed: false, socket: connect(at).on("error", () => {}) };
          client.socket.on("close", () => client.isClosed = true).resume();
          return client;
        });
      const clients = open("stranger");
      await waitFor("one is refused", () => clients.some(({ isClosed }) => isClosed));
      clients.push(...open("n1"));
      await waitFor("it is told", () => told.length > 0);
      for (const { socket } of clients) socket.destroy();
      assert.deepEqual(told, [
        "n1 boot: A connection from 10.77.0.11 to boot HTTP was refused, as too many are open from there or in all",
      ]);
    }),

  "services that were stopped have let go of their ports": () =>
    withServices({}, async ({ services, url }) => {
      await services.stop();
      await assert.rejects(fetch(`${url}/boot/v1/time`));
      for (const port of [67, 69]) await (await bindUdp({ address: ADDRESS, port, onMessage() {} })).close();
    }),
};
