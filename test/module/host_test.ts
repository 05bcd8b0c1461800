import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../src/log.ts";
import {
  createModuleHost,
  defineModule,
  type Module,
  type ModuleContext,
  type ModuleHost,
  type ModuleNode,
} from "../../src/module/mod.ts";
import { declareModule, type Step } from "../../src/plan/mod.ts";
import { core, defineExtension, enumeration, type Value } from "../../src/state/mod.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";

const fan = defineExtension("fan", {
  "/fan": { type: enumeration("UNKNOWN", "SLOW", "FAST"), writer: "self", about: "Speed of the fan" },
  "/fans/{place}": { type: { kind: "integer", min: 0, max: 9 }, writer: "self", about: "Speed of one fan" },
  "/services/cooling/config": {
    type: { kind: "object", fields: { fans: { kind: "integer" } } },
    writer: "cfg",
    about: "Config of the module",
  },
});
const declaration = declareModule({
  name: "cooling",
  about: "Turns fans",
  extensions: [core, fan],
  discovers: ["/fan", "/fans/{place}"],
  mutations: {
    faster: { context: "self", changes: { "/fan": ["SLOW", "FAST"] }, timeout: 1000 },
    slower: { context: "self", changes: { "/fan": ["FAST", "SLOW"] }, timeout: 1000 },
  },
});
const OWN = "00000000-0000-4000-8000-000000000001";

/** A host with one module and everything that it discovers. */
function hostOf(start: (context: ModuleContext) => ReturnType<Module["start"]>, config?: Value) {
  const clock = createVirtualClock();
  const values = new Map<string, Value | null>();
  const own: ModuleNode = {
    id: OWN,
    name: "n1",
    view: new Map(),
    cfg: new Map(config === undefined ? [] : [["/services/cooling/config", config]]),
  };
  const found: { context?: ModuleContext } = {};
  const host: ModuleHost = createModuleHost({
    modules: [defineModule(declaration, (context) => {
      found.context = context;
      return start(context);
    })],
    role: "self",
    programNode: OWN,
    nodes: () => [own],
    node: (id) => (id === OWN ? own : undefined),
    discover: (_node, url, value) => void values.set(url, value),
    clock,
    random: () => 0.5,
    log: createLog(() => {}),
  });
  function context(): ModuleContext {
    if (found.context === undefined) throw new Error("Expected the module to have been started");
    return found.context;
  }
  return { host, clock, values, context };
}

function step(mutation: string, module = "cooling"): Step {
  const changes = { "/fan": ["SLOW", "FAST"] } as const;
  const key = `${module}/${mutation}`;
  return {
    key,
    module,
    mutation,
    bindings: {},
    context: "self",
    changes,
    failTo: {},
    timeout: 1,
    disruption: 1,
    duration: 1,
    after: [],
  };
}

const never = new AbortController().signal;

test("start() shows a module that runs as RUN on the program's own node, and stop() as STOP", async () => {
  const { host, values } = hostOf(() => ({}));
  await host.start();
  assert.equal(values.get("/services/cooling/state"), "RUN");
  await host.stop();
  assert.equal(values.get("/services/cooling/state"), "STOP");
});

test("start() contains a module that throws, and run() then rejects with what it threw", async () => {
  const { host, values } = hostOf(() => {
    throw new Error("No fan there");
  });
  await host.start();
  assert.equal(values.get("/services/cooling/state"), "ERROR");
  assert.equal(values.get("/services/cooling/error"), "No fan there");
  await assert.rejects(host.run(OWN, step("faster"), "x", never), /not running: No fan there/);
  await host.stop();
});

test("start() contains a module that does not start within 10 s, and stops it should it start later", async () => {
  let finish: (module: { stop(): void }) => void = () => {};
  let stopped = 0;
  const { host, values, clock, context } = hostOf(() => new Promise((resolve) => void (finish = resolve)));
  const starting = host.start();
  await clock.advance(9_999);
  assert.equal(values.get("/services/cooling/state"), undefined);
  await clock.advance(1);
  await starting;
  assert.equal(values.get("/services/cooling/state"), "ERROR");
  assert.match(String(values.get("/services/cooling/error")), /did not start within 10 s/);
  assert.ok(context().signal.aborted);
  finish({ stop: () => void stopped++ });
  await clock.advance(0);
  assert.equal(stopped, 1);
  await host.stop();
});

test("stop() stops a module whose start ends only after it", async () => {
  let finish: (module: { stop(): void }) => void = () => {};
  let stopped = 0;
  const { host, values, clock } = hostOf(() => new Promise((resolve) => void (finish = resolve)));
  const starting = host.start();
  await host.stop();
  finish({ stop: () => void stopped++ });
  await starting;
  await clock.advance(0);
  assert.equal(stopped, 1);
  assert.equal(values.get("/services/cooling/state"), "STOP");
});

test("stop() fires the context's signal first and waits no longer than 5 s for the module", async () => {
  const { host, clock, values, context } = hostOf(({ signal }) => ({
    stop() {
      assert.ok(signal.aborted);
      return new Promise(() => {});
    },
  }));
  await host.start();
  const stopping = host.stop();
  assert.ok(context().signal.aborted);
  await clock.advance(4_999);
  assert.equal(values.get("/services/cooling/state"), "RUN");
  await clock.advance(1);
  await stopping;
  assert.equal(values.get("/services/cooling/state"), "STOP");
});

test("stop() contains a module that throws while it stops", async () => {
  const { host, values } = hostOf(() => ({ stop: () => Promise.reject(new Error("Stuck")) }));
  await host.start();
  await host.stop();
  assert.equal(values.get("/services/cooling/state"), "STOP");
});

test("run() gives the handler the node, its execution and a discover() for that node", async () => {
  const { host, values } = hostOf(() => ({
    mutations: {
      faster(run) {
        assert.equal(run.node.id, OWN);
        assert.equal(run.execution, "e1");
        assert.equal(run.signal, never);
        run.discover("/fan", "FAST");
      },
    },
  }));
  await host.start();
  await host.run(OWN, step("faster"), "e1", never);
  assert.equal(values.get("/fan"), "FAST");
  await host.stop();
});

test("run() rejects when the handler throws or rejects", async () => {
  const { host } = hostOf(() => ({
    mutations: {
      faster() {
        throw new Error("Fan is blocked");
      },
      slower: () => Promise.reject(new Error("Fan is free")),
    },
  }));
  await host.start();
  await assert.rejects(host.run(OWN, step("faster"), "x", never), /Fan is blocked/);
  await assert.rejects(host.run(OWN, step("slower"), "x", never), /Fan is free/);
  await host.stop();
});

test("run() resolves at once for a mutation without a handler, and rejects for a module or a node that is not there", async () => {
  const { host } = hostOf(() => ({ mutations: { faster: () => {} } }));
  await host.start();
  await host.run(OWN, step("slower"), "x", never);
  await assert.rejects(host.run(OWN, step("on", "lights"), "x", never), /no module 'lights' here: there are cooling/);
  await assert.rejects(host.run("gone", step("faster"), "x", never), /there is no node 'gone'/);
  await host.stop();
});

test("discover() refuses URLs that the module does not claim and values that do not fit, naming both", async () => {
  const { host, values, context } = hostOf(() => ({}));
  await host.start();
  const { discover } = context();
  assert.throws(() => discover(OWN, "/drained", "NO"), {
    name: "TypeError",
    message: /'cooling' cannot discover a value: '\/drained' is not among what it discovers: \/fan, \/fans\/\{place\}/,
  });
  assert.throws(() => discover(OWN, "/fan", "BLUE"), {
    name: "TypeError",
    message: /\/fan is "BLUE": expected one of UNKNOWN, SLOW, FAST/,
  });
  assert.throws(() => discover(OWN, "/fans/left", 10), { name: "TypeError", message: /an integer from 0 to 9/ });
  discover(OWN, "/fans/left", 9);
  discover(OWN, "/fan", null);
  assert.equal(values.get("/fans/left"), 9);
  assert.equal(values.get("/fan"), null);
  await host.stop();
});

test("discover() of a node that is gone does nothing", async () => {
  const { host, values, context } = hostOf(() => ({}));
  await host.start();
  context().discover("gone", "/fan", "FAST");
  assert.ok(!values.has("/fan"));
  await host.stop();
});

test("discover() takes 1,000 values a second and 4 for each node; what is said beyond that waits, and the newest is taken", async () => {
  const { host, values, clock, context } = hostOf(() => ({}));
  await host.start();
  const { discover } = context();
  for (let count = 0; count < 1_004; count++) discover(OWN, "/fans/left", count % 10);
  assert.equal(values.get("/fans/left"), 3);
  for (const speed of ["SLOW", "UNKNOWN", "FAST"]) discover(OWN, "/fan", speed);
  assert.ok(!values.has("/fan"));
  await clock.advance(1_100);
  assert.equal(values.get("/fan"), "FAST");
  assert.equal(values.get("/services/cooling/state"), "RUN");
  await host.stop();
});

test("discover() shows a module that floods, and takes its newest values once a second until a whole second was quiet", async () => {
  const { host, values, clock, context } = hostOf(() => ({}));
  await host.start();
  const { discover } = context();
  for (let count = 0; count <= 10_040; count++) discover(OWN, "/fans/left", count % 10);
  assert.equal(values.get("/services/cooling/state"), "ERROR");
  assert.match(String(values.get("/services/cooling/error")), /far more than 1004 values a second/);
  discover(OWN, "/fan", "FAST");
  assert.ok(!values.has("/fan"));
  await clock.advance(1_000);
  assert.equal(values.get("/fan"), "FAST");
  assert.equal(
    values.get("/services/cooling/state"),
    "ERROR",
    "the second of the flood has ended, but none was quiet yet",
  );
  await clock.advance(1_000);
  assert.equal(values.get("/services/cooling/state"), "RUN");
  assert.equal(values.get("/services/cooling/error"), null);
  discover(OWN, "/fan", "SLOW");
  assert.equal(values.get("/fan"), "SLOW");
  await host.stop();
});

test("discover() takes a module for one that floods that says too much for ten seconds, however it is spread", async () => {
  const { host, values, clock, context } = hostOf(() => ({}));
  await host.start();
  for (let tenth = 0; tenth < 90; tenth++) {
    for (let count = 0; count < 150; count++) context().discover(OWN, "/fans/left", (tenth + count) % 10);
    await clock.advance(100);
  }
  assert.equal(values.get("/services/cooling/state"), "RUN");
  for (let tenth = 0; tenth < 20; tenth++) {
    for (let count = 0; count < 150; count++) context().discover(OWN, "/fans/left", (tenth + count) % 10);
    await clock.advance(100);
  }
  assert.equal(values.get("/services/cooling/state"), "ERROR");
  await host.stop();
});

test("a value that waits when its module stops is taken", async () => {
  const { host, values, context } = hostOf(() => ({}));
  await host.start();
  for (let count = 0; count < 1_004; count++) context().discover(OWN, "/fans/left", count % 10);
  context().discover(OWN, "/fan", "FAST");
  await host.stop();
  assert.equal(values.get("/fan"), "FAST");
  context().discover(OWN, "/fan", "SLOW");
  assert.equal(values.get("/fan"), "FAST");
});

test("changed() contains listeners and timers that throw or reject, and shows what they threw", async () => {
  const { host, values, clock, context } = hostOf(({ onChange, clock }) => {
    onChange((node) => {
      if (node === "bad") throw new Error("Confused");
    });
    onChange((node) => node === "async" ? Promise.reject(new Error("Later")) : undefined);
    clock.after(10, () => {
      throw new Error("Late");
    });
    return {};
  });
  await host.start();
  host.changed("bad");
  assert.match(String(values.get("/services/cooling/error")), /Failed in its change listener: Confused/);
  host.changed("async");
  await clock.advance(0);
  assert.match(String(values.get("/services/cooling/error")), /Failed in its change listener: Later/);
  await clock.advance(10);
  assert.match(String(values.get("/services/cooling/error")), /Failed in a timer: Late/);
  assert.equal(context().signal.aborted, false);
  await host.stop();
});

test("config() gives the module's config, and hides one that does not fit and names the field", async () => {
  const good = hostOf(() => ({}), { fans: 3 });
  await good.host.start();
  assert.deepEqual(good.context().config(), { fans: 3 });
  await good.host.stop();
  const bad = hostOf((context) => {
    assert.equal(context.config(), undefined);
    return {};
  }, { fans: "many" });
  await bad.host.start();
  assert.equal(bad.values.get("/services/cooling/state"), "RUN");
  assert.match(String(bad.values.get("/services/cooling/error")), /config\/fans is "many": expected an integer/);
  await bad.host.stop();
});

test("createModuleHost() refuses two modules of one name, and a module that discovers what another writes", () => {
  const module = defineModule(declaration, () => ({}));
  const options = {
    programNode: OWN,
    nodes: () => [],
    node: () => undefined,
    discover: () => {},
    clock: createVirtualClock(),
    random: () => 0,
    log: createLog(() => {}),
  };
  assert.throws(() => createModuleHost({ ...options, modules: [module, module], role: "self" }), {
    name: "TypeError",
    message: /two modules of the name 'cooling'/,
  });
  assert.throws(() => createModuleHost({ ...options, modules: [module], role: "parent" }), {
    name: "TypeError",
    message: /discovers '\/fan', which is written by 'self', in a program that writes as 'parent'/,
  });
});
