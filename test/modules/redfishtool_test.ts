import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { makeCertificate, startBmcs, USER } from "./bmc_fixture.ts";
import { until, withFolder } from "./module_fixture.ts";

/** Debian's client for Redfish: somebody else's idea of what the simulator has to be like. */
const TOOL = "/usr/bin/redfishtool";
const skip = existsSync(TOOL) ? false : "redfishtool is not installed (Debian has it in the package of that name)";

test(
  "simulator is driven by Debian's redfishtool, over TLS, by session and by user and password",
  { skip },
  async () => {
    await withFolder(async (folder) => {
      const bmcs = await startBmcs(["n1", "n2"], { user: USER, sensors: "old" }, makeCertificate(folder, "bmc"));
      async function tool(auth: string, ...args: string[]): Promise<string> {
        const access = ["-r", `127.0.0.1:${bmcs.port}`, "-S", "Always", "-A", auth, "-u", USER.username];
        return await new Promise((resolve, reject) =>
          execFile(
            TOOL,
            [...access, "-p", USER.password, ...args],
            (error, stdout, stderr) => error === null ? resolve(stdout) : reject(new Error(`${stdout}${stderr}`)),
          )
        );
      }
      try {
        assert.match(await tool("Basic", "Systems"), /"Members@odata.count": 2/);
        for (const [auth, type, power] of [["Session", "On", "On"], ["Basic", "ForceOff", "Off"]] as const) {
          await tool(auth, "Systems", "-I", "n1", "reset", type);
          await until(async () => {
            assert.match(await tool(auth, "Systems", "-I", "n1", "get", "-P", "PowerState"), new RegExp(`"${power}"`));
          }, 30_000);
        }
        assert.deepEqual(bmcs.machines.get("n1")?.done, ["stop", "start", "stop"]);
        assert.match(await tool("Basic", "Systems", "-I", "n2", "setBootOverride", "Once", "Pxe"), /"Pxe"/);
        assert.match(await tool("Basic", "Chassis", "-I", "n1", "Power"), /"PowerConsumedWatts": 180/);
        await assert.rejects(tool("Basic", "Systems", "-I", "n3", "get"));
      } finally {
        await bmcs.close();
      }
    });
  },
);
