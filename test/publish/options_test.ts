import assert from "node:assert/strict";
import { test } from "node:test";
import { type PublishCommandLine, readPublishOptions } from "../../aggregator/publish/options.ts";
import { program } from "../../aggregator/options.ts";
import { parseOptions } from "../../src/cli/mod.ts";

const NOTHING: PublishCommandLine = {
  publish: [],
  "publish-prefix": "kraken-state",
  "publish-values": [],
  "publish-rate": 500,
  "home-assistant": undefined,
  broker: undefined,
};

test("nothing is published unless a broker is named", () => {
  assert.equal(readPublishOptions(NOTHING), undefined);
  for (const more of [{ "publish-values": ["/rack"] }, { "home-assistant": "homeassistant" }]) {
    assert.throws(() => readPublishOptions({ ...NOTHING, ...more }), /is given without '--publish': expected both/);
  }
});

test("several brokers, the embedded one among them, and values from several lists", () => {
  const publish = ["embedded", "mqtt://u:p@10.0.0.1", "wss://broker.example/mqtt"];
  const values = ["/host/load,/rack", "/services/{name}/state", "/rack"];
  assert.deepEqual(readPublishOptions({ ...NOTHING, publish, "publish-values": values, "home-assistant": "ha" }), {
    urls: publish.slice(1),
    isEmbedded: true,
    prefix: "kraken-state",
    values: ["/services/{name}/state", "/host/load", "/rack"],
    perSecond: 500,
    homeAssistant: "ha",
  });
});

test("what can't be is refused with the option, the value and what was expected, and without passwords", () => {
  const publish = ["embedded"];
  const wrong: readonly (readonly [Partial<PublishCommandLine>, RegExp])[] = [
    [
      { publish: ["http://10.0.0.1"] },
      /'--publish' is 'http:\/\/10\.0\.0\.1': expected 'embedded', or a URL such as mqtt/,
    ],
    [{ publish: ["mqtt://u:geheim@"] }, /'--publish' is 'mqtt:\.\.\. \(not shown/],
    [{ publish: ["embeded"] }, /'--publish' is 'embeded': expected 'embedded'/],
    [{ publish: ["mqtt://a:x@h", "mqtt://b:y@h"] }, /names the broker 'h' twice/],
    [{ publish: Array.from({ length: 17 }, (_, each) => `mqtt://h${each}`) }, /given 17 times: expected at most 16/],
    [{ publish, broker: "mqtt://b" }, /'--publish' is 'embedded', and there is '--broker'/],
    [{ publish, "publish-prefix": "kraken" }, /'--publish-prefix' is 'kraken': expected another first level/],
    [{ publish, "home-assistant": "a/#" }, /'--home-assistant' is 'a\/#': expected topic levels/],
    [{ publish, "publish-values": ["/rack,load"] }, /'--publish-values' has 'load': expected state URLs/],
    [{ publish, "publish-values": [Array.from({ length: 65 }, (_, each) => `/a${each}`).join(",")] }, /has 65 URLs/],
  ];
  for (const [more, expected] of wrong) {
    assert.throws(() => readPublishOptions({ ...NOTHING, ...more }), (error: unknown) => {
      const text = String(error);
      assert.match(text, expected);
      assert.doesNotMatch(text, /geheim/);
      return true;
    });
  }
});

test("URLs with passwords come from the environment, several of them separated by spaces", () => {
  const args = ["--cluster", "demo", "--data", "d"];
  const env = { KRAKEN_PUBLISH: " embedded  mqtt://u:p@10.0.0.1\n" };
  const read = (...more: string[]): readonly string[] => {
    const parsed = parseOptions(program.options, undefined, [...args, ...more], env);
    assert.ok(parsed.kind === "run");
    return parsed.options.publish;
  };
  assert.deepEqual(read(), ["embedded", "mqtt://u:p@10.0.0.1"]);
  assert.deepEqual(read("--publish", "mqtt://a", "--publish", "mqtt://b"), ["mqtt://a", "mqtt://b"]);
});
