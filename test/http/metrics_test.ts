import assert from "node:assert/strict";
import { test } from "node:test";
import { formatMetrics } from "../../aggregator/http/metrics.ts";

test("formatMetrics() writes help, type and samples as Prometheus reads them, with labels escaped", () => {
  const text = formatMetrics([
    { name: "links", type: "gauge", help: "Links", samples: [{ labels: { state: 'a"\\\n' }, value: 3 }, { value: 0 }] },
    { name: "sent_total", type: "counter", help: "Sent", samples: [] },
  ]);
  assert.equal(
    text,
    "# HELP kraken_links Links\n# TYPE kraken_links gauge\n" +
      'kraken_links{state="a\\"\\\\\\n"} 3\nkraken_links 0\n' +
      "# HELP kraken_sent_total Sent\n# TYPE kraken_sent_total counter\n",
  );
});
