import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { readServerFirst, type ServerFirst } from "../../modules/redfish/tls_hello.ts";
import { explainTls, needsOtherRuntime, type TlsFailure } from "../../modules/redfish/tls_words.ts";
import { withFolder } from "../support/folder.ts";
import { certificate, NOW } from "./certificates.ts";
import { type HelloWish, makeRsaCertificate, serverHello } from "./tls_fixture.ts";

function failure(more: Partial<TlsFailure>): TlsFailure {
  return {
    ...{ url: new URL("https://127.0.0.1"), trust: { kind: "authorities" }, oldest: "1.2", said: "what it said" },
    ...{ first: undefined, now: NOW },
    ...more,
  };
}

/** The same where anybody is trusted. */
function ofAnybody(more: Partial<TlsFailure>): TlsFailure {
  return failure({ trust: { kind: "anybody" }, ...more });
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
    const said = explainTls(ofAnybody(more));
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
      assert.equal(needsOtherRuntime(ofAnybody({ first, ...more })), expected, JSON.stringify(more));
    }
    assert.equal(needsOtherRuntime(ofAnybody({ first: { kind: "alert", code: 40 } })), false);
    const said = explainTls(ofAnybody({ first: readServerFirst(serverHello({ certificate: weak })) }));
    assert.match(said, /^its certificate has an RSA key of 1024 bits, which is too weak: .* to tls1\.2-legacy$/);
  });
});
