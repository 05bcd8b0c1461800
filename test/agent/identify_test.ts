import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { identify, type IdentityOptions } from "../../agent/identify.ts";
import { EXIT, ProgramError } from "../../src/cli/mod.ts";
import { systemClock } from "../../src/clock.ts";
import { createLog } from "../../src/log.ts";
import { withFolder } from "../support/folder.ts";

const ID = "00000000-0000-4000-8000-000000000001";
const PARENT = "00000000-0000-4000-8000-000000000002";
const OPTIONS: IdentityOptions = {
  ...{ id: ID, name: "n1", cluster: "lab", parent: PARENT, broker: "mqtt://10.77.0.1" },
  cmdline: undefined,
};
const NONE: IdentityOptions = {
  ...{ id: undefined, name: undefined, cluster: undefined, parent: undefined, broker: undefined },
  cmdline: undefined,
};

function partsIn(runDir: string, lines: string[] = []) {
  const signal = new AbortController().signal;
  return { runDir, clock: systemClock, random: () => 0.5, log: createLog((line) => lines.push(line)), signal };
}

/** How a call fails: with what message, and which exit code. */
async function failureOf(options: IdentityOptions, runDir = "/nowhere"): Promise<[string, number]> {
  try {
    await identify(options, partsIn(runDir));
  } catch (error) {
    assert.ok(error instanceof ProgramError, String(error));
    return [error.message, error.exitCode];
  }
  return assert.fail("it does not fail");
}

test("an agent is who its options say, and asks nobody", async () => {
  const { cmdline: _, ...identity } = OPTIONS;
  assert.deepEqual(await identify(OPTIONS, partsIn("/nowhere")), identity);
});

test("each option that is missing is named", async () => {
  for (const option of ["id", "name", "cluster", "parent", "broker"] as const) {
    assert.deepEqual(await failureOf({ ...OPTIONS, [option]: undefined }), [
      `Option '--${option}' is missing: expected it, or '--cmdline'`,
      EXIT.usage,
    ]);
  }
});

test("each option that is wrong is named, with what was expected", async () => {
  for (const option of ["id", "parent"] as const) {
    assert.deepEqual(await failureOf({ ...OPTIONS, [option]: "N1" }), [
      `Option '--${option}' is 'N1': expected a UUID in lower case`,
      EXIT.usage,
    ]);
  }
  for (const option of ["name", "cluster"] as const) {
    assert.deepEqual(await failureOf({ ...OPTIONS, [option]: "a b" }), [
      `Option '--${option}' is 'a b': expected a name`,
      EXIT.usage,
    ]);
  }
  const [message, code] = await failureOf({ ...OPTIONS, broker: "http://10.77.0.1" });
  assert.match(message, /^Option '--broker': (?!\w*Error)/);
  assert.equal(code, EXIT.usage);
});

test("an option that the kernel's command line says as well is refused", async () => {
  for (const option of ["id", "name", "cluster", "parent"] as const) {
    assert.deepEqual(await failureOf({ ...NONE, cmdline: "/proc/cmdline", [option]: "x" }), [
      `Options '--${option}' and '--cmdline' are both given: expected only one of them`,
      EXIT.usage,
    ]);
  }
});

test("a command line that can't be read or lacks something is said in words", async () => {
  const [missing, code] = await failureOf({ ...NONE, cmdline: "/no/such/file" });
  assert.match(
    missing,
    /^Cannot read the kernel command line: ENOENT|^Cannot read the kernel command line: No such file/,
  );
  assert.equal(code, EXIT.failed);
  await withFolder(async (folder) => {
    const cmdline = join(folder, "cmdline");
    writeFileSync(cmdline, "quiet kraken.cluster=lab");
    const [message] = await failureOf({ ...NONE, cmdline });
    assert.match(message, /^Cannot use the kernel command line: .*kraken\.node.*; .*kraken\.token/);
  });
});

test("an agent that was booted is who the boot server says, with its credentials in the broker's URL", async () => {
  await withFolder(async (folder) => {
    let status = 200;
    const password = "p/a:s@s";
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(status).end(JSON.stringify(
        status === 200
          ? {
            id: ID,
            name: "n1",
            cluster: "lab",
            parent: PARENT,
            broker: "mqtt://10.77.0.1:1883",
            username: ID,
            password,
          }
          : { detail: "The token has expired" },
      ));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    const cmdline = join(folder, "cmdline");
    const words = (token: string) =>
      `kraken.cluster=lab kraken.node=n1 kraken.parent=${PARENT} kraken.server=${origin} ` +
      `kraken.mac=52:54:00:77:00:01 kraken.token=${token}\n`;
    try {
      writeFileSync(cmdline, words("t".repeat(43)));
      const lines: string[] = [];
      const { broker, ...rest } = await identify({ ...NONE, cmdline }, partsIn(join(folder, "run"), lines));
      assert.deepEqual(rest, { id: ID, name: "n1", cluster: "lab", parent: PARENT, server: origin });
      const { username, password: given, host } = new URL(broker);
      assert.deepEqual([username, decodeURIComponent(given), host], [ID, password, "10.77.0.1:1883"]);
      assert.match(lines.join(""), /"message":"Enrolled","id":"0000[^"]*","name":"n1"/);
      assert.ok(!lines.join("").includes("p/a"), "a secret is logged");
      status = 403;
      writeFileSync(cmdline, words("u".repeat(43)));
      assert.deepEqual(await failureOf({ ...NONE, cmdline }, join(folder, "run")), [
        `Cannot enrol at ${origin}: The token has expired`,
        EXIT.failed,
      ]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
