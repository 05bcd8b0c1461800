import assert from "node:assert/strict";
import { test } from "node:test";
import { commonNameOf, describeCertificate, problemWords, readCertificate } from "../../modules/redfish/certificate.ts";
import { certificate, certificates, NOW } from "./certificates.ts";

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
  assert.equal(commonNameOf("C=DE\nO=Site\nCN=bmc"), "C=DE, O=Site, CN=bmc");
  assert.equal(commonNameOf(""), "without a name");
  assert.equal(commonNameOf("x".repeat(300)).length, 120);
});
