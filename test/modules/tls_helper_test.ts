import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import { type ExchangeInit, FingerprintError, NotSentError, type TlsPeer } from "../../modules/redfish/exchange.ts";
import { createTlsHelper, type TlsHelper } from "../../modules/redfish/tls_helper.ts";
import { withFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { makeCertificate, type Pair } from "./bmc_fixture.ts";

const URL_OF_BMC = new URL("https://127.0.0.1/redfish/v1/");
const ANYBODY: TlsPeer = { trust: { kind: "anybody" }, oldest: "1.2" };

function get(signal: AbortSignal = new AbortController().signal): ExchangeInit {
  return { method: "GET", redirect: "manual", headers: { accept: "application/json" }, signal };
}

/** What the process was asked, one object a line. */
interface Asked {
  readonly id: number;
  readonly [name: string]: unknown;
}

/** A helper whose process plays these answers, lines of JSON for each request in turn; `undefined`: it ends instead. */
async function withPlayed(
  answers: readonly (readonly object[] | undefined)[],
  run: (helper: TlsHelper, asked: () => readonly Asked[]) => Promise<void>,
  runtime = "node",
): Promise<void> {
  await withFolder(async (folder) => {
    const file = join(folder, "asked");
    answers.forEach((lines, at) => {
      const text = lines?.map((line) => `${JSON.stringify(line)}\n`).join("") ?? "";
      writeFileSync(join(folder, `${lines === undefined ? "end" : "answer"}${at + 1}`), text);
    });
    writeFileSync(
      join(folder, runtime),
      `#!/bin/sh
while read -r line; do
  printf '%s\\n' "$line" >> ${file}
  id=\${line#*\\"id\\":}; id=\${id%%,*}
  case "$line" in *'"abort":true'*) continue;; esac
  [ -f ${folder}/end$id ] && exit 1
  [ -f ${folder}/answer$id ] && /bin/cat ${folder}/answer$id
done
`,
      { mode: 0o755 },
    );
    const helper = createTlsHelper(folder);
    const asked = () =>
      existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line)) : [];
    const alive = setInterval(() => {}, 1_000); // as a program is, which does not wait for the process alone
    try {
      await run(helper, asked);
    } finally {
      clearInterval(alive);
      helper.close();
    }
  });
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

test("the helper's process is asked for one exchange with one line that has all of it", async () => {
  const done = (id: number) => [{ id, status: 200, headers: {} }, { id, end: true }];
  await withPlayed([done(1), done(2), done(3)], async (helper, asked) => {
    const post = { ...get(), method: "POST", body: '{"a":"ö"}' };
    await helper.exchange(URL_OF_BMC, post, ANYBODY, false);
    const ours = { trust: { kind: "authorities", ca: "PEM" }, oldest: "1.3" } as const;
    await helper.exchange(URL_OF_BMC, get(), ours, true);
    await helper.exchange(
      URL_OF_BMC,
      get(),
      { trust: { kind: "fingerprint", fingerprint: "AB" }, oldest: "1.0" },
      true,
    );
    const [first, second, third] = asked();
    const legacy = { ciphers: "ALL:!aNULL:!eNULL:@SECLEVEL=0", secureOptions: 4 };
    assert.deepEqual(first, {
      ...{ id: 1, url: URL_OF_BMC.href, method: "POST", keeps: false, body: '{"a":"ö"}', verify: false },
      headers: { accept: "application/json", "content-length": "10" },
      key: 'https://127.0.0.1 [{"kind":"anybody"},"1.2"]',
      options: { minVersion: "TLSv1.2", ...legacy }, // today's suites are known not to do
    });
    assert.deepEqual(second, {
      ...{ id: 2, url: URL_OF_BMC.href, method: "GET", keeps: true, verify: true, ca: "PEM" },
      headers: { accept: "application/json" },
      key: 'https://127.0.0.1 [{"kind":"authorities","ca":"PEM"},"1.3"]',
      options: { minVersion: "TLSv1.3" },
    });
    assert.deepEqual([third?.["fingerprint"], third?.["verify"], third?.["options"]], [
      ...["AB", false, { minVersion: "TLSv1", ...legacy }],
    ]);
  });
});

test("Bun is the helper's process where there is no Node, and is told no suites", async () => {
  await withPlayed([[{ id: 1, status: 200, headers: {} }, { id: 1, end: true }]], async (helper, asked) => {
    assert.equal(helper.isThere(), true);
    await helper.exchange(URL_OF_BMC, get(), ANYBODY, true);
    assert.deepEqual(asked()[0]?.["options"], { minVersion: "TLSv1.2" });
  }, "bun");
});

test("without Node and Bun nothing is sent", async () => {
  const helper = createTlsHelper("/nowhere:");
  assert.equal(helper.isThere(), false);
  await assert.rejects(helper.exchange(URL_OF_BMC, get(), ANYBODY, true), {
    name: "NotSentError",
    message: "there is neither Node nor Bun on this machine",
  });
  helper.close();
});

test("an answer comes with its status and headers, and its body in pieces", async () => {
  const lines = [
    { id: 1, status: 201, headers: { etag: '"7"' } },
    ...["{", '"a":1', "}"].map((piece) => ({ id: 1, data: base64(piece) })),
    { id: 1, end: true },
  ];
  await withPlayed([lines], async (helper) => {
    const response = await helper.exchange(URL_OF_BMC, get(), ANYBODY, true);
    assert.deepEqual([response.status, response.headers.get("etag"), await response.text()], [201, '"7"', '{"a":1}']);
  });
});

test("answers of several exchanges at once are told apart", async () => {
  const begin = (id: number) => ({ id, status: 200, headers: {} });
  const rest = (id: number) => [{ id, data: base64(`body ${id}`) }, { id, end: true }];
  await withPlayed([[begin(1)], [begin(2), ...rest(2), ...rest(1), ...rest(1)]], async (helper) => {
    const both = await Promise.all([1, 2].map(() => helper.exchange(URL_OF_BMC, get(), ANYBODY, true)));
    assert.deepEqual(await Promise.all(both.map((each) => each.text())), ["body 1", "body 2"]);
  });
});

test("an answer of a status that has no body has none", async () => {
  for (const status of [204, 205, 304]) {
    await withPlayed([[{ id: 1, status, headers: {} }, { id: 1, end: true }]], async (helper) => {
      const response = await helper.exchange(URL_OF_BMC, get(), ANYBODY, true);
      assert.deepEqual([response.status, response.body], [status, null]);
    });
  }
});

test("an exchange that failed is told from one of which nothing was sent", async () => {
  const failures = [{ error: "reset", sent: true }, { error: "refused", sent: false }, { error: "odd" }];
  await withPlayed(failures.map((failure, at) => [{ id: at + 1, ...failure }]), async (helper) => {
    const failed = () => helper.exchange(URL_OF_BMC, get(), ANYBODY, true);
    await assert.rejects(failed(), (error: Error) => error.message === "reset" && !(error instanceof NotSentError));
    await assert.rejects(failed(), { name: "NotSentError", message: "refused" });
    await assert.rejects(failed(), { name: "NotSentError", message: "odd" });
  });
});

test("a body that breaks off is an error to who reads it", async () => {
  const lines = [{ id: 1, status: 200, headers: {} }, { id: 1, data: base64("{") }, { id: 1, error: "broke off" }];
  await withPlayed([lines], async (helper) => {
    const response = await helper.exchange(URL_OF_BMC, get(), ANYBODY, true);
    await assert.rejects(response.text(), /broke off/);
  });
});

test("a process that ends loses what it was asked, which may have been sent, and the next exchange has another", async () => {
  await withPlayed([[], undefined, [{ id: 3, status: 200, headers: {} }, { id: 3, end: true }]], async (helper) => {
    const lost = await Promise.allSettled([1, 2].map(() => helper.exchange(URL_OF_BMC, get(), ANYBODY, true)));
    for (const each of lost) {
      assert.ok(each.status === "rejected" && !(each.reason instanceof NotSentError));
      assert.equal(each.reason.message, "the process that speaks TLS ended");
    }
    assert.equal((await helper.exchange(URL_OF_BMC, get(), ANYBODY, true)).status, 200);
  });
});

test("a certificate is judged before the answer is taken, and one that is not trusted ends the exchange", async () => {
  const lines = (id: number) => [{ id, status: 200, headers: {}, certificate: base64("DER") }, { id, end: true }];
  await withPlayed([lines(1), lines(2)], async (helper, asked) => {
    const seen: string[] = [];
    const peer = (trusted: boolean): TlsPeer => ({
      ...ANYBODY,
      seen(der) {
        seen.push(new TextDecoder().decode(der));
        if (!trusted) throw new FingerprintError("It is another one");
      },
    });
    assert.equal((await helper.exchange(URL_OF_BMC, get(), peer(true), true)).status, 200);
    await assert.rejects(helper.exchange(URL_OF_BMC, get(), peer(false), true), { name: "FingerprintError" });
    assert.deepEqual(seen, ["DER", "DER"]);
    await until(() => assert.deepEqual(asked().filter((each) => each["abort"] === true), [{ id: 2, abort: true }]));
  });
});

test("what is not wanted any more is ended at the process, before its answer and in the middle of it", async () => {
  const begun = [{ id: 2, status: 200, headers: {} }];
  await withPlayed([[], begun, [{ id: 3, status: 200, headers: {} }]], async (helper, asked) => {
    const before = new AbortController();
    const waiting = helper.exchange(URL_OF_BMC, get(before.signal), ANYBODY, true);
    before.abort(new Error("Not wanted"));
    await assert.rejects(waiting, /Not wanted/);
    const during = new AbortController();
    const response = await helper.exchange(URL_OF_BMC, get(during.signal), ANYBODY, true);
    during.abort(new Error("Not wanted either"));
    await assert.rejects(response.text(), /Not wanted either/);
    const read = await helper.exchange(URL_OF_BMC, get(), ANYBODY, true);
    await read.body?.cancel();
    await until(() =>
      assert.deepEqual(asked().filter((each) => each["abort"] === true).map(({ id }) => id), [1, 2, 3])
    );
  });
});

test("an exchange that is over is not ended once more", async () => {
  const done = [{ id: 1, status: 200, headers: {} }, { id: 1, end: true }];
  await withPlayed([done, [{ id: 2, status: 200, headers: {} }, { id: 2, end: true }]], async (helper, asked) => {
    const late = new AbortController();
    const first = await helper.exchange(URL_OF_BMC, get(late.signal), ANYBODY, true);
    await first.text();
    late.abort(new Error("Not wanted"));
    await (await helper.exchange(URL_OF_BMC, get(), ANYBODY, true)).text();
    assert.deepEqual(asked().map(({ id, url }) => [id, url !== undefined]), [[1, true], [2, true]]);
  });
});

test("the helper's process ends when it is closed, whether it heeds its input or a signal", async () => {
  const scripts = ["trap '' TERM; while read -r line; do :; done", "exec /bin/sleep 600"];
  for (const script of scripts) {
    await withFolder(async (folder) => {
      writeFileSync(join(folder, "node"), `#!/bin/sh\necho $$ > ${folder}/pid\n${script}\n`, { mode: 0o755 });
      const helper = createTlsHelper(folder);
      const asking = helper.exchange(URL_OF_BMC, get(), ANYBODY, true);
      asking.catch(() => {});
      await until(() => assert.match(readFileSync(join(folder, "pid"), "utf8"), /\d\n/));
      await new Promise((resolve) => setTimeout(resolve, 100)); // until it has set its trap
      const pid = readFileSync(join(folder, "pid"), "utf8").trim();
      helper.close();
      await until(() => assert.ok(!existsSync(`/proc/${pid}`)), 5_000);
      await assert.rejects(asking, /the process that speaks TLS ended/);
    });
  }
});

test("what was not wanted before it was asked is not asked", async () => {
  await withPlayed([[], [{ id: 2, status: 200, headers: {} }, { id: 2, end: true }]], async (helper, asked) => {
    const gone = new AbortController();
    gone.abort(new Error("Not wanted"));
    await assert.rejects(helper.exchange(URL_OF_BMC, get(gone.signal), ANYBODY, true), /Not wanted/);
    await helper.exchange(URL_OF_BMC, get(), ANYBODY, true);
    assert.deepEqual(asked().filter(({ url }) => url !== undefined).map(({ id }) => id), [2]);
  });
});

/** A server of TLS, and a helper whose process is a real Node. */
async function withServer(
  answer: RequestListener,
  run: (bench: {
    readonly helper: TlsHelper;
    readonly url: URL;
    readonly certificate: Pair;
    readonly connections: () => number;
  }) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const certificate = makeCertificate(folder, "bmc");
    let connections = 0;
    const server = createServer({ key: certificate.key, cert: certificate.certificate }, answer);
    server.on("secureConnection", () => connections++);
    server.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const helper = createTlsHelper();
    try {
      await run({ helper, certificate, url: new URL(`https://127.0.0.1:${port}/x`), connections: () => connections });
    } finally {
      helper.close();
      server.closeAllConnections();
      server.close();
    }
  });
}

test("the helper's process sends what it is asked, and keeps a connection for what has the same trust alone", async () => {
  const asked: string[] = [];
  await withServer((request, answer) => {
    let body = "";
    request.on("data", (piece) => body += String(piece)).on("end", () => {
      asked.push(`${request.method} ${request.url} ${request.headers["x-auth-token"]} ${body}`);
      answer.end("{}");
    });
  }, async ({ helper, url, certificate, connections }) => {
    const own = {
      trust: { kind: "fingerprint", fingerprint: certificate.fingerprint.toUpperCase() },
      oldest: "1.2",
    } as const;
    const send = async (peer: TlsPeer, keeps: boolean, more: Partial<ExchangeInit> = {}) => {
      const response = await helper.exchange(url, { ...get(), ...more }, peer, keeps);
      assert.deepEqual([response.status, await response.text()], [200, "{}"]);
      return connections();
    };
    assert.equal(await send(own, true, { method: "POST", body: '{"ö":1}', headers: { "x-auth-token": "t" } }), 1);
    assert.deepEqual(asked, ['POST /x t {"ö":1}']);
    assert.equal(await send(own, true), 1);
    assert.equal(await send(ANYBODY, true), 2, "another trust");
    assert.equal(await send(own, false), 3, "not to be kept");
    assert.equal(await send(own, true), 3);
  });
});

test("the helper's process sends nothing to who is not trusted", async () => {
  let requests = 0;
  await withServer((_request, answer) => {
    requests++;
    answer.end("{}");
  }, async ({ helper, url, certificate }) => {
    const unknownMachines: TlsPeer["trust"][] = [
      { kind: "fingerprint", fingerprint: "AB".repeat(32) },
      { kind: "authorities" },
    ];
    for (const trust of unknownMachines) {
      await assert.rejects(helper.exchange(url, get(), { trust, oldest: "1.2" }, true), { name: "NotSentError" });
    }
    assert.equal(requests, 0);
    const known: TlsPeer = { trust: { kind: "authorities", ca: certificate.certificate }, oldest: "1.2" };
    const response = await helper.exchange(url, get(), known, true);
    await response.body?.cancel();
    assert.equal(requests, 1);
  });
});

test("the helper's process tells the certificate, and that an answer broke off", async () => {
  await withServer((request, answer) => {
    if (request.url === "/none") return void request.socket.destroy();
    answer.writeHead(200, { "content-length": "10" });
    answer.write("{", () => request.socket.destroy());
  }, async ({ helper, url, certificate }) => {
    let seen = "";
    const peer: TlsPeer = {
      ...ANYBODY,
      seen: (der) => void (seen = createHash("sha256").update(der).digest("hex")),
    };
    const response = await helper.exchange(url, get(), peer, false);
    assert.equal(seen, certificate.fingerprint);
    await assert.rejects(response.text());
    const lost = helper.exchange(new URL("/none", url), get(), ANYBODY, false);
    await assert.rejects(lost, (error: Error) => !(error instanceof NotSentError));
  });
});

test("the helper's process ends the connection of what is not wanted any more", async () => {
  let closed = 0;
  await withServer(
    (request) => void request.socket.on("close", () => closed++),
    async ({ helper, url, connections }) => {
      const unwanted = new AbortController();
      const going = helper.exchange(url, get(unwanted.signal), ANYBODY, true);
      going.catch(() => {});
      await until(() => assert.equal(connections(), 1));
      unwanted.abort(new Error("Not wanted"));
      await assert.rejects(going, /Not wanted/);
      await until(() => assert.equal(closed, 1));
    },
  );
});

test("the helper's process keeps connections of no more than 512 kinds: the one that was used longest ago is closed", async () => {
  let open = 0;
  await withServer((request, answer) => {
    if (request.headers["x-first"] !== undefined) {
      open++;
      request.socket.on("close", () => open--);
    }
    answer.end("{}");
  }, async ({ helper, url, connections }) => {
    const send = async (headers: { readonly [name: string]: string }) => {
      const response = await helper.exchange(url, { ...get(), headers }, ANYBODY, true);
      await response.text();
    };
    const nobody = new URL("https://127.0.0.1:1/");
    const ask = async (kind: number) => {
      const trust = { kind: "fingerprint", fingerprint: String(kind) } as const;
      await assert.rejects(helper.exchange(nobody, get(), { trust, oldest: "1.2" }, true), { name: "NotSentError" });
    };
    await send({ "x-first": "1" });
    await Promise.all(Array.from({ length: 511 }, (_, kind) => ask(kind)));
    await send({});
    assert.deepEqual([connections(), open], [1, 1], "512 kinds in all");
    await Promise.all(Array.from({ length: 511 }, (_, kind) => ask(kind)));
    assert.equal(open, 1, "it was used last, and is the oldest now");
    await ask(511);
    await until(() => assert.equal(open, 0));
  });
});
