import assert from "node:assert/strict";
import { join } from "node:path";
import { freePort } from "../../scripts/brokers/ports.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { endContainers, squash } from "../modules/image_lab.ts";
import { sha256, startImageServer } from "../modules/image_server.ts";
import { withFolder } from "../support/folder.ts";
import { withLab } from "./lab.ts";

/**
 * Nodes are brought up with an image, get a new one without a reboot, hold one that is broken, and let go before power-off.
 *
 * @param agent What their agents are started with.
 */
export async function runImages(agent: readonly string[]): Promise<void> {
  const server = await startImageServer();
  await withFolder(async (folder) => {
    for (const version of ["1", "2"]) {
      server.files.set(version, squash(join(folder, version), { "www/version": version }));
    }
    const digestOf = (version: string) => sha256(server.files.get(version) ?? new Uint8Array());
    // Every agent has mounts of its own, as if it were alone on a machine.
    const agentCommand = ["unshare", "-m", ...agent];
    const ports = new Map<string, number>();
    await withLab({ count: 2, agentCommand }, async (lab) => {
      for (const name of lab.names) ports.set(name, await freePort());
      const page = async (name: string) =>
        (await (await fetch(`http://127.0.0.1:${ports.get(name)}/version`)).text()).trim();
      const ask = async (name: string, image: object) => {
        const { status, body } = await lab.request("PATCH", `/nodes/${name}/cfg`, { image });
        assert.equal(status, 200, JSON.stringify(body));
      };
      await lab.askForSync();
      for (const name of lab.names) {
        await waitFor("the node is there", async () => (await lab.request("GET", `/nodes/${name}`)).status === 200);
        await ask(name, {
          ...{
            name: "1",
            digest: digestOf("1"),
            url: `${server.url}/boot/v1/images/1`,
            state: "ACTIVE",
            stopTimeout: 200,
          },
          command: ["/bin/httpd", "-f", "-p", `127.0.0.1:${ports.get(name)}`, "-h", "/www"],
        });
      }
      await lab.converge();
      for (const name of lab.names) assert.equal(await page(name), "1");

      for (const name of lab.names) {
        await ask(name, { name: "2", digest: digestOf("2"), url: `${server.url}/boot/v1/images/2` });
      }
      await lab.converge();
      for (const name of lab.names) {
        assert.equal(await page(name), "2");
        assert.equal((await lab.power(name)).powerOn, 1, "it was rebooted");
      }

      await ask("n1", { digest: "0".repeat(64) });
      await waitFor("it is held", async () => (await lab.node("n1")).phase === "stuck", { limit: 120_000 });
      const stuck = await lab.request("GET", "/nodes/n1");
      assert.match(JSON.stringify(stuck.body), /has the SHA-256 [0-9a-f]{64}: expected 0{64}/);
      assert.equal(await page("n1"), "2", "the image before it goes on");
      await ask("n1", { digest: digestOf("2") });
      await lab.converge();

      await lab.request("PATCH", "/nodes/n1/cfg", { physState: "POWER_OFF" });
      await waitFor("it is off", async () => (await lab.node("n1")).physState === "POWER_OFF");
      await assert.rejects(page("n1"));
      assert.equal(await page("n2"), "2");
      await lab.request("PATCH", "/nodes/n2/cfg", { physState: "POWER_OFF" });
      await waitFor("it is off", async () => (await lab.node("n2")).physState === "POWER_OFF");
    }).finally(() => ports.forEach((port) => endContainers(`127.0.0.1:${port}`)));
  }).finally(server.close);
}
