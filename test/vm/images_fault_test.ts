import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { buildImage, type BuiltImage } from "../../scripts/build-image/build.ts";
import { runCommand } from "../../scripts/command.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { machineAddressesOf } from "../../scripts/vcluster/lab_config.ts";
import { isRecord } from "../../src/state/mod.ts";
import { NO_MACHINES, type VirtualLab, withMachines } from "./lab.ts";

const LIMIT = 480_000;
const options = NO_MACHINES === undefined ? {} : { skip: NO_MACHINES };

/** Two versions of an image, for one test. */
async function withImages(run: (one: BuiltImage, two: BuiltImage) => Promise<void>): Promise<void> {
  const output = mkdtempSync(join(tmpdir(), "kraken-images-"));
  try {
    await run(
      await buildImage({ name: "one", label: "one", output }),
      await buildImage({ name: "two", label: "two", output }),
    );
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

/** A layer for one site, with the key of who may log in as root, for one test. @param run Gets the file with the private key. */
async function withSite(run: (layer: BuiltImage, key: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "kraken-site-"));
  try {
    const key = join(folder, "key");
    await mustRun("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key);
    const tree = join(folder, "tree");
    mkdirSync(join(tree, "root/.ssh"), { recursive: true, mode: 0o700 });
    writeFileSync(join(tree, "root/.ssh/authorized_keys"), readFileSync(`${key}.pub`), { mode: 0o600 });
    await run(await buildImage({ name: "site", label: "", tree, output: folder }), key);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a command says. @throws {Error} When it fails. */
async function mustRun(...command: string[]): Promise<string> {
  const { code, output } = await runCommand(command, { timeout: 30_000 });
  if (code === 0) return output.trim();
  throw new Error(`${command.join(" ")} ended with ${code ?? "a signal"}: ${output}`);
}

/** What a command says that is run on the machines' network. */
function onNetwork(lab: VirtualLab, ...command: string[]): Promise<string> {
  return mustRun("nsenter", "--net", "-t", String(lab.first()), ...command);
}

/** What a command says that root runs on a node over SSH. */
function onNode(lab: VirtualLab, number: number, key: string, command: string): Promise<string> {
  const options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "ConnectTimeout=10"];
  const words = options.flatMap((each) => ["-o", each]);
  return onNetwork(
    lab,
    "ssh",
    "-q",
    "-F",
    "none",
    "-i",
    key,
    ...words,
    `root@${machineAddressesOf(number).address}`,
    command,
  );
}

/** What the image of a node says that it is, over HTTP. */
function labelOf(lab: VirtualLab, number: number): Promise<string> {
  return onNetwork(lab, "curl", "-sS", "--max-time", "10", `http://${machineAddressesOf(number).address}/image`);
}

/** The first line of a node's SSH server. */
function bannerOf(lab: VirtualLab, number: number): Promise<string> {
  const { address } = machineAddressesOf(number);
  return onNetwork(lab, "timeout", "10", "bash", "-c", `exec 3<>/dev/tcp/${address}/22 && head -n 1 <&3`);
}

test("four nodes run an image, and a new one is rolled to all of them without a reboot", options, async () => {
  await withImages(async (one, two) => {
    await withMachines({ nodes: 4, memory: 256, image: { file: one.file, mode: "container" } }, async (lab) => {
      await lab.converge(LIMIT);
      for (const number of [1, 2, 3, 4]) {
        assert.equal(await labelOf(lab, number), "one");
        assert.match(await bannerOf(lab, number), /^SSH-2\.0-dropbear/);
      }
      const next = await lab.serve(two.file);
      const start = performance.now();
      for (const name of lab.names) await lab.api.patchCfg(lab.id(name), { image: next });
      await waitFor("all run the new one", async () => {
        for (const name of lab.names) {
          const { image } = await lab.api.dsc(lab.id(name));
          const active = isRecord(image) ? image["active"] : undefined;
          if (!Array.isArray(active) || active[0] !== next.digest) return false;
        }
        return true;
      }, { limit: LIMIT, every: 200 });
      console.log(`The image was rolled to four nodes in ${((performance.now() - start) / 1000).toFixed(1)} s`);
      await lab.converge(LIMIT);
      for (const number of [1, 2, 3, 4]) assert.equal(await labelOf(lab, number), "two");
      for (const name of lab.names) assert.deepEqual(lab.resets(name), ["On"], `${name} was not rebooted`);
    });
  });
});

test("a machine switches to an image: root logs in over SSH, and agent and DHCP client go on", options, async () => {
  await withImages(async (one) => {
    await withSite(async (site, key) => {
      const image = { file: one.file, layers: [site.file], mode: "root" } as const;
      // From the end of one agent to the link of the next the switch takes an emulated machine 4 to 6 s.
      await withMachines({ nodes: 1, memory: 256, image, dhcp: "proxy", grace: "30s" }, async (lab) => {
        await lab.converge(LIMIT);
        assert.match(lab.console("n1"), /kraken: Switching to the image's \/sbin\/init/);
        assert.equal(await labelOf(lab, 1), "one");
        const said = await onNode(
          lab,
          1,
          key,
          "id -un; cat /etc/image /proc/1/comm; pidof kraken-agent || pidof ld-linux-x86-64.so.2",
        );
        assert.match(
          said,
          /^root\none\ninit\n\d+$/,
          "root, in the image, whose init is the first process, and the agent beside it",
        );
        // What the agent has been told since the switch it does: here, to stop a service that it had started before.
        await lab.api.patchCfg(lab.id("n1"), { services: { web: { state: "STOP" } } });
        await lab.converge(LIMIT);
        await lab.renewed("n1");
        assert.doesNotMatch(lab.console("n1"), /loses the address/);
        await lab.converge(LIMIT);
        assert.deepEqual(lab.resets("n1"), ["On"]);
      });
    });
  });
});
