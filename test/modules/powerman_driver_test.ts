import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { createCoverage, fc } from "../support/property.ts";
import { createPowermanModule } from "../../modules/powerman/module.ts";
import { powermanConfigOf, serverOf } from "../../modules/powerman/config.ts";
import { createGathering } from "../../modules/powerman/gathering.ts";
import { hostlistsOf, parseAnswer, troubleOf, unknownNames } from "../../modules/powerman/protocol.ts";
import { parseNodeset } from "../../src/nodeset/mod.ts";
import type { Step } from "../../src/plan/mod.ts";
import { unread } from "../../src/reports.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { hostForTest, type TestNode, testNode } from "./module_fixture.ts";
import { hostPowerman, powermanNode } from "./powerman_bench.ts";
import { ending } from "./redfish_scene.ts";

/** A powermand of so many plugs that are off, on a clock that the test moves, whose answers to orders a test gives. */
async function withPlayed(
  orders: (verb: string, names: readonly string[], plugs: Map<string, string>) => string,
  run: (
    bench: {
      readonly nodes: readonly TestNode[];
      readonly asked: readonly string[];
      /** Runs a mutation of every node at once. @returns What it was rejected with, by node. */
      all(mutation: string): Promise<ReadonlyMap<string, string>>;
    },
  ) => Promise<void>,
): Promise<void> {
  const clock = createVirtualClock();
  const plugs = new Map(["n1", "n2", "n3"].map((name) => [name, "off"]));
  const nodes = [...plugs.keys()].map((name) => powermanNode(name));
  const asked: string[] = [];
  const module = createPowermanModule({
    connect: async () => ({
      ended: false,
      end() {},
      async command(text) {
        asked.push(text);
        const [verb = "", list = ""] = text.split(" ");
        const parsed = parseNodeset(list);
        const names = parsed.ok ? parsed.names : [];
        const shown = () =>
          names.map((name) => `303 ${name}: ${plugs.get(name)}\r\n`).join("") + "103 Query complete\r\n";
        const answer = parseAnswer(verb === "status" ? shown() : orders(verb, names, plugs));
        assert.ok(answer !== undefined);
        return answer;
      },
    }),
  });
  const own = testNode("root", { "/services/powerman/config": { poll: 3_600_000 } });
  const { host: hosted } = await hostForTest(module, nodes, { role: "parent", own, clock });
  const step: Omit<Step, "key" | "mutation"> = {
    ...{ module: "powerman", bindings: {}, changes: {}, failTo: {}, timeout: 1, disruption: 1 },
    ...{ context: "parent", duration: 1, after: [] },
  };
  try {
    await run({
      ...{ nodes, asked },
      async all(mutation) {
        const rejected = new Map<string, string>();
        const timeout = new AbortController();
        const cancel = clock.after(60_000, () => timeout.abort(new Error("Timed out")));
        const runs = nodes.map(({ id, name }) =>
          hosted.run(id, { ...step, key: `powerman/${mutation}`, mutation }, crypto.randomUUID(), timeout.signal)
            .catch((error: Error) => void rejected.set(name, `${error.name}: ${error.message}`))
        );
        await ending(clock, Promise.all(runs).then(() => {}));
        cancel();
        return rejected;
      },
    });
  } finally {
    await hosted.stop();
  }
}

test("powerman waits for each plug of a command that ended with errors: the healthy ones are ordered once, and none is cut", async () => {
  for (const answer of ["210 Command completed with errors", "308 v1: timeout\r\n210 Command completed with errors"]) {
    await withPlayed((verb, names, plugs) => {
      for (const name of names) if (name !== "n2") plugs.set(name, verb);
      return `${answer}\r\n`;
    }, async ({ all, nodes, asked }) => {
      assert.deepEqual([...await all("power-on")], [["n2", "Error: Timed out"]]);
      assert.equal(nodes[0]?.view.get("/physState"), "POWER_ON");
      assert.equal(nodes[2]?.view.get("/physState"), "POWER_ON");
      assert.equal(asked[0], "status n[1-3]");
      const orders = asked.filter((text) => !text.startsWith("status"));
      assert.equal(orders[0], "on n[1-3]");
      assert.ok(orders.slice(1).every((text) => text === "on n2"), orders.join());
    });
  }
});

test("powerman tells whose the errors of a command are, where powermand names them, and gives up on that one alone", async () => {
  await withPlayed((verb, names, plugs) => {
    for (const name of names) if (name !== "n2") plugs.set(name, verb);
    return names.includes("n2")
      ? "309 n2: breaker is open\r\n210 Command completed with errors\r\n"
      : "102 Command completed successfully\r\n";
  }, async ({ all, nodes, asked }) => {
    const failed = await all("power-on");
    assert.deepEqual([...failed.keys()], ["n2"]);
    assert.match(
      failed.get("n2") ?? "",
      /^DeclinedError: .*asked to power on, which was refused \(.*breaker is open\)/,
    );
    assert.equal(nodes[0]?.view.get("/physState"), "POWER_ON");
    assert.deepEqual(asked.filter((text) => text.startsWith("on")), ["on n[1-3]", "on n2", "on n2"]);
  });
});

test("powerman orders again what powermand is too busy for, and gives up at once on what no device can do", async () => {
  let busy = 8; // longer than refusals are put up with
  await withPlayed((verb, names, plugs) => {
    if (busy-- > 0) return "208 Command in progress\r\n";
    for (const name of names) plugs.set(name, verb);
    return "102 Command completed successfully\r\n";
  }, async ({ all, nodes }) => {
    assert.deepEqual([...await all("power-on")], []);
    assert.equal(nodes[0]?.view.get("/physState"), "POWER_ON");
  });
  await withPlayed(
    () => "213 Command cannot be handled by power control device(s)\r\n",
    async ({ all, asked }) => {
      const failed = await all("power-on");
      assert.match(
        failed.get("n1") ?? "",
        /^MistakeError: Cannot power 'n1' on: its controller does not support that$/,
      );
      assert.equal(asked.filter((text) => text.startsWith("on")).length, 1);
    },
  );
});

test("powerman powers no machine on that is to boot from a device, as it can tell it none, and off all the same", async () => {
  const cases = [
    {
      cfg: "pxe",
      once: undefined,
      words: /from 'pxe': powermand tells no machine what to boot from: unset '\/bmc\/bootDevice'/,
    },
    { cfg: undefined, once: "DISK", words: /from 'disk': .*: set '\/bmc\/bootNext' to NONE/ },
    { cfg: "default", once: "NONE", words: undefined },
    { cfg: "none", once: undefined, words: undefined },
  ];
  for (const { cfg, once, words } of cases) {
    await withPlayed((verb, names, plugs) => {
      for (const name of names) plugs.set(name, verb);
      return "102 Command completed successfully\r\n";
    }, async ({ all, nodes: [node], asked }) => {
      if (cfg !== undefined) node?.cfg.set("/bmc/bootDevice", cfg);
      if (once !== undefined) node?.view.set("/bmc/bootNext", once);
      const failed = (await all("power-on")).get("n1");
      if (words === undefined) return assert.equal(failed, undefined);
      assert.match(failed ?? "", words);
      assert.match(failed ?? "", /^MistakeError: Cannot boot 'n1'/);
      assert.deepEqual(asked.filter((text) => text.startsWith("on")), ["on n[2-3]"]);
      assert.deepEqual([...await all("power-off")], []);
    });
  }
});

/** One plug that can't be read, of which a device says why while telemetry is on. */
async function withUnreadable(
  telemetry: (command: string) => string,
  run: (
    bench: {
      readonly node: TestNode;
      readonly clock: ReturnType<typeof createVirtualClock>;
      readonly asked: string[];
      readonly ended: () => number;
    },
  ) => Promise<void>,
): Promise<void> {
  const clock = createVirtualClock();
  const asked: string[] = [];
  let ended = 0;
  const module = createPowermanModule({
    connect: async () => ({
      ended: false,
      end: () => void ended++,
      async command(text) {
        asked.push(text);
        const answer = parseAnswer(telemetry(text));
        if (answer === undefined) throw new Error("the server is not powermand");
        return answer;
      },
    }),
  });
  const node = powermanNode("n1");
  const own = testNode("root", { "/services/powerman/config": { poll: 10_000 } });
  const { host } = await hostForTest(module, [node], { role: "parent", own, clock });
  await run({ node, clock, asked, ended: () => ended });
  await host.stop();
  assert.ok(ended > 0, "connections are ended with the module");
}

test("powerman asks what a device says of a plug once a minute, and takes no more than it has asked for", async () => {
  await withUnreadable(
    (text) =>
      text === "telemetry"
        ? "104 Telemetry ON"
        : "305 recv(v1): 'n1: timeout\\n'\r\n303 n1: unknown\r\n103 Query complete",
    async ({ node, clock, asked }) => {
      await clock.advance(59_000);
      assert.equal(node.view.get("/bmc/power"), "n1: unknown (n1: timeout)");
      assert.equal(asked.filter((text) => text === "telemetry").length, 2, "on and off");
      await clock.advance(60_000);
      assert.equal(asked.filter((text) => text === "telemetry").length, 4);
      assert.equal(asked.filter((text) => text === "exprange").length, 0);
    },
  );
});

test("powerman asks no powermand for more that shows nothing of what devices say", async () => {
  for (const answer of ["201 Unknown command", "104 Telemetry OFF", "103 Telemetry ON"]) {
    await withUnreadable(
      (text) =>
        text === "telemetry" ? answer : "305 recv(v1): 'n1: timeout\\n'\r\n303 n1: unknown\r\n103 Query complete",
      async ({ node, clock, asked }) => {
        await clock.advance(30_000);
        assert.equal(node.view.get("/bmc/power"), "n1: unknown", answer);
        assert.equal(asked.filter((text) => text === "telemetry").length, 1, answer);
      },
    );
  }
});

test("powerman keeps the answer that there is when a device's words can't be had, and uses no connection that broke", async () => {
  await withUnreadable(
    (text) => text === "telemetry" ? "hello" : "303 n1: unknown\r\n103 Query complete",
    async ({ node, clock, ended }) => {
      await clock.advance(30_000);
      assert.equal(node.view.get("/bmc/power"), "n1: unknown");
      assert.equal(node.view.get("/bmc/error"), undefined);
      assert.equal(ended(), 1);
    },
  );
});

test("serverOf() takes a host with or without a port, and nothing else", () => {
  assert.deepEqual(serverOf("localhost"), { host: "localhost", port: 10_101 });
  assert.deepEqual(serverOf("[fd00::7]:65535"), { host: "fd00::7", port: 65_535 });
  assert.deepEqual(serverOf("pm.site:7"), { host: "pm.site", port: 7 });
  for (const text of ["", "a b", "x:65536", "tcp://x", "-x"]) {
    assert.throws(() => serverOf(text), { name: "MistakeError" });
  }
  const own = powermanConfigOf(undefined);
  assert.deepEqual([own.server, own.poll, own.graceful, own.sense], ["localhost:10101", 30_000, 0, 0]);
});

test("createGathering() asks once for all that ask within its time, and not for those that have left", async () => {
  const clock = createVirtualClock();
  const asked: string[][] = [];
  const gathering = createGathering<string>(clock, 100, async ({ names, settle }) => {
    asked.push([...names]);
    for (const name of names) {
      if (name === "bad") settle(name, new Error("It is bad"));
      else if (name !== "mute") settle(name, `${name}!`);
    }
    if (names.includes("fails")) throw new Error("It fails");
  });
  const { signal } = new AbortController();
  const gone = new AbortController();
  const answers = Promise.allSettled([
    ...["a", "a", "bad", "mute"].map((name) => gathering.ask(name, { signal })),
    ...["b", "a"].map((name) => gathering.ask(name, gone)),
  ]);
  gone.abort(new Error("Not wanted"));
  await clock.advance(99);
  assert.deepEqual(asked, []);
  await clock.advance(1);
  assert.deepEqual(asked, [["a", "bad", "mute"]]);
  const told = (await answers).map((each) => each.status === "fulfilled" ? each.value : each.reason.message);
  assert.deepEqual(told, ["a!", "a!", "It is bad", "It was not answered", "Not wanted", "Not wanted"]);
  await assert.rejects(gathering.ask("c", gone), /Not wanted/);
  const left = new AbortController();
  const leaving = gathering.ask("c", left);
  left.abort(new Error("Not wanted"));
  await assert.rejects(leaving, /Not wanted/);
  assert.equal(clock.waiting, 0, "nobody is left to ask for");
  const failing = Promise.allSettled(["fails", "mute"].map((name) => gathering.ask(name, { signal })));
  await clock.advance(100);
  const [first, second] = await failing;
  assert.equal(first?.status === "fulfilled" && first.value, "fails!");
  assert.match(String(second?.status === "rejected" && second.reason), /It fails/);
});

test("createGathering() asks anew for who asks about a name while it is asked about", async () => {
  const clock = createVirtualClock();
  const ends: (() => void)[] = [];
  const gathering = createGathering<number>(clock, 100, async ({ names, settle }) => {
    const own = ends.length;
    await new Promise<void>((resolve) => ends.push(resolve));
    for (const name of names) settle(name, own);
  });
  const { signal } = new AbortController();
  const first = gathering.ask("a", { signal });
  await clock.advance(100);
  assert.equal(ends.length, 1);
  const second = gathering.ask("a", { signal });
  await clock.advance(100);
  assert.equal(ends.length, 2, "what is asked already may be answered with what was before");
  ends[1]?.();
  assert.equal(await second, 1);
  ends[0]?.();
  assert.equal(await first, 0);
  assert.equal(clock.waiting, 0);
});

test("createGathering() tells whatever was thrown as an error", async () => {
  const clock = createVirtualClock();
  const odd: unknown = "odd";
  const gathering = createGathering<string>(clock, 100, () => Promise.reject(odd));
  const asking = gathering.ask("a", { signal: new AbortController().signal });
  asking.catch(() => {});
  await clock.advance(100);
  await assert.rejects(asking, { name: "Error", message: "odd" });
});

test("createGathering() gathers on for the others where who asked first leaves", async () => {
  const clock = createVirtualClock();
  const asked: string[] = [];
  const gathering = createGathering<string>(clock, 100, async ({ names, settle }) => {
    for (const name of names) {
      asked.push(name);
      settle(name, name);
    }
  });
  const leaver = new AbortController();
  const stays = new AbortController();
  const left = gathering.ask("a", leaver);
  const other = gathering.ask("a", stays);
  const third = gathering.ask("b", stays);
  leaver.abort(new Error("Not wanted"));
  await assert.rejects(left, { message: "Not wanted" });
  await clock.advance(100);
  assert.deepEqual([asked, await other, await third], [["a", "b"], "a", "b"]);
  stays.abort(new Error("Too late to matter"));
  assert.equal(clock.waiting, 0);
});

test("troubleOf() quotes what was said of a plug, and of no other, and nothing of a login", () => {
  assert.equal(troubleOf("n1", ["n1: password verification timeout", "n2: busy"]), "n1: password verification timeout");
  assert.equal(troubleOf("n3", ["n1: password verification timeout", "n2: busy"]), undefined);
  assert.equal(troubleOf("n1", ["pnode1: invalid hostname"]), "pnode1: invalid hostname");
  assert.equal(troubleOf("n1", ["n2: invalid hostname", "n1: on"]), undefined);
  assert.equal(troubleOf("n1", ["Error: login: admin", "password: secret invalid", "n1: off"]), undefined);
  assert.equal(troubleOf("n1", ["n1: off", "connection timed out"]), "connection timed out");
  const answer = parseAnswer(
    "305 send(v1): 'login secret\\n'\r\n305 recv(v1): 'n1: timeout\\nn2: off\\n> '\r\n309 t7: ERROR\r\n103 Query complete\r\n",
  );
  assert.deepEqual(answer?.heard, ["n1: timeout", "n2: off", ">"]);
  assert.deepEqual([...answer?.diagnostics ?? []], [["t7", "ERROR"]]);
});

test("powerman gives up on what is no powermand, sends too much or ends in the middle", async () => {
  const cases: [play: (socket: Socket) => void, message: RegExp][] = [
    [(socket) => socket.write("SSH-2.0-OpenSSH\r\npowerman> "), /the server is not powermand/],
    [(socket) => socket.write("x".repeat(2 ** 21)), /the answer is larger than 1048576 characters/],
    [(socket) => socket.end("001 2.3.27\r\npower"), /powermand has ended the connection/],
    [(socket) => {
      socket.write("001 2.3.27\r\npowerman> ");
      socket.on("data", () => socket.write("hello\r\npowerman> "));
    }, /the server is not powermand/],
  ];
  for (const [play, message] of cases) {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      play(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { run, host: module } = await hostPowerman([powermanNode("n1")], { server: `127.0.0.1:${port}` });
    await assert.rejects(run("find-on"), message);
    await module.stop();
    server.close();
  }
});

test("hostlistsOf() has each name once, in commands that powermand takes", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,30}$/);
  const some = fc.oneof(
    { arbitrary: fc.array(name, { maxLength: 2_500 }), weight: 1 },
    { arbitrary: fc.array(name, { maxLength: 3 }), weight: 3 },
  );
  const covered = createCoverage("hostlists", ["no command", "one command", "several", "a name twice"], 0.05);
  fc.assert(
    fc.property(fc.tuple(some, fc.nat(3)).map(([names, again]) => [...names, ...names.slice(0, again)]), (names) => {
      const lists = hostlistsOf(names);
      covered.saw(
        lists.length > 1 ? "several" : lists.length === 1 ? "one command" : "no command",
        ...(new Set(names).size < names.length ? ["a name twice" as const] : []),
      );
      assert.deepEqual(lists.flatMap((list) => list.names).sort(), [...new Set(names)].sort());
      for (const { text, names } of lists) {
        assert.ok(text.length <= 4_000, String(text.length));
        const parsed = parseNodeset(text);
        assert.ok(parsed.ok);
        assert.deepEqual([...parsed.names].sort(), [...names].sort());
      }
    }),
    { numRuns: 100 },
  );
  covered.check();
});

test("parseAnswer() takes whatever arrives", () => {
  const line = fc.oneof(
    fc.string({ unit: "binary", maxLength: 80 }),
    fc.constantFrom(
      "303 n1: on",
      "303 n2: off",
      "308 v1: connect timeout",
      "209 No such nodes: n[1-",
      "103 Query complete",
    ),
    fc.tuple(fc.integer({ min: 0, max: 9999 }), fc.string()).map(([code, text]) => `${code} ${text}`),
  );
  const covered = createCoverage("answers of powermand", ["none", "done", "failed", "plugs", "problems"], 0.02);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      const answer = parseAnswer(lines.join("\r\n"));
      if (answer === undefined) return covered.saw("none");
      covered.saw(
        answer.code < 200 ? "done" : "failed",
        ...(answer.power.size > 0 ? ["plugs" as const] : []),
        ...(answer.problems.length > 0 ? ["problems" as const] : []),
      );
      assert.ok(answer.code >= 100 && answer.code < 300);
      unknownNames(answer);
    }),
    { numRuns: 2_000 },
  );
  covered.check();
  const answer = parseAnswer(
    "308 v1: connect timeout\r\n303 n1: on\r\n303 m1: unknown\r\n211 Query completed with errors\r\n",
  );
  assert.deepEqual(answer && [...answer.power], [["n1", "on"], ["m1", "unknown"]]);
  assert.deepEqual(answer?.problems, ["v1: connect timeout"]);
});

test("a mutation that waits for a connection to powermand, or for a command before its own, stands in a queue meanwhile", async () => {
  const SLOW = 30_000;
  const clock = createVirtualClock();
  // Their names are too long for one command.
  const many = Array.from(
    { length: 70 },
    (_, index) => powermanNode(`${"abcdefg"[Math.floor(index / 10)]}${"abcdefghij"[index % 10]}${"x".repeat(60)}`),
  );
  const single = ["n1", "n2", "n3", "n4"].map((name) => powermanNode(name));
  const commands: { readonly text: string; readonly at: number }[] = [];
  let breaks = false;
  const module = createPowermanModule({
    connect: async () => ({
      ended: false,
      end() {},
      async command(text) {
        commands.push({ text, at: clock.now() });
        await new Promise<void>((resolve) => void clock.after(SLOW, resolve));
        if (breaks) throw new Error("powermand has ended the connection");
        const parsed = parseNodeset(text.split(" ")[1] ?? "");
        const lines = (parsed.ok ? parsed.names : []).map((name) => `303 ${name}: on\r\n`);
        const answer = parseAnswer(`${lines.join("")}103 Query complete\r\n`);
        assert.ok(answer !== undefined);
        return answer;
      },
    }),
  });
  const own = testNode("root", { "/services/powerman/config": { poll: 3_600_000 } });
  const { host: hosted } = await hostForTest(module, [...many, ...single], { role: "parent", own, clock });
  const step: Step = {
    ...{ module: "powerman", mutation: "find-on", key: "powerman/find-on", bindings: {}, changes: {}, failTo: {} },
    ...{ timeout: 1, disruption: 1, context: "parent", duration: 1, after: [] },
  };
  const spent = new Map<string, number>();
  let open = 0;
  function start({ id, name }: TestNode): Promise<void> {
    function queued(): () => void {
      const since = clock.now();
      open++;
      return () => {
        open--;
        spent.set(name, (spent.get(name) ?? 0) + clock.now() - since);
      };
    }
    const { signal } = new AbortController();
    return hosted.run(id, step, crypto.randomUUID(), signal, { ...unread, queued }).catch(() => {});
  }
  const running: Promise<void>[] = [];
  for (const node of single) {
    running.push(start(node));
    await clock.advance(1_000);
  }
  running.push(...many.map(start));
  await ending(clock, Promise.all(running).then(() => {}));
  const begun = commands.filter(({ text }) => text.includes("xx")).map(({ at }) => at);
  const [first = 0, second = 0] = begun;
  assert.equal(begun.length, 2, "their names are in two commands");
  assert.ok(second - first >= SLOW);
  assert.deepEqual(single.map(({ name }) => spent.get(name)), [undefined, undefined, undefined, undefined]);
  const waits = new Set(many.map(({ name }) => spent.get(name)));
  const wait = [...waits].map((each) => Math.round((each ?? 0) / 1_000)).sort((a, b) => a - b);
  assert.deepEqual(wait, [26, 56], "for one of four connections, and the second command for the first one too");
  assert.equal(open, 0);

  breaks = true;
  const failing = Promise.all(many.map(start)).then(() => {});
  await ending(clock, failing);
  assert.equal(open, 0, "who is told that it failed waits no more");
  await hosted.stop();
});
