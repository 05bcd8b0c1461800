import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { withFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { makeCertificate, startBmcs, USER } from "./bmc_fixture.ts";

/** Debian's client for Redfish: somebody else's idea of what the simulator has to be like. */
const TOOL = "/usr/bin/redfishtool";
const skip = existsSync(TOOL) ? false : "redfishtool is not installed (Debian has it in the package of that name)";

/** What administrators ask beside the power, and what the answer has in it. */
const QUESTIONS: readonly (readonly [command: readonly string[], expected: RegExp])[] = [
  [["versions"], /"v1": "\/redfish\/v1\/"/],
  [["root"], /"RedfishVersion": "1.20.0"/],
  [["odata"], /"@odata.context": "\/redfish\/v1\/\$metadata"/],
  [["metadata"], /<edmx:Edmx /],
  [["Systems", "-I", "n1", "EthernetInterfaces"], /#EthernetInterfaceCollection/],
  [["Systems", "-I", "n1", "EthernetInterfaces", "-i", "1"], /"MACAddress": "02:/],
  [["Systems", "-I", "n1", "Logs"], /#LogServiceCollection/],
  [["Systems", "-I", "n1", "Logs", "-i", "SEL", "-E"], /The power of the system has changed/],
  [["Managers", "-I", "n1", "get"], /"FirmwareVersion": "1.0.0"/],
  [["Managers", "-I", "n1", "NetworkProtocol"], /#ManagerNetworkProtocol/],
  [["Managers", "-I", "n1", "EthernetInterfaces"], /#EthernetInterfaceCollection/],
  [["Chassis", "-I", "n1", "Thermal"], /"ReadingCelsius": 22/],
  [["SessionService", "get"], /"ServiceEnabled": true/],
  [["raw", "GET", "/redfish/v1/Systems/n1/ResetActionInfo"], /"AllowableValues"/],
];

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
        for (const [command, expected] of QUESTIONS) {
          assert.match(await tool("Session", ...command), expected, command.join(" "));
        }
        await assert.rejects(tool("Basic", "raw", "DELETE", "/redfish/v1/Systems/n1"), /405/);
      } finally {
        await bmcs.close();
      }
    });
  },
);
