import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { DhcpEvent, DhcpHost } from "../../aggregator/boot/dhcp/mod.ts";
import { bunPath, DENO_CONFIG, denoPath, nodePath, ROOT } from "../../scripts/runtimes.ts";
import { until } from "../support/until.ts";
import type { DhcpProgramSetting } from "./dhcp_program.ts";
import { type NetworkLab, noNetworkLab, withNetworkLab } from "./network_lab.ts";

const MAC = "52:54:00:77:00:01";
const N1: DhcpHost = {
  name: "n1",
  lease: { address: "10.77.0.11", prefix: 24, gateway: "10.77.0.254", dns: ["10.77.0.2"] },
};
const FAR: DhcpHost = { name: "far", lease: { address: "10.78.0.11", prefix: 24, gateway: "10.78.0.254" } };
const skip = noNetworkLab();

const RUNTIMES: { readonly [name: string]: readonly string[] } = {
  deno: [denoPath(), "run", "-A", "--no-check", "--quiet", "--config", DENO_CONFIG],
  node: [nodePath(), "--import", join(ROOT, "node_modules/tsx/dist/loader.mjs")],
  bun: [bunPath()],
};

/** Starts our server on a machine. @returns Its events, as they come. */
async function serve(lab: NetworkLab, setting: DhcpProgramSetting, runtime = "deno"): Promise<DhcpEvent[]> {
  const events: DhcpEvent[] = [];
  let ready = false;
  lab.start(
    "server",
    (line) => {
      const said = JSON.parse(line);
      if (said.ready === true) ready = true;
      else events.push(said);
    },
    ...RUNTIMES[runtime] ?? [],
    join(ROOT, "test/boot/dhcp_program.ts"),
    JSON.stringify(setting),
  );
  await until(() => ready, 30_000);
  return events;
}

/** Asks for a lease with BusyBox's client. @returns What it was given, as its script sees it; undefined: nothing. */
function udhcpc(lab: NetworkLab, machine: string, ...more: string[]): { readonly [name: string]: string } | undefined {
  const script = join(lab.folder, "udhcpc");
  writeFileSync(script, '#!/bin/sh\n[ "$1" = bound ] && env\nexit 0\n', { mode: 0o755 });
  const { code, output } = lab.run(
    machine,
    "busybox",
    "udhcpc",
    "-f",
    "-n",
    "-q",
    "-i",
    "eth0",
    "-t",
    "4",
    "-T",
    "1",
    "-s",
    script,
    ...more,
  );
  if (code !== 0) return undefined;
  return Object.fromEntries(
    output.split("\n").filter((line) => line.includes("=")).map((line) => line.split(/=(.*)/, 2)),
  );
}

/** A lease that dhclient had before, and that has not ended. */
function leaseOf(address: string): string {
  const ends = ["renew", "rebind", "expire"].map((when) => `  ${when} 4 2099/01/01 00:00:00;`);
  return ["lease {", '  interface "eth0";', `  fixed-address ${address};`, ...ends, "}", ""].join("\n");
}

/** Starts dhclient with a lease that it had before. @param script Says, by how it ends, whether an address can be used. */
function startDhclient(lab: NetworkLab, machine: string, script: string, lease: string): void {
  const file = (what: string, content: string): string => {
    const path = join(lab.folder, `${machine}-${what}`);
    writeFileSync(path, content, { mode: 0o755 });
    return path;
  };
  const words = ["-4", "-1", "-d", "-sf", file("script", script), "-cf", "/dev/null", "-lf", file("leases", lease)];
  lab.start(
    machine,
    () => {},
    "dhclient", // by itself: what a `timeout` around it leaves behind when it is killed keeps the test from ending
    ...words,
    "-pf",
    join(lab.folder, `${machine}-pid`),
    "eth0",
  );
}

for (const runtime of Object.keys(RUNTIMES)) {
  test(`on ${runtime}, BusyBox's udhcpc gets its address and what to boot by broadcast`, { skip }, async () => {
    await withNetworkLab({
      server: [{ network: "lan", address: "10.77.0.1/24" }, { network: "other", address: "192.168.9.1/24" }],
      n1: [{ network: "lan", mac: MAC }],
      stranger: [{ network: "lan", mac: "52:54:00:77:00:99" }],
    }, async (lab) => {
      // The way to everywhere leads through the other network: a broadcast must leave by the right one all the same.
      assert.equal(lab.run("server", "ip", "route", "add", "default", "via", "192.168.9.254").code, 0);
      const events = await serve(lab, { address: "10.77.0.1", mode: "server", hosts: { [MAC]: N1 } }, runtime);
      const lease = udhcpc(lab, "n1", "-V", "PXEClient:Arch:00007:UNDI:003001", "-O", "bootfile", "-O", "tftp");
      assert.ok(lease, "it got no lease");
      assert.deepEqual(
        [
          lease["ip"],
          lease["mask"],
          lease["router"],
          lease["dns"],
          lease["hostname"],
          lease["siaddr"],
          lease["boot_file"],
        ],
        ["10.77.0.11", "24", "10.77.0.254", "10.77.0.2", "n1", "10.77.0.1", "ipxe.efi"],
      );
      assert.deepEqual([lease["serverid"], lease["lease"], lease["bootfile"]], ["10.77.0.1", "3600", "ipxe.efi"]);
      await until(() => events.length === 2);
      assert.deepEqual(events.map(({ request, answer }) => `${request} ${answer}`), ["discover offer", "request ack"]);
      assert.equal(udhcpc(lab, "stranger"), undefined, "nobody knows it");
      await until(() => events.some(({ client, host }) => client.mac.endsWith(":99") && host === undefined));
    });
  });
}

test("ISC's dhclient takes its lease, asks for it again after a restart, and gives it up", { skip }, async () => {
  await withNetworkLab({
    server: [{ network: "lan", address: "10.77.0.1/24" }],
    n1: [{ network: "lan", mac: MAC }],
  }, async (lab) => {
    const events = await serve(lab, { address: "10.77.0.1", mode: "server", hosts: { [MAC]: N1 } });
    const leases = join(lab.folder, "leases");
    const pid = join(lab.folder, "pid");
    const dhclient = (...words: string[]) =>
      lab.run(
        "n1",
        "dhclient",
        "-4",
        "-v",
        "-sf",
        "/bin/true",
        "-cf",
        "/dev/null",
        "-lf",
        leases,
        "-pf",
        pid,
        ...words,
        "eth0",
      );
    const stopped = () => !existsSync(pid) || lab.run("n1", "kill", readFileSync(pid, "utf8").trim()).code === 0;
    assert.equal(dhclient("-1").code, 0);
    assert.match(readFileSync(leases, "utf8"), /fixed-address 10.77.0.11;[^}]*dhcp-server-identifier 10.77.0.1;/);
    assert.ok(stopped());
    assert.equal(dhclient("-1").code, 0);
    await until(() => events.some(({ reason }) => reason === "It had this address before"));
    assert.ok(stopped());
    assert.equal(lab.run("n1", "ip", "addr", "add", "10.77.0.11/24", "dev", "eth0").code, 0);
    dhclient("-r");
    await until(() => events.some(({ request }) => request === "release"));
    assert.deepEqual(events.filter(({ answer }) => answer === "nak"), []);
  });
});

test("dhclient that finds its address in use declines it, and one that comes back to another network is told so", {
  skip,
}, async () => {
  await withNetworkLab({
    server: [{ network: "lan", address: "10.77.0.1/24" }],
    n1: [{ network: "lan", mac: MAC }],
    moved: [{ network: "lan", mac: "52:54:00:77:00:02" }],
  }, async (lab) => {
    const hosts = {
      [MAC]: N1,
      "52:54:00:77:00:02": { ...N1, name: "moved", lease: { address: "10.77.0.12", prefix: 24 } },
    };
    const events = await serve(lab, { address: "10.77.0.1", mode: "server", hosts });
    startDhclient(lab, "n1", '#!/bin/sh\n[ "$reason" = BOUND ] && exit 1\nexit 0\n', "");
    await until(() => events.some(({ request }) => request === "decline"));
    const declined = events.find(({ request }) => request === "decline");
    assert.deepEqual([declined?.answer, declined?.isOurs, declined?.address], ["silent", true, "10.77.0.11"]);
    assert.match(declined?.reason ?? "", /found 10\.77\.0\.11 in use/);

    startDhclient(lab, "moved", "#!/bin/sh\nexit 0\n", leaseOf("10.99.0.5"));
    await until(() => events.some(({ answer }) => answer === "nak"));
    assert.match(events.find(({ answer }) => answer === "nak")?.reason ?? "", /wants 10\.99\.0\.5/);
    await until(() => events.some(({ answer, host }) => answer === "ack" && host?.name === "moved"));
  });
});

test("a machine behind dnsmasq as a relay gets its own network's address", { skip }, async () => {
  await withNetworkLab({
    server: [{ network: "lan", address: "10.77.0.1/24" }],
    relay: [{ network: "lan", address: "10.77.0.254/24" }, { network: "far", address: "10.78.0.254/24" }],
    far: [{ network: "far", mac: "52:54:00:77:00:02" }],
    wrong: [{ network: "far", mac: MAC }],
  }, async (lab) => {
    assert.equal(lab.run("server", "ip", "route", "add", "10.78.0.0/24", "via", "10.77.0.254").code, 0);
    lab.run("relay", "sysctl", "-qw", "net.ipv4.ip_forward=1");
    const hosts = { [MAC]: N1, "52:54:00:77:00:02": FAR };
    const events = await serve(lab, { address: "10.77.0.1", mode: "server", hosts });
    lab.start(
      "relay",
      () => {},
      "dnsmasq",
      "--keep-in-foreground",
      "--conf-file=/dev/null",
      "--port=0",
      "--pid-file=",
      "--log-facility=/dev/null",
      "--dhcp-relay=10.78.0.254,10.77.0.1",
    );
    const lease = udhcpc(lab, "far", "-t", "10");
    assert.equal(lease?.["ip"], "10.78.0.11");
    await until(() => events.some(({ answer }) => answer === "ack"));
    assert.ok(events.every(({ client }) => client.relay === "10.78.0.254"));
    assert.equal(udhcpc(lab, "wrong"), undefined, "its address is of another network");
    await until(() => events.some(({ reason }) => reason.startsWith("It asks from the network of 10.78.0.254")));
    // It was moved with its lease: until it is told, it would go on with an address that nobody reaches there.
    startDhclient(lab, "wrong", "#!/bin/sh\nexit 0\n", leaseOf("10.77.0.11"));
    await until(() => events.some(({ answer, address }) => answer === "nak" && address === "10.77.0.11"));
  });
});

test("as a proxy beside dnsmasq, addresses are dnsmasq's and what to boot is ours", { skip }, async () => {
  await withNetworkLab({
    server: [{ network: "lan", address: "10.77.0.1/24" }],
    site: [{ network: "lan", address: "10.77.0.2/24" }],
    n1: [{ network: "lan", mac: MAC }],
  }, async (lab) => {
    const events = await serve(lab, { address: "10.77.0.1", mode: "proxy", hosts: { [MAC]: { name: "n1" } } });
    lab.start(
      "site",
      () => {},
      "dnsmasq",
      "--keep-in-foreground",
      "--conf-file=/dev/null",
      "--port=0",
      "--pid-file=",
      "--log-facility=/dev/null",
      "--no-ping",
      "--dhcp-range=10.77.0.100,10.77.0.110,1h",
      "--dhcp-authoritative",
      `--dhcp-leasefile=${join(lab.folder, "leases")}`,
    );
    const lease = udhcpc(lab, "n1", "-t", "10");
    assert.match(lease?.["ip"] ?? "", /^10\.77\.0\.1[01]\d$/);
    assert.equal(lease?.["serverid"], "10.77.0.2");
    await until(() => events.some(({ request }) => request === "request"));
    assert.ok(events.every(({ answer }) => answer === "silent"));
    // BusyBox does not know of proxies: it shows whose offers come. A PXE client's is answered by both.
    udhcpc(lab, "n1", "-V", "PXEClient:Arch:00000:UNDI:002001");
    await until(() => events.some(({ answer, file }) => answer === "offer" && file === "undionly.kpxe"));
  });
});
