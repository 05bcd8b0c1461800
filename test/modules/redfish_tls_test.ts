import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, createServer as createProxy, type Server } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { createServer as createSecureServer } from "node:tls";
import { createConnections } from "../../modules/redfish/connections.ts";
import { createRedfishModule } from "../../modules/redfish/module.ts";
import { createTlsHelper } from "../../modules/redfish/tls_helper.ts";
import { systemClock } from "../../src/clock.ts";
import type { Value } from "../../src/state/mod.ts";
import { withFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { makeCertificate } from "./bmc_fixture.ts";
import { type HostedForTest, hostForTest, type TestNode, testNode } from "./module_fixture.ts";
import {
  type CertificateWish,
  makeRsaCertificate,
  startTlsServer,
  type TestCertificate,
  type TlsServer,
  type TlsServerOptions,
} from "./tls_fixture.ts";
import { errorText } from "../../src/toolkit/mod.ts";

type Cfg = { readonly [url: string]: Value };

/** Gives a test the module with a node at this address, by default as strict as it can be. */
async function withModule(
  address: string,
  cfg: Cfg,
  run: (bench: HostedForTest & { readonly node: TestNode }) => Promise<void>,
  config: Cfg = {},
): Promise<void> {
  const node = testNode("n1", { "/platform": "redfish", "/bmc/address": address, ...cfg });
  node.view.set("/platform", "redfish");
  const settings = { poll: 3_600_000, sense: 0, graceful: 0, auth: "basic", ...config };
  const own = testNode("root", { "/services/redfish/config": settings });
  const hosted = await hostForTest(createRedfishModule(), [node], { role: "parent", own });
  try {
    await run({ ...hosted, node });
  } finally {
    await hosted.host.stop();
  }
}

/** What the module says of a BMC's power with these settings: `on`, `off`, or why it can't be asked. */
async function ask(address: string, cfg: Cfg, config: Cfg = {}): Promise<string> {
  let said = "";
  await withModule(address, cfg, async ({ run, node }) => {
    try {
      await run("find-on");
      said = String(node.view.get("/physState"));
    } catch (error) {
      said = errorText(error);
    }
  }, config);
  return said;
}

async function withServer(
  run: (server: TlsServer, certificate: TestCertificate, folder: string) => Promise<void>,
  wish: CertificateWish = {},
  options: TlsServerOptions = {},
): Promise<void> {
  await withFolder(async (folder) => {
    const certificate = makeRsaCertificate(folder, "bmc", wish);
    const server = await startTlsServer(certificate, options);
    try {
      await run(server, certificate, folder);
    } finally {
      server.close();
    }
  });
}

const OFF = "POWER_OFF";

test("redfish says that a certificate has expired, and takes it by its fingerprint", async () => {
  await withServer(async ({ url }, { fingerprint }) => {
    const said = await ask(url, {});
    assert.match(
      said,
      /its certificate expired on 2021-01-01, is self-signed\. It is [0-9A-F:]{95} \(CN=bmc, until 2021/,
    );
    assert.match(said, /set the node's '\/bmc\/fingerprint' to it, set its '\/bmc\/trust' to first-use or unverified/);
    assert.equal(await ask(url, { "/bmc/fingerprint": fingerprint }), OFF);
  }, { expired: true });
});

test("redfish says that a certificate is self-signed, and takes it on first use and no other one afterwards", async () => {
  await withServer(async ({ url }, { fingerprint }, folder) => {
    assert.match(await ask(url, {}), /its certificate is self-signed\. It is/);
    const other = await startTlsServer(makeRsaCertificate(folder, "other"));
    try {
      await withModule(url, { "/bmc/trust": "first-use" }, async ({ run, node, set }) => {
        await run("find-on");
        assert.equal(node.view.get("/physState"), OFF);
        const stated = String(node.view.get("/bmc/certificate"));
        assert.equal(stated.split(" ")[0]?.replaceAll(":", ""), fingerprint);
        assert.match(stated, /\(CN=bmc, until 2099-12-31\)/);
        set("/bmc/address", other.url);
        await assert.rejects(run("find-on"), /its certificate has the fingerprint [0-9A-F]{64}: expected/);
        set("/bmc/trust", "unverified");
        await run("find-on");
        assert.equal(
          node.view.get("/bmc/certificate"),
          undefined,
          "what was taken is forgotten when that is not wanted",
        );
        set("/bmc/trust", "first-use");
        await run("find-on");
        assert.notEqual(String(node.view.get("/bmc/certificate")), stated);
      });
    } finally {
      other.close();
    }
  });
});

test("redfish compares all of a fingerprint", async () => {
  await withServer(async ({ url }, { fingerprint }) => {
    const other = (digit: string | undefined) => digit === "0" ? "1" : "0";
    for (
      const wrong of [other(fingerprint[0]) + fingerprint.slice(1), fingerprint.slice(0, 63) + other(fingerprint[63])]
    ) {
      assert.match(await ask(url, { "/bmc/fingerprint": wrong }), new RegExp(`${fingerprint}: expected ${wrong}`));
    }
  });
});

test("redfish remembers the certificate of first use over a restart", async () => {
  await withServer(async ({ url }) => {
    await withModule(url, { "/bmc/trust": "first-use" }, async ({ run, node }) => {
      node.view.set("/bmc/certificate", `${"AB:".repeat(31)}AB (CN=bmc, until 2099-12-31)`);
      await assert.rejects(run("find-on"), /expected (AB){32}/);
    });
  });
});

test("redfish says whom a certificate is for, and for whom it is not", async () => {
  await withServer(async ({ url }, { file }) => {
    assert.match(await ask(url, {}, { ca: file }), /is for 'bmc\.example' and not for '127\.0\.0\.1'/);
    assert.equal(await ask(url, { "/bmc/trust": "unverified" }), OFF);
  }, { names: "DNS:bmc.example" });
});

test("redfish says who signed a certificate where nobody trusts them, and takes it with their own", async () => {
  await withFolder(async (folder) => {
    const ca = makeRsaCertificate(folder, "ca-site");
    const signedBy = { file: ca.file, keyFile: join(folder, "ca-site.key") };
    const server = await startTlsServer(makeRsaCertificate(folder, "bmc", { signedBy }));
    try {
      assert.match(
        await ask(server.url, {}),
        /is signed by 'CN=ca-site', which no trusted authority has certified/,
      );
      assert.equal(await ask(server.url, {}, { ca: ca.file }), OFF);
      assert.equal(await ask(server.url, { "/bmc/trust": "verified" }, { ca: ca.file, tls: "unverified" }), OFF);
    } finally {
      server.close();
    }
  });
});

test("redfish says that an RSA key is too weak, and takes it by its fingerprint or unverified", async () => {
  await withServer(async ({ url }, { fingerprint }) => {
    assert.match(await ask(url, {}), /has an RSA key of 1024 bits, which is too weak/);
    assert.equal(await ask(url, { "/bmc/fingerprint": fingerprint }), OFF);
    assert.equal(await ask(url, { "/bmc/trust": "unverified" }), OFF);
  }, { bits: 1024 });
});

for (const [version, name] of [["TLSv1", "1.0"], ["TLSv1.1", "1.1"]] as const) {
  test(`redfish says that a BMC speaks TLS ${name} at most, and speaks it with that one alone when it is told to`, async () => {
    const old = { minVersion: version, maxVersion: version, ciphers: "ALL:@SECLEVEL=0" };
    await withServer(
      async ({ url }, { fingerprint }) => {
        const strict = { "/bmc/fingerprint": fingerprint };
        const refusal = new RegExp(`it uses TLS ${name.replace(".", "\\.")} at most: .* '/bmc/tls' to tls${name}`);
        assert.match(await ask(url, strict), refusal);
        assert.equal(await ask(url, { ...strict, "/bmc/tls": `tls${name}` }), OFF);
        assert.match(await ask(url, strict), refusal, "it is no matter of the whole process");
        const wrong = { "/bmc/fingerprint": "AB".repeat(32), "/bmc/tls": `tls${name}` };
        assert.match(await ask(url, wrong), /its certificate has the fingerprint [0-9A-F]{64}: expected (AB){32}/);
      },
      {},
      old,
    );
  });
}

for (const ciphers of ["AES256-GCM-SHA384", "AES128-SHA", "ECDHE-RSA-AES128-SHA256"]) {
  test(`redfish reaches a BMC that has TLS 1.2 with ${ciphers} only, without any setting`, async () => {
    await withServer(
      async ({ url }, { fingerprint }) => {
        await withModule(url, { "/bmc/fingerprint": fingerprint }, async ({ run, node }) => {
          await run("find-on");
          assert.equal(node.view.get("/physState"), OFF);
          await run("power-on");
          assert.equal(node.view.get("/physState"), "POWER_ON");
          await run("power-off");
          assert.equal(node.view.get("/physState"), OFF);
        });
      },
      {},
      { maxVersion: "TLSv1.2", ciphers },
    );
  });
}

test("redfish speaks with a BMC of TLS 1.3 where no older one is wanted, and with no other", async () => {
  const strict = { "/bmc/trust": "unverified", "/bmc/tls": "tls1.3" };
  await withServer(async ({ url }) => assert.equal(await ask(url, strict), OFF), {}, { minVersion: "TLSv1.3" });
  await withServer(
    async ({ url }) =>
      assert.match(await ask(url, strict), /it does not support TLS 1\.3: unset the node's '\/bmc\/tls'/),
    {},
    { maxVersion: "TLSv1.2" },
  );
});

test("redfish says that a port speaks no TLS", async () => {
  const server = createServer((_request, answer) => answer.end("plain"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  assert.match(
    await ask(`https://127.0.0.1:${port}`, {}),
    /it does not use TLS on this port: set the node's '\/bmc\/address'/,
  );
  await new Promise((resolve) => server.close(resolve));
});

for (const [name, options] of [["today's", {}], ["old", { maxVersion: "TLSv1.2", ciphers: "AES128-SHA" }]] as const) {
  test(`redfish keeps one connection to a BMC of ${name} TLS over many questions`, async () => {
    await withServer(
      async (server, { fingerprint }) => {
        await withModule(server.url, { "/bmc/fingerprint": fingerprint }, async ({ run }) => {
          await run("find-on");
          const before = await server.connections();
          for (let turn = 0; turn < 5; turn++) await run("find-on");
          assert.equal(await server.connections() - before, 1, "the look itself");
        });
      },
      {},
      options,
    );
  });
}

const OLD_SUITE = { maxVersion: "TLSv1.2", ciphers: "AES128-SHA" };
const GET = { method: "GET", redirect: "manual", headers: {}, signal: new AbortController().signal } as const;

test("redfish says what to install where neither this runtime nor another one has a BMC's TLS", async () => {
  await withServer(
    async ({ url, origin }) => {
      const connections = createConnections(systemClock, createTlsHelper("/nowhere"), "deno");
      const exchange = connections.exchange(origin, {
        trust: { kind: "fingerprint", fingerprint: "00" },
        oldest: "1.2",
      });
      // Where this runtime has it all the same, the fingerprint is what fails.
      const expected = process.versions["deno"] === undefined
        ? /expected 00/
        : /it uses TLS 1\.2 with the cipher suite 0x002f, which this runtime does not support: install Node or Bun/;
      await assert.rejects(exchange(new URL(url), GET), expected);
      connections.close();
    },
    {},
    OLD_SUITE,
  );
});

test("createTlsHelper() does exchanges in another runtime, streams their answers, and ends with what is not wanted", async () => {
  await withServer(
    async ({ url }, { fingerprint }) => {
      const helper = createTlsHelper();
      const peer = { trust: { kind: "fingerprint", fingerprint }, oldest: "1.2" } as const;
      const answers = await Promise.all(
        ["", "/Systems", "/Systems/1", "/nothing"].map(async (path) => {
          const response = await helper.exchange(new URL(`/redfish/v1${path}`, url), GET, peer, true);
          return `${response.status} ${(await response.text()).slice(0, 12)}`;
        }),
      );
      assert.deepEqual(answers, ['200 {"Systems":{', '200 {"Members":[', '200 {"PowerState', "404 "]);
      const unwanted = new AbortController();
      const going = helper.exchange(new URL(url), { ...GET, signal: unwanted.signal }, peer, true);
      unwanted.abort(new Error("Not wanted"));
      await assert.rejects(going, /Not wanted/);
      const other = { ...peer, trust: { kind: "fingerprint", fingerprint: "AB".repeat(32) } } as const;
      await assert.rejects(helper.exchange(new URL(url), GET, other, true), {
        name: "NotSentError",
        message: /expected/,
      });
      helper.close();
      const again = await helper.exchange(new URL(url), GET, peer, true);
      assert.equal(again.status, 404, "it is started again");
      await again.body?.cancel();
      helper.close();
    },
    {},
    OLD_SUITE,
  );
});

/** A server of TLS that answers everything with this status, and nothing else. */
async function withStatus(
  status: string,
  run: (url: string, certificate: TestCertificate, folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const certificate = makeRsaCertificate(folder, "bmc");
    const server = createSecureServer({ key: certificate.key, cert: certificate.certificate }, (socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await run(`https://127.0.0.1:${port}`, certificate, folder);
    await new Promise((resolve) => server.close(resolve));
  });
}

test("redfish takes a status that HTTP has not for no answer", async () => {
  for (const status of ["999 Odd", "600 Odd", "101 Switching Protocols"]) {
    await withStatus(status, async (url, { fingerprint }) => {
      const said = await ask(url, { "/bmc/fingerprint": fingerprint });
      assert.match(said, /^GET https:\/\/127\.0\.0\.1:\d+\/redfish\/v1\/? failed: /, status);
    });
  }
});

test("createTlsHelper() passes over what its process says beside answers, and a status that HTTP has not", async () => {
  await withFolder(async (folder) => {
    const answers = [
      "Now using node v22",
      "null",
      `{"id":"1","status":200}`,
      `{"id":1,"status":999,"headers":{}}`,
    ];
    const program = `#!/bin/sh\nread line\n${answers.map((each) => `echo '${each}'`).join("\n")}\nread line\n`;
    writeFileSync(join(folder, "node"), program, { mode: 0o755 });
    const helper = createTlsHelper(folder);
    const peer = { trust: { kind: "anybody" }, oldest: "1.2" } as const;
    const asked = helper.exchange(new URL("https://127.0.0.1/"), GET, peer, false);
    await assert.rejects(asked, /it answers with status 999, which is not a valid HTTP status/);
    helper.close();
  });
});

/** The first flight of a server without its word that it renegotiates securely (RFC 5746, 3.2), which old servers do not say. */
function withoutRenegotiationInfo(bytes: Uint8Array): Uint8Array {
  const at = bytes.findIndex((_, place) => [0xff, 1, 0, 1, 0].every((each, index) => bytes[place + index] === each));
  if (bytes[0] !== 22 || bytes[5] !== 2 || at < 0) return bytes;
  const cut = new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + 5)]);
  for (const length of [3, 7, 9 + 35 + (bytes[9 + 34] ?? 0) + 3]) {
    const value = (bytes[length] ?? 0) * 256 + (bytes[length + 1] ?? 0) - 5;
    cut.set([value >> 8, value & 255], length);
  }
  return cut;
}

const needsWord = process.versions["deno"] === undefined && process.versions["bun"] === undefined
  ? false
  : "this runtime's TLS takes servers without secure renegotiation: there is nothing to say";

test(
  "redfish says that a BMC can't renegotiate securely, and goes on when it is told to",
  { skip: needsWord },
  async () => {
    await withServer(
      async ({ url }, { fingerprint }) => {
        const proxy = createProxy((client) => {
          const server = connect(Number(new URL(url).port), "127.0.0.1");
          client.on("error", () => server.destroy()).pipe(server);
          server.on("error", () => client.destroy()).on("end", () => client.end());
          server.on("data", (bytes: Uint8Array) => client.write(withoutRenegotiationInfo(bytes)));
        });
        await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
        const address = proxy.address();
        const port = typeof address === "object" && address !== null ? address.port : 0;
        const cfg = { "/bmc/fingerprint": fingerprint };
        const refusal =
          /it does not support secure renegotiation \(RFC 5746\): .* set the node's '\/bmc\/tls' to tls1\.2-legacy/;
        assert.match(await ask(`https://127.0.0.1:${port}`, cfg), refusal);
        // The proxy's change of what was said is found out at the end of the handshake, and not before.
        const said = await ask(`https://127.0.0.1:${port}`, { ...cfg, "/bmc/tls": "tls1.2-legacy" });
        assert.match(said, /decrypt error|digest check failed|bad record mac/i);
        proxy.close();
      },
      {},
      { maxVersion: "TLSv1.2" },
    );
  },
);

test("redfish takes no second certificate as the first one, in the middle of the first questions either", async () => {
  await withFolder(async (folder) => {
    const answers: { readonly [path: string]: object } = {
      "/redfish/v1": { Systems: { "@odata.id": "/redfish/v1/Systems" } },
      "/redfish/v1/Systems": { Members: [{ "@odata.id": "/redfish/v1/Systems/1" }] },
      "/redfish/v1/Systems/1": { PowerState: "Off" },
    };
    const start = async (name: string) => {
      const { key, certificate } = makeCertificate(folder, name);
      const server = createHttpsServer({ key, cert: certificate }, (request, answer) => {
        answer.setHeader("connection", "close");
        answer.end(JSON.stringify(answers[(request.url ?? "").replace(/\/$/, "")] ?? {}));
      });
      return { server, port: await listen(server) };
    };
    const [own, other] = [await start("own"), await start("other")];
    let connections = 0;
    const proxy = createProxy((client) => {
      const server = connect(connections++ === 0 ? own.port : other.port, "127.0.0.1");
      client.on("error", () => server.destroy()).pipe(server);
      server.on("error", () => client.destroy()).pipe(client);
    });
    const url = `https://127.0.0.1:${await listen(proxy)}`;
    await withModule(url, { "/bmc/trust": "first-use" }, async ({ run, node }) => {
      await assert.rejects(run("find-on"), /its certificate is .*\(CN=other, .*\): the first one was .*\(CN=own, /);
      assert.match(String(node.view.get("/bmc/certificate")), /\(CN=own, /);
    });
    for (const each of [proxy, own.server, other.server]) each.close();
  });
});

test("redfish trusts a certificate as the first one again when its node was another module's meanwhile", async () => {
  await withServer(async ({ url }, _certificate, folder) => {
    const other = await startTlsServer(makeRsaCertificate(folder, "other"));
    await withModule(url, { "/bmc/trust": "first-use" }, async ({ run, node, set }) => {
      await run("find-on");
      set("/platform", "ipmi");
      node.view.delete("/bmc/certificate");
      set("/bmc/address", other.url);
      set("/platform", "redfish");
      await run("find-on");
      assert.match(String(node.view.get("/bmc/certificate")), /CN=other/);
    });
    other.close();
  });
});

test("redfish closes its connections as the module stops", async () => {
  await withFolder(async (folder) => {
    const { key, certificate, fingerprint } = makeCertificate(folder, "bmc");
    const server = createHttpsServer(
      { key, cert: certificate },
      (_request, answer) => void answer.end('{"PowerState":"Off"}'),
    );
    let open = 0;
    server.on("secureConnection", (socket) => {
      open++;
      socket.on("close", () => open--);
    });
    server.keepAliveTimeout = 120_000;
    const url = `https://127.0.0.1:${await listen(server)}/redfish/v1/Systems/1`;
    await withModule(url, { "/bmc/fingerprint": fingerprint }, async ({ run }) => {
      await run("find-on");
      assert.equal(open, 1);
    });
    await until(() => assert.equal(open, 0));
    server.close();
  });
});

test("redfish says that a file of authorities can't be read", async () => {
  await withServer(async ({ url }) => {
    assert.match(await ask(url, {}, { ca: "/nowhere/ca.pem" }), /^Cannot read 'ca' '\/nowhere\/ca\.pem': /);
  });
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
