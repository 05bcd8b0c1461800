import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { describeCertificate, nameOf, problemWords, readCertificate } from "../../modules/redfish/certificate.ts";
import { clientHello, readServerFirst, type ServerFirst } from "../../modules/redfish/tls_hello.ts";
import { probeTls } from "../../modules/redfish/tls_probe.ts";
import { explainTls, needsOtherRuntime, type TlsFailure } from "../../modules/redfish/tls_words.ts";
import { withFolder } from "../support/folder.ts";
import { type HelloWish, makeRsaCertificate, serverHello } from "./tls_fixture.ts";

const NOW = Date.UTC(2030, 0, 1);

/** Certificates of every kind, made once: that takes longer than all tests. */
let made: Promise<{ readonly [name: string]: X509Certificate }> | undefined;
function certificates() {
  return made ??= new Promise((resolve) =>
    void withFolder(async (folder) => {
      const ca = makeRsaCertificate(folder, "ca");
      const signedBy = { file: ca.file, keyFile: ca.file.replace(/pem$/, "key") };
      const make = (name: string, wish: Parameters<typeof makeRsaCertificate>[2]) =>
        new X509Certificate(makeRsaCertificate(folder, name, wish).certificate);
      resolve({
        own: make("own", {}),
        signed: make("signed", { signedBy }),
        expired: make("expired", { signedBy, expired: true }),
        named: make("named", { signedBy, names: "DNS:bmc.example,DNS:bmc2.example,DNS:bmc3.example,DNS:bmc4.example" }),
        weak: make("weak", { signedBy, bits: 1024 }),
        nameless: make("nameless", { signedBy, names: "" }),
      });
    })
  );
}

async function certificate(name: string): Promise<X509Certificate> {
  const found = (await certificates())[name];
  assert.ok(found !== undefined);
  return found;
}

test("a certificate without a fault has no problems but that nobody vouches for it", async () => {
  const { signed, named } = await certificates();
  assert.ok(signed !== undefined && named !== undefined);
  assert.deepEqual(problemWords(signed, "127.0.0.1", NOW), []);
  assert.deepEqual(problemWords(named, "bmc.example", NOW), []);
});

test("a certificate's problems are told: its time, who signed it, whom it is for, its key", async () => {
  const cases: [name: string, host: string, now: number, words: string[]][] = [
    ["own", "127.0.0.1", NOW, ["is self-signed"]],
    ["expired", "127.0.0.1", NOW, ["expired on 2021-01-01"]],
    ["expired", "127.0.0.1", Date.UTC(2021, 0, 1), []],
    ["expired", "127.0.0.1", Date.UTC(2021, 0, 1) + 1, ["expired on 2021-01-01"]],
    ["signed", "127.0.0.1", Date.UTC(2019, 11, 31), ["is valid from 2020-01-01 only"]],
    ["signed", "127.0.0.1", Date.UTC(2020, 0, 1), []],
    ["signed", "127.0.0.2", NOW, ["is for '127.0.0.1' and not for '127.0.0.2'"]],
    ["named", "127.0.0.1", NOW, ["is for 'bmc.example', 'bmc2.example', 'bmc3.example' and not for '127.0.0.1'"]],
    ["named", "[::1]", NOW, ["is for 'bmc.example', 'bmc2.example', 'bmc3.example' and not for '[::1]'"]],
    ["nameless", "127.0.0.1", NOW, ["is for CN=nameless and not for '127.0.0.1'"]],
    ["weak", "127.0.0.1", NOW, ["has an RSA key of 1024 bits, which is too weak"]],
  ];
  for (const [name, host, now, words] of cases) {
    assert.deepEqual(problemWords(await certificate(name), host, now), words, `${name} for ${host}`);
  }
});

test("a certificate is described in a line by its fingerprint, whose it is, and until when", async () => {
  const own = await certificate("own");
  assert.equal(describeCertificate(own), `${own.fingerprint256} (CN=own, until 2099-12-31)`);
  assert.deepEqual(readCertificate(new Uint8Array(own.raw))?.fingerprint256, own.fingerprint256);
  assert.equal(readCertificate(new Uint8Array([1, 2, 3])), undefined);
});

test("a name of several lines is one line, and no longer than 120 characters", () => {
  assert.equal(nameOf("C=DE\nO=Site\nCN=bmc"), "C=DE, O=Site, CN=bmc");
  assert.equal(nameOf(""), "without a name");
  assert.equal(nameOf("x".repeat(300)).length, 120);
});

function failure(more: Partial<TlsFailure>): TlsFailure {
  return {
    ...{ url: new URL("https://127.0.0.1"), trust: { kind: "authorities" }, oldest: "1.2", said: "what it said" },
    ...{ first: undefined, now: NOW },
    ...more,
  };
}

async function hello(
  name: string | undefined,
  wish: HelloWish = {},
): Promise<{ readonly first: ServerFirst | undefined }> {
  const own = name === undefined ? undefined : new Uint8Array((await certificate(name)).raw);
  return { first: readServerFirst(serverHello({ ...wish, ...(own !== undefined && { certificate: own }) })) };
}

test("a certificate that no authority stands for is told of with all of its problems and with what helps", async () => {
  const cases: [name: string, url: string, words: RegExp][] = [
    [
      "own",
      "https://127.0.0.1",
      /^its certificate is self-signed\. It is [0-9A-F:]{95} \(CN=own, until 2099-12-31\): /,
    ],
    [
      "signed",
      "https://127.0.0.1",
      /^its certificate is signed by 'CN=ca', which no trusted authority has certified\. It is/,
    ],
    [
      "expired",
      "https://10.0.0.7",
      /^its certificate expired on 2021-01-01, is for '127\.0\.0\.1' and not for '10\.0\.0\.7'\. It/,
    ],
    [
      "named",
      "https://other.example",
      /^its certificate is for 'bmc\.example', .* and not for 'other\.example'\. It is/,
    ],
  ];
  for (const [name, url, words] of cases) {
    const said = explainTls(failure({ ...await hello(name), url: new URL(url) }));
    assert.match(said, words);
    assert.match(said, /set the node's '\/bmc\/fingerprint' to it, set its '\/bmc\/trust' to first-use or unverified/);
  }
});

test("a certificate is none of the reasons where anybody is trusted, or where it can't be read", async () => {
  const { first } = await hello("own");
  assert.equal(explainTls(failure({ first, trust: { kind: "anybody" } })), "what it said");
  assert.equal(explainTls(failure({ first, trust: { kind: "fingerprint", fingerprint: "AB" } })), "what it said");
  const broken = readServerFirst(serverHello({ certificate: new Uint8Array([1, 2, 3]) }));
  assert.equal(explainTls(failure({ first: broken })), "what it said");
  assert.equal(explainTls(failure(await hello(undefined))), "what it said");
  assert.equal(needsOtherRuntime(failure({ first: broken })), false);
});

test("a weak key goes before a suite that a runtime has not, and a suite before what the runtime says", async () => {
  const anybody = { trust: { kind: "anybody" } } as const;
  const weak = explainTls(failure({ ...await hello("weak", { cipher: 0x002f }), ...anybody }));
  assert.match(weak, /^its certificate has an RSA key of 1024 bits, which is too weak: give it a new one/);
  const suite = explainTls(failure({ ...await hello("own", { cipher: 0x0005 }), ...anybody }));
  assert.match(suite, /^it uses TLS 1\.2 with the cipher suite 0x0005, which this runtime does not support/);
  const old = explainTls(failure({ ...await hello("own", { version: 0x0301 }), ...anybody, oldest: "1.0" }));
  assert.match(old, /^it uses TLS 1\.0 with the cipher suite 0xc02f/);
});

test("that a server does not renegotiate securely is told of where the runtime says so, and not where that is allowed", async () => {
  const without = await hello(undefined, { renegotiation: false });
  const said = "unsafe legacy renegotiation disabled";
  assert.match(explainTls(failure({ ...without, said })), /RFC 5746/);
  assert.equal(explainTls(failure({ ...without, said, oldest: "1.2-legacy" })), said);
});

test("a record is told from what is no TLS by its type and version, and an alert from whatever came before", () => {
  const record = (type: number, ...bytes: number[]) => [type, 3, 3, 0, bytes.length, ...bytes];
  const read = (...bytes: number[]) => readServerFirst(new Uint8Array(bytes))?.kind;
  assert.equal(read(...record(19, 1)), "no-tls");
  assert.equal(read(...record(24, 1)), "no-tls");
  assert.equal(read(...record(20, 1)), "no-tls", "no server begins with that");
  assert.equal(read(...record(23, 1)), "no-tls");
  assert.equal(read(22, 2, 0, 0, 1, 1), "no-tls");
  assert.equal(read(...record(22, 0, 0, 0, 0), ...record(21, 2, 40)), "alert");
  assert.equal(read(...record(22, 0, 0, 0, 0), ...record(20, 1), ...record(23, 1)), undefined);
  assert.deepEqual(readServerFirst(new Uint8Array([...record(22, 0, 0, 0, 0), ...record(21, 2)])), {
    ...{ kind: "alert", code: 0 },
  });
});

test("a server's words other than its hello and certificate are passed over, and count for nothing before its hello", () => {
  const message = (type: number, ...body: number[]) => [type, 0, 0, body.length, ...body];
  const [, , , , , ...handshake] = serverHello({});
  const whole = handshake.slice(0, -4); // without that it is done
  const read = (...bytes: number[]) => {
    const first = readServerFirst(new Uint8Array([22, 3, 3, bytes.length >> 8, bytes.length & 255, ...bytes]));
    return first?.kind === "hello" ? first.certificate ?? "none" : undefined;
  };
  const certificate = message(11, 0, 0, 5, 0, 0, 2, 8, 9, 7);
  assert.equal(read(...whole), undefined);
  assert.equal(read(...whole, ...message(14)), "none");
  assert.deepEqual(read(...whole, ...message(4, 1, 2), ...certificate), new Uint8Array([8, 9]));
  assert.equal(read(...certificate, ...message(14), ...whole), undefined);
});

test("a server's certificate is read when all of its records are there, and not before", () => {
  const bytes = serverHello({ certificate: new Uint8Array(700).fill(5) }, 100);
  for (let end = 105; end < 105 * 8; end += 105) {
    assert.equal(readServerFirst(bytes.subarray(0, end)), undefined, `${end / 105} records`);
  }
  assert.equal(readServerFirst(bytes)?.kind, "hello");
});

test("the last word of a server's hello is read too", () => {
  const bytes = serverHello({ renegotiation: false });
  const at = bytes.findIndex((_, place) => [0, 4, 0, 23, 0, 0].every((each, index) => bytes[place + index] === each));
  bytes.set([0xff, 1], at + 2); // RFC 5746 without content
  const first = readServerFirst(bytes);
  assert.ok(first?.kind === "hello" && first.renegotiation);
});

test("clientHello() greets with what it should, in lists whose lengths fit", () => {
  const random = new Uint8Array(32).map((_, at) => at + 1);
  for (const [host, name] of [["bmc.example", "bmc.example"], ["10.0.0.7", undefined], ["[fd00::7]", undefined]]) {
    const bytes = clientHello(String(host), random);
    let at = 0;
    const take = (size: number) => bytes.subarray(at, at += size);
    const number = (size: number) => take(size).reduce((value, each) => value * 256 + each, 0);
    assert.deepEqual([...take(3)], [22, 3, 1]);
    assert.equal(number(2), bytes.length - 5);
    assert.equal(number(1), 1);
    assert.equal(number(3), bytes.length - 9);
    assert.deepEqual([...take(2)], [3, 3]);
    assert.deepEqual(take(32), random);
    assert.equal(number(1), 0, "no session");
    const suites = take(number(2));
    assert.deepEqual([...suites.subarray(0, 2), ...suites.subarray(-2)], [0xc0, 0x2b, 0, 0xff]);
    assert.equal(suites.length, 58);
    assert.deepEqual([...take(2)], [1, 0]);
    assert.equal(number(2), bytes.length - at);
    const extensions = new Map<number, Uint8Array>();
    while (at < bytes.length) extensions.set(number(2), take(number(2)));
    assert.deepEqual([...extensions.keys()], name === undefined ? [10, 11, 13] : [0, 10, 11, 13]);
    assert.deepEqual(extensions.get(10), new Uint8Array([0, 6, 0, 0x1d, 0, 0x17, 0, 0x18]));
    if (name === undefined) continue;
    assert.deepEqual(extensions.get(0), new Uint8Array([0, 14, 0, 0, 11, ...new TextEncoder().encode(name)]));
  }
});

/** What {@link probeTls} finds out of a server that does this with who connects. */
async function probe(play: (socket: Socket) => void, signal = new AbortController().signal) {
  const server = createServer((socket) => {
    socket.on("error", () => {}).resume();
    play(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const first = await probeTls(new URL(`https://127.0.0.1:${port}/`), signal);
  await new Promise((resolve) => server.close(resolve)); // it would wait for a connection that is left open
  return first;
}

test("probeTls() greets and reads a server's first words, in whatever pieces they come", async () => {
  const bytes = serverHello({ cipher: 0x1234 });
  const said: Uint8Array[] = [];
  const first = await probe((socket) => {
    socket.on("data", (piece: Uint8Array) => said.push(piece));
    socket.write(bytes.subarray(0, 30), () => setTimeout(() => socket.write(bytes.subarray(30)), 20));
  });
  assert.ok(first?.kind === "hello");
  assert.equal(first.cipher, 0x1234);
  assert.equal(said[0]?.[0], 22);
});

test("probeTls() finds nothing out of a server that hangs up, is not there, or says too much", async () => {
  assert.equal(await probe((socket) => void socket.end()), undefined);
  assert.equal(await probe((socket) => void socket.destroy()), undefined);
  const record = [22, 3, 3, 0x40, 0, ...new Uint8Array(0x4000)]; // messages of a kind that says nothing
  const endless = new Uint8Array(Array.from({ length: 5 }, () => record).flat());
  const from = performance.now();
  assert.equal(await probe((socket) => void socket.write(endless)), undefined);
  assert.ok(performance.now() - from < 8_000, "without waiting for more");
  assert.equal(await probeTls(new URL("https://127.0.0.1:1/"), new AbortController().signal), undefined);
});

test("probeTls() leaves a silent server with what is not wanted any more", async () => {
  const unwanted = new AbortController();
  assert.equal(await probe(() => unwanted.abort(new Error("Not wanted")), unwanted.signal), undefined);
});
