import assert from "node:assert/strict";
import { test } from "node:test";
import { withFolder } from "../support/folder.ts";
import { createCoverage, fc } from "../support/property.ts";
import { X509Certificate } from "node:crypto";
import { explainTls, needsOtherRuntime, type TlsFailure } from "../../modules/redfish/tls_words.ts";
import { clientHello, readServerFirst } from "../../modules/redfish/tls_hello.ts";
import { tlsOptionsOf } from "../../modules/redfish/tls_options.ts";
import { oldestTlsOf } from "../../modules/redfish/tls_settings.ts";
import { type HelloWish, makeRsaCertificate, serverHello } from "./tls_fixture.ts";

function failure(more: Partial<TlsFailure>): TlsFailure {
  return {
    ...{ url: new URL("https://127.0.0.1"), trust: { kind: "anybody" }, oldest: "1.2", said: "what it said" },
    ...{ first: undefined, now: Date.UTC(2030, 0, 1) },
    ...more,
  };
}

test("readServerFirst() reads version, suite, renegotiation and certificate, however the records are cut", () => {
  const certificate = new Uint8Array(700).fill(5);
  const covered = createCoverage("first words of servers", ["1.0", "1.1", "1.2", "ssl3", "cut in a header"], 0.01);
  fc.assert(
    fc.property(
      fc.constantFrom(
        [0x0301, "1.0"] as const,
        [0x0302, "1.1"] as const,
        [0x0303, "1.2"] as const,
        [0x0300, "ssl3"] as const,
      ),
      fc.integer({ min: 0, max: 0xffff }),
      fc.boolean(),
      fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 5 })),
      ([version, name], cipher, renegotiation, size) => {
        const bytes = serverHello({ version, cipher, renegotiation, certificate }, size);
        covered.saw(name, ...(size < 4 ? ["cut in a header" as const] : []));
        assert.deepEqual(readServerFirst(bytes), { kind: "hello", version: name, cipher, renegotiation, certificate });
      },
    ),
    { numRuns: 300 },
  );
  covered.check();
});

test("readServerFirst() can't tell before the certificate is whole", () => {
  const bytes = serverHello({ certificate: new Uint8Array(100) });
  for (let end = 0; end < bytes.length - 4; end += 7) {
    assert.equal(readServerFirst(bytes.subarray(0, end)), undefined, `${end} bytes`);
  }
  const without = serverHello({});
  assert.deepEqual(readServerFirst(without), {
    ...{ kind: "hello", version: "1.2", cipher: 0xc02f, renegotiation: true, certificate: undefined },
  });
});

test("readServerFirst() knows an alert, and what is no TLS", () => {
  assert.deepEqual(readServerFirst(new Uint8Array([21, 3, 1, 0, 2, 2, 70])), { kind: "alert", code: 70 });
  assert.deepEqual(readServerFirst(new TextEncoder().encode("HTTP/1.1 400 Bad Request")), { kind: "no-tls" });
  assert.deepEqual(readServerFirst(new Uint8Array([22, 9, 1, 0, 2, 2, 70])), { kind: "no-tls" });
  assert.deepEqual(readServerFirst(new Uint8Array([72])), { kind: "no-tls" }, "the first byte is enough");
  assert.equal(readServerFirst(new Uint8Array([])), undefined);
});

test("readServerFirst() takes whatever arrives", () => {
  const good = serverHello({ certificate: new Uint8Array(50) });
  const covered = createCoverage("broken words of servers", ["hello", "no-tls", "not enough"], 0.02);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200, size: "max" }), fc.nat(good.length - 1), (noise, at) => {
      readServerFirst(noise);
      const broken = good.slice();
      broken.set(noise.subarray(0, good.length - at), at);
      const found = readServerFirst(broken);
      assert.ok(found === undefined || ["hello", "alert", "no-tls"].includes(found.kind));
      if (found?.kind !== "alert") covered.saw(found?.kind ?? "not enough");
    }),
    { numRuns: 500 },
  );
  covered.check();
});

test("clientHello() is one record whose lengths fit, with the server's name where it has one", () => {
  for (const host of ["bmc.example", "10.0.0.7", "[::1]"]) {
    const bytes = clientHello(host, new Uint8Array(32));
    assert.deepEqual([...bytes.subarray(0, 3)], [22, 3, 1]);
    assert.equal((bytes[3] ?? 0) * 256 + (bytes[4] ?? 0), bytes.length - 5);
    assert.equal((bytes[7] ?? 0) * 256 + (bytes[8] ?? 0), bytes.length - 9);
    assert.equal(new TextDecoder("latin1").decode(bytes).includes("bmc.example"), host === "bmc.example");
  }
});

test("explainTls() names the setting that helps", () => {
  const hello = (wish: HelloWish) => ({ first: readServerFirst(serverHello(wish)) });
  const cases: [more: Partial<TlsFailure>, expected: RegExp | string][] = [
    [{}, "what it said"],
    [{ first: { kind: "no-tls" } }, /^it does not use TLS on this port: set the node's '\/bmc\/address'/],
    [{ first: { kind: "alert", code: 40 } }, "it has no cipher suite in common with Kraken"],
    [{ first: { kind: "alert", code: 70 } }, "it refuses TLS 1.2 and older: what it said"],
    [{ first: { kind: "alert", code: 80 } }, "it refuses TLS with the alert 80: what it said"],
    [hello({ version: 0x0300 }), /^it supports only SSL 3 or older/],
    [hello({ version: 0x0301 }), /^it uses TLS 1\.0 at most: .* to tls1\.0$/],
    [{ ...hello({ version: 0x0301 }), oldest: "1.1" }, /^it uses TLS 1\.0 at most: .* to tls1\.0$/],
    [{ ...hello({ version: 0x0302 }), oldest: "1.2-legacy" }, /^it uses TLS 1\.1 at most: .* to tls1\.1$/],
    [{ ...hello({}), oldest: "1.3" }, /^it does not support TLS 1\.3: unset the node's '\/bmc\/tls'/],
    [
      { ...hello({ renegotiation: false }), said: "unsafe legacy renegotiation disabled" },
      /RFC 5746.* to tls1\.2-legacy$/,
    ],
    [{ ...hello({ renegotiation: false }), said: "what it said" }, "what it said"],
    [{ ...hello({}), said: "unsafe legacy renegotiation disabled" }, "unsafe legacy renegotiation disabled"],
    [
      hello({ cipher: 0x002f }),
      /cipher suite 0x002f, which this runtime does not support: .*, or set .* to tls1\.2-legacy$/,
    ],
    [{ ...hello({ cipher: 0x002f }), oldest: "1.0" }, /cipher suite 0x002f, .* on the aggregator's machine$/],
    [hello({}), "what it said"],
  ];
  for (const [more, expected] of cases) {
    const said = explainTls(failure(more));
    if (typeof expected === "string") assert.equal(said, expected);
    else assert.match(said, expected);
  }
});

test("needsOtherRuntime() asks for one for old suites, versions and weak keys, and never beyond what is allowed", async () => {
  await withFolder(async (folder) => {
    const der = (bits: number) => {
      const { certificate } = makeRsaCertificate(folder, `key${bits}`, { bits });
      return new Uint8Array(new X509Certificate(certificate).raw);
    };
    const [weak, strong] = [der(1024), der(2048)];
    const cases: [wish: HelloWish, more: Partial<TlsFailure>, expected: boolean][] = [
      [{ certificate: strong }, {}, false],
      [{ certificate: strong, cipher: 0x009d }, {}, true],
      [{ certificate: strong, cipher: 0xc013, version: 0x0301 }, {}, false],
      [{ certificate: strong, cipher: 0xc013, version: 0x0301 }, { oldest: "1.0" }, true],
      [{ certificate: strong, version: 0x0302 }, { oldest: "1.1" }, true],
      [{ certificate: strong, cipher: 0x009d }, { oldest: "1.3" }, false],
      [{ certificate: weak }, {}, true],
      [{ certificate: weak }, { trust: { kind: "fingerprint", fingerprint: "AB" } }, true],
      [{ certificate: weak }, { trust: { kind: "authorities" } }, false],
      [{ certificate: weak }, { trust: { kind: "authorities" }, oldest: "1.2-legacy" }, true],
      [{}, {}, false],
    ];
    for (const [wish, more, expected] of cases) {
      const first = readServerFirst(serverHello(wish));
      assert.equal(needsOtherRuntime(failure({ first, ...more })), expected, JSON.stringify(more));
    }
    assert.equal(needsOtherRuntime(failure({ first: { kind: "alert", code: 40 } })), false);
    const said = explainTls(failure({ first: readServerFirst(serverHello({ certificate: weak })) }));
    assert.match(said, /^its certificate has an RSA key of 1024 bits, which is too weak: .* to tls1\.2-legacy$/);
  });
});

test("tlsOptionsOf() lowers what is asked of one connection, and of servers of today nothing", () => {
  assert.deepEqual(tlsOptionsOf("1.2", "node"), { minVersion: "TLSv1.2" });
  assert.deepEqual(tlsOptionsOf("1.3", "deno"), { minVersion: "TLSv1.3" });
  assert.deepEqual(tlsOptionsOf("1.0", "bun"), { minVersion: "TLSv1" });
  const { ciphers, minVersion, secureOptions } = tlsOptionsOf("1.2-legacy", "node");
  assert.deepEqual([ciphers, minVersion], ["ALL:!aNULL:!eNULL:@SECLEVEL=0", "TLSv1.2"]);
  assert.equal(secureOptions, 4, "SSL_OP_LEGACY_SERVER_CONNECT");
});

test("oldestTlsOf() is TLS 1.2 where nothing else is said", () => {
  assert.deepEqual([undefined, "tls1.2", "nonsense", 1].map(oldestTlsOf), ["1.2", "1.2", "1.2", "1.2"]);
  assert.deepEqual(
    ["tls1.0", "tls1.1", "tls1.2-legacy", "tls1.3"].map(oldestTlsOf),
    ["1.0", "1.1", "1.2-legacy", "1.3"],
  );
});
