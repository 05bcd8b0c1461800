import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { createServer } from "node:tls";
import { fileURLToPath } from "node:url";
import type { Broker } from "../../scripts/brokers/broker.ts";
import { NO_MOSQUITTO, startMosquitto, type TlsFiles } from "../../scripts/brokers/mosquitto.ts";
import { type Running, startServer } from "../../scripts/cluster/process.ts";
import { runtimeArguments } from "../support/runtime_arguments.ts";
import { createAuthority } from "./certificates.ts";
import { CLIENTS } from "./clients.ts";
import { listen } from "./listener.ts";
import { until } from "../support/until.ts";

const skip = NO_MOSQUITTO ?? false;
const folder = mkdtempSync(join(tmpdir(), "kraken-tls-"));
const certificateFor = createAuthority(folder);
let broker: Broker;
let other: Broker;
let runs = 0;

before(async () => {
  if (skip !== false) return;
  const start = (name: string, tls: TlsFiles) => startMosquitto({ folder: join(folder, name), tls });
  broker = await start("right", certificateFor("right", "DNS:localhost,IP:127.0.0.1"));
  other = await start("other", certificateFor("other", "DNS:other.example"));
});

after(async () => {
  await broker?.stop();
  await other?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a client that trusts the authority, as runtimes are told by their environment, until it has written a word. */
async function trusting(client: string, url: string, word: string): Promise<{ running: Running; output: string }> {
  const logFile = join(folder, `client-${++runs}.log`);
  const file = fileURLToPath(new URL("client_process.ts", import.meta.url));
  const running = await startServer({
    command: [process.execPath, ...await runtimeArguments(file), client, url, "will", "t"],
    logFile,
    env: { NODE_EXTRA_CA_CERTS: join(folder, "ca.pem"), DENO_CERT: join(folder, "ca.pem") },
  }, () => Promise.resolve(readFileSync(logFile, "utf8").includes(word)));
  return { running, output: readFileSync(logFile, "utf8") };
}

for (const [client, connect] of Object.entries(CLIENTS)) {
  for (const host of ["localhost", "127.0.0.1"]) {
    test(
      `${client}: connects with TLS to ${host}, whose certificate an authority has signed that it trusts`,
      { skip },
      async () => {
        const { running } = await trusting(client, `mqtts://${host}:${broker.port}`, '"ready":true');
        await running.kill();
      },
    );
  }

  test(`${client}: does not connect with TLS to another host than the certificate is for`, { skip }, async () => {
    const { running, output } = await trusting(client, `mqtts://127.0.0.1:${other.port}`, '"warn"');
    await running.kill();
    assert.match(output, /certificate|altnames|ERR_TLS/i);
    assert.doesNotMatch(output, /"ready":true/);
  });

  test(`${client}: does not connect with TLS where it does not trust the authority`, { skip }, async () => {
    const { connection, heard, logged } = listen(connect, {
      url: `mqtts://localhost:${broker.port}`,
      topics: ["t"],
    });
    try {
      await until(() => logged.length > 1);
      assert.match(logged[0] ?? "", /"warn".*(certificate|UnknownIssuer)/i);
      assert.deepEqual(heard, []);
    } finally {
      await connection.end();
    }
  });
}

test("own client: says nothing to a broker before its certificate was checked", { skip }, async () => {
  const { certificate, key } = certificateFor("untrusted", "DNS:localhost");
  let handshakes = 0;
  let bytes = 0;
  const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk) => bytes += chunk.length);
  });
  server.on("connection", (socket) => {
    socket.on("error", () => {});
    handshakes++;
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo; // it listens on a TCP port
  const { connection } = listen(CLIENTS["own client"], { url: `mqtts://u:secret@localhost:${port}`, topics: ["t"] });
  try {
    await until(() => handshakes >= 2);
    assert.equal(bytes, 0);
  } finally {
    await connection.end();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
});
