import assert from "node:assert/strict";
import { test } from "node:test";
import { createOwnMessages } from "../../aggregator/broker/messages.ts";
import { createLog } from "../../src/log.ts";

/** What the program publishes, the way that it takes, and how the broker gets rid of it. */
function make() {
  const went: string[] = [];
  const logged: string[] = [];
  const done: ((error?: Error) => void)[] = [];
  const world = { isShort: true };
  const own = createOwnMessages(
    {
      publish({ topic, payload, qos, retain, dup }, handed) {
        went.push(`broker ${topic} ${[...payload].join(" ")} ${qos}${retain || dup ? " odd" : ""}`);
        done.push(handed);
      },
    },
    {
      publish(topic) {
        if (world.isShort) went.push(`shortcut ${topic}`);
        return world.isShort;
      },
    },
    createLog((line) => void logged.push(line), { level: "warn" }),
  );
  const publish = (topic: string, qos: 0 | 1 = 0) => own.publish(topic, Uint8Array.of(7), qos);
  return { own, went, logged, done, world, publish };
}

test("what has QoS 0 goes by the shortcut and waits for nothing, and what has QoS 1 goes to the broker", () => {
  const { own, went, publish } = make();
  publish("a");
  assert.equal(own.waiting(), 0);
  publish("b", 1);
  assert.deepEqual([went, own.waiting()], [["shortcut a", "broker b 7 1"], 1]);
});

test("what the shortcut does not take goes to the broker, and waits until that has handed it over", () => {
  const { own, went, logged, done, world, publish } = make();
  world.isShort = false;
  publish("a");
  publish("b");
  assert.deepEqual([went, own.waiting()], [["broker a 7 0", "broker b 7 0"], 2]);
  done[0]?.();
  assert.equal(own.waiting(), 1);
  done[1]?.();
  assert.deepEqual([own.waiting(), logged], [0, []]);
});

test("what follows on a topic overtakes nothing that is under way there, and goes by the shortcut again after that", () => {
  const { went, done, publish } = make();
  publish("a", 1);
  publish("a");
  publish("b");
  done[0]?.();
  publish("a");
  done[1]?.();
  done[2]?.();
  publish("a");
  assert.deepEqual(went, [
    ...["broker a 7 1", "broker a 7 0", "shortcut b", "broker a 7 0", "shortcut a"],
  ]);
});

test("what the broker can't publish is logged, and waits no longer", () => {
  const { own, logged, done, publish } = make();
  publish("a", 1);
  done[0]?.(new Error("The broker is closed"));
  assert.equal(own.waiting(), 0);
  assert.match(logged.join(), /"Broker cannot publish".*"topic":"a".*"why":"The broker is closed"/);
});
