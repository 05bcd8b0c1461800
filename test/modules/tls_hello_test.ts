import assert from "node:assert/strict";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { clientHello, readServerFirst } from "../../modules/redfish/tls_hello.ts";
import { tlsOptionsOf } from "../../modules/redfish/tls_options.ts";
import { oldestTlsOf } from "../../modules/redfish/tls_settings.ts";
import { serverHello } from "./tls_fixture.ts";

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

test("a record is told from what is no TLS by its type and version, and an alert from whatever came before", () => {
  const record = (type: number, ...bytes: number[]) => [type, 3, 3, 0, bytes.length, ...bytes];
  const read = (...bytes: number[]) => readServerFirst(new Uint8Array(bytes))?.kind;
  assert.equal(read(...record(19, 1)), "no-tls");
  assert.equal(read(...record(24, 1)), "no-tls");
  assert.equal(read(...record(20, 1)), "no-tls", "no server begins with that");
  assert.equal(read(...record(23, 1)), "no-tls");
  assert.equal(read(22, 2, 0, 0, 1, 1), "no-tls");
  for (const type of [19, 24]) {
    assert.equal(read(...record(22, 0, 0, 0, 0), ...record(type, 1)), "no-tls", `${type} after a handshake`);
  }
  for (const major of [2, 4]) {
    assert.equal(
      read(...record(22, 0, 0, 0, 0), 22, major, 3, 0, 1, 1),
      "no-tls",
      `version ${major} after a handshake`,
    );
  }
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
