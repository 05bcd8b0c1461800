import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { GENERATOR } from "../../scripts/bench/sync/generator/commands.ts";
import { NO_MOSQUITTO } from "../../scripts/brokers/mosquitto.ts";
import { waitFor } from "../../scripts/cluster/wait.ts";
import { metricsOf, type PressureLab, residentBytes, whileStopped, withPressure } from "./pressure.ts";

const AGENTS = 80;
/** Everybody changes a value so often, in milliseconds, whatever is acknowledged, while somebody stands still for so long. */
const LOAD = { every: 50, ms: 8_000 };
/** The most messages of a link that wait: its window, sent again after growing pauses, and signs of life. */
const MESSAGES = 5;
/** The most bytes of such a message: a whole agent's document has less. */
const BYTES = 2_000;
/** The most bytes of a page of 500 events of these. */
const PAGE_BYTES = 500 * 1_000;
/** The most that a Mosquitto may keep for these links, in bytes, and what its allocator may take beside. */
const BROKER_BYTES = AGENTS * MESSAGES * BYTES + 2_000_000;

/** Figures while they were watched: the largest value of each. */
type Peaks = Map<string, number>;

/** Makes {@link LOAD}, and watches the figures of aggregators and of the agents' links meanwhile. */
async function underLoad({ generator }: PressureLab, apis: ReadonlyMap<string, string>): Promise<Peaks> {
  const peaks: Peaks = new Map();
  const see = (name: string, value: number) => void peaks.set(name, Math.max(peaks.get(name) ?? 0, value));
  let over = false;
  const load = generator.ask(GENERATOR.steady, LOAD).finally(() => over = true);
  const watch = waitFor("the load is over", async () => {
    const { waiting, waitingBytes } = await generator.ask(GENERATOR.counts, {});
    see("agents waiting_messages", waiting);
    see("agents waiting_bytes", waitingBytes);
    for (const [who, api] of apis) {
      for (const [name, value] of await metricsOf(api)) {
        if (name.startsWith("waiting_")) see(`${who} ${name}`, value);
      }
    }
    return over;
  }, { every: 200 });
  const [{ changes }] = await Promise.all([load, watch]);
  assert.ok(changes > AGENTS * LOAD.ms / LOAD.every / 3, `Only ${changes} changes`);
  return peaks;
}

/** Checks what has waited: at least and at most so much. */
function assertPeaks(peaks: Peaks, bounds: Readonly<Record<string, readonly [least: number, most: number]>>): void {
  console.log([...peaks].filter(([, value]) => value > 0).map(([name, value]) => `${name} ${value}`).join(", "));
  for (const [name, [least, most]] of Object.entries(bounds)) {
    const value = peaks.get(name) ?? NaN;
    assert.ok(value >= least && value <= most, `${name} was ${value}: expected ${least} to ${most}`);
  }
}

async function slowParent(pressed: PressureLab): Promise<void> {
  const { lab, broker, rack } = pressed;
  const before = residentBytes(broker.pid);
  await whileStopped(lab.cluster.aggregator.pid, async () => {
    assertPeaks(await underLoad(pressed, new Map([["rack", rack]])), {
      "rack waiting_up": [1, 1],
      'rack waiting_messages{way="up"}': [0, MESSAGES],
      'rack waiting_messages{way="down"}': [0, AGENTS / 2 * MESSAGES],
      "rack waiting_documents": [0, AGENTS + 2],
      "agents waiting_messages": [0, AGENTS * MESSAGES],
      "agents waiting_bytes": [0, AGENTS * MESSAGES * BYTES],
    });
    const grown = residentBytes(broker.pid) - before;
    console.log(`The broker of a root that takes nothing has grown by ${grown} bytes`);
    assert.ok(grown <= BROKER_BYTES, `${grown} bytes: expected at most ${BROKER_BYTES}`);
  });
  await pressed.level();
  await waitFor("the rack's windows are acknowledged", async () => (await metricsOf(rack)).get("waiting_up") === 0);
}

async function slowBroker(pressed: PressureLab): Promise<void> {
  const { broker, root, rack } = pressed;
  await whileStopped(broker.pid, async () => {
    await pressed.apply("while the broker stands"); // what goes down waits as well
    const most = AGENTS / 2 + 1;
    assertPeaks(await underLoad(pressed, new Map([["root", root], ["rack", rack]])), {
      "root waiting_windows": [1, most],
      'root waiting_messages{way="down"}': [0, most * MESSAGES], // sockets take windows, which no broker acknowledges
      'root waiting_bytes{way="down"}': [0, most * MESSAGES * BYTES],
      'rack waiting_messages{way="up"}': [0, MESSAGES],
      'rack waiting_bytes{way="up"}': [0, most * MESSAGES * BYTES],
      "agents waiting_messages": [0, AGENTS * MESSAGES],
      "agents waiting_bytes": [0, AGENTS * MESSAGES * BYTES],
    });
  });
  await pressed.level();
  for (const api of [root, rack]) {
    await waitFor("nothing waits any more", async () => {
      const left = [...await metricsOf(api)].filter(([name, value]) => name.startsWith("waiting_") && value > 0);
      if (left.length > 0) throw new Error(left.join("; "));
      return true;
    });
  }
}

async function stalledStream({ root, apply }: PressureLab): Promise<void> {
  const { port, hostname, host } = new URL(root);
  const socket = connect(Number(port), hostname);
  try {
    const ids: number[] = [];
    let note = "";
    let told = 0;
    let text = "";
    socket.setEncoding("utf8").on("data", (piece: string) => {
      const lines = (text + piece).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        if (line.startsWith("id: ")) ids.push(Number(line.slice(4)));
        if (note !== "" && line.includes(`"kind":"cfg"`) && line.includes(note)) told++;
      }
    });
    socket.write(`GET /api/v1/events?after=0 HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`);
    await waitFor("the stream has begun", () => ids.length > 0);
    socket.pause();
    let round = 0;
    const more = () => apply(note = `${++round}`.padStart(60, "x"));
    const bytes = async () => (await metricsOf(root)).get("waiting_stream_bytes") ?? NaN;
    let held = 0;
    await waitFor("the stream is said to wait", async () => {
      const before = held;
      for (let turn = 0; turn < 10; turn++) await more();
      held = await bytes();
      return held > 0 && held === before;
    }, { every: 1, limit: 120_000 }); // the system's sockets have to be full first
    const stalledAt = round;
    for (let turn = 0; turn < 20; turn++) {
      await more();
      assert.equal(await bytes(), held);
    }
    console.log(`${round} x ${AGENTS} events, stalled after ${stalledAt}: ${held} bytes wait`);
    assert.ok(held <= PAGE_BYTES, `${held} bytes wait: expected at most ${PAGE_BYTES}`);
    assert.equal((await metricsOf(root)).get("waiting_streams"), 1);

    told = 0;
    socket.resume();
    await waitFor("it has the newest event of every node", () => told === AGENTS);
    assert.deepEqual(ids.filter((id, place) => place > 0 && id !== (ids[place - 1] ?? 0) + 1), []);
    await waitFor("nothing waits for it any more", async () => await bytes() === 0);
  } finally {
    socket.destroy();
  }
}

test(
  "what waits for a slow parent, a slow broker and a stalled event stream is bounded by the documents, and told; then all is level",
  { skip: NO_MOSQUITTO },
  async () => {
    await withPressure(AGENTS, async (pressed) => {
      await slowParent(pressed);
      await slowBroker(pressed);
      await stalledStream(pressed);
    });
  },
);
