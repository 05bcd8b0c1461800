import assert from "node:assert/strict";
import { test } from "node:test";
import type { Value } from "../../src/state/mod.ts";
import { createTestRoot, refusalOf } from "../support/root.ts";

const DIGEST = "1f0c".repeat(16);
const DIGITS = "expected a SHA-256, 64 hexadecimal digits in lower case";
const NAME = "expected letters, digits, '.', '_' and '-', beginning with a letter or digit";

test("an image that no agent would take is refused where cfg is written, with field and what is expected", async () => {
  const root = await createTestRoot({ names: ["n1"] });
  const layer = (more: { readonly [field: string]: Value }) => ({
    "/image/layers": [{ name: "os", digest: DIGEST }, { name: "site", digest: DIGEST, ...more }],
  });
  const cases: readonly (readonly [{ readonly [url: string]: Value }, string])[] = [
    [{ "/image/digest": "1f0c..." }, `/image/digest is "1f0c...": ${DIGITS}`],
    [{ "/image/digest": "" }, `/image/digest is "": ${DIGITS}`],
    [{ "/image/digest": `${DIGEST.slice(1)}g` }, `/image/digest is "${DIGEST.slice(1)}g": ${DIGITS}`],
    [{ "/image/name": "../x" }, `/image/name is "../x": ${NAME}`],
    [
      { "/image/command": ["init"] },
      `/image/command is ["init"]: expected a path in the image that begins with '/', and no line breaks`,
    ],
    [{ "/image/url": "ftp://x/a" }, "/image/url does not fit: expected an http or https URL"],
    [
      { "/image/url": "http://u:pw-4711@x/a" },
      "/image/url does not fit: expected an http or https URL without a user, as all who read the state see it",
    ],
    [layer({ digest: "77ab" }), `/image/layers/1/digest is "77ab": ${DIGITS}`],
    [layer({ name: "" }), `/image/layers/1/name is "": ${NAME}`],
    [layer({ url: "x" }), "/image/layers/1/url does not fit: expected an http or https URL"],
  ];
  for (const [values, problem] of cases) {
    assert.deepEqual(refusalOf(root.patch("n1", values)), ["invalid", `n1: ${problem}`]);
    assert.deepEqual(refusalOf(root.apply({ n1: values })), ["invalid", `n1: ${problem}`], "an inventory alike");
  }
  const good = {
    "/image/name": "os",
    "/image/digest": DIGEST,
    "/image/command": ["/sbin/init"],
    "/image/url": "http://x/os",
  };
  assert.deepEqual(refusalOf(root.patch("n1", { ...good, ...layer({ url: "https://x/site" }) })), []);
});

test("a digest in capitals is the same one, and is kept in lower case, also in a list of layers", async () => {
  const root = await createTestRoot({ names: ["n1"] });
  const loud = DIGEST.toUpperCase();
  const values = { "/image/digest": loud, "/image/layers": [{ name: "site", digest: loud, url: "http://x/SITE" }] };
  const layers = [{ name: "site", digest: DIGEST, url: "http://x/SITE" }];
  for (const write of [() => root.patch("n1", values), () => root.apply({ n1: values })]) {
    assert.deepEqual(refusalOf(write()), []);
    assert.equal(root.cfg("n1", "/image/digest"), DIGEST);
    assert.deepEqual(root.cfg("n1", "/image/layers"), layers);
  }
});
