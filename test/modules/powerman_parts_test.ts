import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { createConcurrency, type PowerChange } from "../../modules/power/mod.ts";
import { powermanConfigOf, powermanNameOf, serverOf } from "../../modules/powerman/config.ts";
import { type Connection, connectPowerman } from "../../modules/powerman/connection.ts";
import { createDiagnosis } from "../../modules/powerman/diagnosis.ts";
import { type Connect, createPowermanDriver } from "../../modules/powerman/driver.ts";
import { createGathering } from "../../modules/powerman/gathering.ts";
import { createPool } from "../../modules/powerman/pool.ts";
import {
  hostlistsOf,
  parseAnswer,
  type PowermanAnswer,
  troubleOf,
  unknownNames,
} from "../../modules/powerman/protocol.ts";
import { createLog } from "../../src/log.ts";
import type { ModuleContext } from "../../src/module/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import { until } from "../support/until.ts";
import { createVirtualClock } from "../support/virtual_clock.ts";
import { testNode } from "./module_fixture.ts";

const never = new AbortController().signal;
const ERRORS = "210 Command completed with errors";

function answerOf(text: string): PowermanAnswer {
  const answer = parseAnswer(text);
  assert.ok(answer !== undefined, text);
  return answer;
}

test("the config has what is given, and what is usual for the rest", () => {
  assert.deepEqual(powermanConfigOf({ server: "pm:7", poll: 50 }), {
    ...{ server: "pm:7", poll: 50, sense: 0, graceful: 0, settle: 5_000 },
  });
  const odds: readonly (Value | undefined)[] = [undefined, 7, [], { server: 7, poll: "50" }];
  for (const odd of odds) {
    const { server, poll } = powermanConfigOf(odd);
    assert.deepEqual([server, poll], ["localhost:10101", 30_000]);
  }
});

test("an address of powermand that is none is shown with what is expected", () => {
  for (const text of ["pm:99999", "pm:", "[::1", "a:b", "pm:123456"]) {
    assert.throws(() => serverOf(text), {
      name: "MistakeError",
      message: `'server' in '/services/powerman/config' is '${text}': expected a host such as localhost:10101`,
    });
  }
  assert.deepEqual(serverOf("[::1]"), { host: "::1", port: 10_101 });
  assert.deepEqual(serverOf("pm:0"), { host: "pm", port: 0 });
});

test("powermand's name of a node is its address, or its own, and nothing that would be a list or a command", () => {
  assert.equal(powermanNameOf(testNode("n7")), "n7");
  assert.equal(powermanNameOf(testNode("n7", { "/bmc/address": "rack1-7.a_b" })), "rack1-7.a_b");
  assert.equal(powermanNameOf(testNode("n7", { "/bmc/address": "a".repeat(63) })), "a".repeat(63));
  for (const address of ["", "n[1-3]", "n1,n2", "n1 n2", "-n1", "n1\r\noff n2", "a".repeat(64)]) {
    assert.throws(() => powermanNameOf(testNode("n7", { "/bmc/address": address })), {
      name: "MistakeError",
      message: `'n7' has the controller address '${address}': expected a name that powermand knows, such as n7`,
    });
  }
  const long = () => powermanNameOf(testNode("n7", { "/bmc/address": "a".repeat(400) }));
  assert.throws(long, (error: Error) => error.message.includes(`'${"a".repeat(80)}'`));
});

/** A server that plays powermand: `say` gives what it sends to each line, the greeting for the first one. */
async function withServer(
  say: (line: string | undefined, socket: Socket) => string | undefined,
  run: (bench: {
    readonly connect: (signal?: AbortSignal) => Promise<Connection>;
    readonly asked: string[];
    readonly open: ReadonlySet<Socket>;
  }) => Promise<void>,
): Promise<void> {
  const asked: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => {}).on("close", () => open.delete(socket));
    const answer = (line: string | undefined) => {
      const text = say(line, socket);
      if (text !== undefined) socket.write(text, "latin1");
    };
    socket.on("data", (piece) => {
      const line = String(piece);
      asked.push(line);
      answer(line.trim());
    });
    answer(undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  try {
    await run({ asked, open, connect: (signal = never) => connectPowerman({ host: "127.0.0.1", port }, signal) });
  } finally {
    for (const socket of open) socket.destroy();
    server.close();
  }
}

const GREETING = "001 powermand 2.3.27\r\npowerman> ";
const EXPANDED = "105 Hostrange expansion ON\r\npowerman> ";

/** Plays one that answers commands like this. */
function powermand(answer: (command: string, socket: Socket) => string | undefined) {
  return (line: string | undefined, socket: Socket) =>
    line === undefined ? GREETING : line === "exprange" ? EXPANDED : answer(line, socket);
}

test("a connection has every plug named on its own line, and takes one command after the other", async () => {
  await withServer(
    powermand((line) => `303 ${line.slice(7)}: on\r\n103 Query complete\r\npowerman> `),
    async ({ connect, asked, open }) => {
      const connection = await connect();
      assert.deepEqual([...(await connection.command("status n1", never)).power], [["n1", "on"]]);
      assert.deepEqual([...(await connection.command("status n2", never)).power], [["n2", "on"]]);
      assert.deepEqual(asked, ["exprange\r\n", "status n1\r\n", "status n2\r\n"]);
      assert.equal(connection.ended, false);
      connection.end();
      await until(() => assert.deepEqual([open.size, connection.ended], [0, true]));
      await assert.rejects(connection.command("status n3", never), /powermand has ended the connection/);
    },
  );
});

test("what is no powermand, or can't name every plug, is left at once", async () => {
  const cases: [say: Parameters<typeof withServer>[0], message: RegExp][] = [
    [() => "220 smtp 001 \r\npowerman> ", /^Error: the server is not powermand$/],
    [(line) => line === undefined ? GREETING : "hello\r\npowerman> ", /^Error: the server is not powermand$/],
    [
      (line) => line === undefined ? GREETING : "201 Unknown command\r\npowerman> ",
      /^Error: powermand does not take 'exprange': 201 Unknown command$/,
    ],
  ];
  for (const [say, message] of cases) {
    await withServer(say, async ({ connect, open }) => {
      await assert.rejects(connect(), (error: Error) => message.test(`${error.name}: ${error.message}`));
      await until(() => assert.equal(open.size, 0));
    });
  }
});

test("an answer in the middle of a connection that is none ends it", async () => {
  await withServer(powermand(() => "hello\r\npowerman> "), async ({ connect, open }) => {
    const connection = await connect();
    await assert.rejects(connection.command("status n1", never), { message: "the server is not powermand" });
    await until(() => assert.deepEqual([open.size, connection.ended], [0, true]));
  });
});

test("an answer is whole when it ends with the prompt, however it is cut, and not where a device says one", async () => {
  await withServer(
    powermand((_line, socket) => {
      const pieces = ["305 recv(v1): 'powerman> x\\n'\r\n303 n1: off", "\r\n103 Query ", "complete\r\npower", "man> "];
      pieces.forEach((piece, at) => setTimeout(() => socket.write(piece), at * 10));
      return undefined;
    }),
    async ({ connect }) => {
      const connection = await connect();
      const answer = await connection.command("status n1", never);
      assert.deepEqual([[...answer.power], answer.heard], [[["n1", "off"]], ["powerman> x"]]);
      connection.end();
    },
  );
});

test("an answer has a megabyte at most", async () => {
  const end = "\r\n103 Query complete\r\npowerman> ";
  const longest = 1024 * 1024 - end.length;
  for (const [length, fits] of [[longest, true], [longest + 1, false]] as const) {
    await withServer(powermand(() => `${"x".repeat(length)}${end}`), async ({ connect, open }) => {
      const connection = await connect();
      const answering = connection.command("status n1", never);
      if (fits) assert.equal((await answering).code, 103);
      else await assert.rejects(answering, { message: "the answer is larger than 1048576 characters" });
      if (!fits) await until(() => assert.equal(open.size, 0));
      connection.end();
    });
  }
});

test("a connection ends with what is not wanted any more, and lives on with what is done", async () => {
  await withServer(
    powermand((line) => line === "on n1" ? undefined : "103 Query complete\r\npowerman> "),
    async ({ connect, open }) => {
      const connection = await connect();
      const done = new AbortController();
      await connection.command("status n1", done.signal);
      done.abort(new Error("It was done"));
      await connection.command("status n1", never);
      const unwanted = new AbortController();
      const waiting = connection.command("on n1", unwanted.signal);
      unwanted.abort(new Error("Not wanted"));
      await assert.rejects(waiting, { message: "Not wanted" });
      await until(() => assert.deepEqual([open.size, connection.ended], [0, true]));
      await new Promise((resolve) => setTimeout(resolve, 20)); // until it has heard that it is closed
      await assert.rejects(connection.command("status n1", never), { message: "Not wanted" });
      const other = await connect();
      await assert.rejects(other.command("status n1", AbortSignal.abort("odd")), (reason) => reason === "odd");
      assert.equal(other.ended, true);
      const third = await connect();
      const odd = new AbortController();
      const asking = third.command("on n1", odd.signal);
      odd.abort("odd");
      await assert.rejects(asking, { message: "odd" });
    },
  );
});

test("a connection that ends in the middle of a command says so, and one that can't be made says why", async () => {
  await withServer(
    powermand((_line, socket) => {
      socket.end("103 Query");
      return undefined;
    }),
    async ({ connect }) => {
      const connection = await connect();
      await assert.rejects(connection.command("status n1", never), { message: "powermand has ended the connection" });
      await assert.rejects(connection.command("status n1", never), { message: "powermand has ended the connection" });
    },
  );
  await assert.rejects(connectPowerman({ host: "127.0.0.1", port: 1 }, never), /ECONNREFUSED|refused/i);
});

test("an answer is told by its last line's code, and plugs, problems and diagnostics by theirs", () => {
  for (const text of ["", "hello", "303 n1: on", "999 x", "1 x", "103x", "309 n1: x\r\n"]) {
    assert.equal(parseAnswer(text) === undefined, text !== "103x", text);
  }
  const answer = answerOf(
    [
      ...["303 n1: on", "303 n2: off", "303 n3: unknown", "303 n4: odd", "303 n 5: on", ""],
      ...[`308 v1: ${"x".repeat(300)}`, "307 v2: y", "306 no problem", `309 n6: ${"z".repeat(300)}`, "309 n7:"],
      ...["305 send(v1): 'secret\\n'", "305 recv(v1): ' a \\r\\nb\\n\\n'", "211 Query completed with errors"],
    ].join("\n"),
  );
  assert.deepEqual([answer.code, answer.words], [211, "Query completed with errors"]);
  assert.deepEqual([...answer.power], [["n1", "on"], ["n2", "off"], ["n3", "unknown"]]);
  assert.deepEqual(answer.problems.map(({ length }) => length), [200, 5]);
  assert.deepEqual([...answer.diagnostics].map(([name, { length }]) => [name, length]), [["n6", 200], ["n7", 0]]);
  assert.deepEqual(answer.heard, ["a", "b"]);
  assert.equal(answerOf("103").words, "");
});

test("two hundred lines of what devices say are kept", () => {
  const lines = Array.from({ length: 300 }, (_, at) => `305 recv(v1): 'n${at}: off\\n'`);
  assert.equal(answerOf([...lines, "103 Query complete"].join("\n")).heard.length, 200);
  const [first = ""] = lines;
  const many = `305 recv(v1): '${"x\\n".repeat(300_000)}'`;
  assert.deepEqual(answerOf([first, many, many, "103"].join("\n")).heard, ["n0: off", ...Array(199).fill("x")]);
});

test("a command names no more than 1,024 nodes, and has no longer list than powermand takes", () => {
  const even = (count: number) => Array.from({ length: count }, (_, at) => `n${at * 2}`);
  assert.deepEqual(hostlistsOf(Array.from({ length: 2_000 }, (_, at) => `n${at}`)).map(({ names }) => names.length), [
    1_024,
    976,
  ]);
  const run = Array.from({ length: 2_049 }, (_, at) => `n${at}`);
  assert.deepEqual(hostlistsOf(run).map(({ text }) => text), ["n[0-1023]", "n[1024-2047]", "n2048"]);
  assert.deepEqual(hostlistsOf(even(1_024)).map(({ names }) => names.length), [512, 512]);
  assert.deepEqual(hostlistsOf([]), []);
  const pair = (length: number) => [`${"x".repeat(1_999)}a`, "y".repeat(length)];
  assert.deepEqual([1_999, 2_000].map((length) => hostlistsOf(pair(length)).map(({ text }) => text.length)), [
    [4_000],
    [2_000, 2_000],
  ]);
  const long = Array.from({ length: 3 }, (_, at) => `${"x".repeat(5_000)}${"abc"[at]}`);
  assert.deepEqual(
    hostlistsOf(long).map(({ names }) => names.length),
    [1, 1, 1],
    "each goes alone, and may be refused",
  );
});

test("what devices say went wrong is quoted where it is a plug's own, twice at most, and no login", () => {
  const timeouts = ["n1: timeout a", "n1: timeout b", "n1: timeout c"];
  assert.equal(troubleOf("n1", timeouts), "n1: timeout a; n1: timeout b");
  assert.equal(troubleOf("n1", ["n1: fine"]), undefined);
  assert.equal(troubleOf("n1", ["x: off", "x: timeout"]), "x: timeout", "the only one that is spoken of");
  assert.equal(troubleOf("n1", ["x: timeout", "y: off"]), undefined);
  assert.equal(troubleOf("n1", ["n1: off", "x: timeout"]), undefined);
  assert.equal(troubleOf("n1", ["> timeout"]), "> timeout");
  assert.equal(troubleOf("n1", [`n1: timeout ${"x".repeat(400)}`])?.length, 200);
  for (const login of ["n1: Password: invalid", "login : error", "user name: failed", "passwd: failed"]) {
    assert.equal(troubleOf("n1", [login]), undefined, login);
  }
});

test("the names that powermand does not know are taken from its words for that alone", () => {
  const unknown = (text: string) => [...unknownNames(answerOf(text))];
  assert.deepEqual(unknown("209 No such nodes: n99,m[1-2]"), ["n99", "m1", "m2"]);
  for (const text of ["210 No such nodes: n99", "209 No such nodes: n[1-", "209 Such: n99", "209 No such nodes:"]) {
    assert.deepEqual(unknown(text), [], text);
  }
});

/** A gathering of 100 ms, whose batches are done when a test lets them. */
function benchGathering() {
  const clock = createVirtualClock();
  const batches: { readonly names: readonly string[]; readonly end: () => void }[] = [];
  const gathering = createGathering<string>(clock, 100, async ({ names, settle }) => {
    await new Promise<void>((resolve) => batches.push({ names, end: resolve }));
    for (const name of names) settle(name, `${name} ${batches.length}`);
  });
  const begun = () => batches.map(({ names }) => names.join());
  return { clock, gathering, batches, begun };
}

test("who leaves a batch that is worked at takes nobody out of the next one", async () => {
  const { clock, gathering, batches, begun } = benchGathering();
  const gone = new AbortController();
  const left = assert.rejects(gathering.ask("a", gone), { message: "Not wanted" });
  await clock.advance(100);
  const later = gathering.ask("a", { signal: never });
  gone.abort(new Error("Not wanted"));
  await left;
  await clock.advance(100);
  assert.deepEqual(begun(), ["a", "a"]);
  batches.forEach(({ end }) => end());
  assert.equal(await later, "a 2");
});

test("a signal that lives on has no listener of what was answered", async () => {
  const { clock, gathering, batches } = benchGathering();
  const { signal } = new AbortController();
  let listening = 0;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listening++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listening--;
    remove(...args);
  };
  const asking = gathering.ask("a", { signal });
  await clock.advance(100);
  assert.equal(listening, 1);
  batches[0]?.end();
  await asking;
  assert.equal(listening, 0);
});

/** Connections that a test plays: `answer` gives what each command is answered with. */
function playConnect(answer: (text: string) => string | Promise<string>) {
  const asked: string[] = [];
  const made: { ended: boolean; readonly host: string }[] = [];
  const connect: Connect = async ({ host }) => {
    const own = { ended: false, host };
    made.push(own);
    return {
      get ended() {
        return own.ended;
      },
      end: () => void (own.ended = true),
      async command(text) {
        asked.push(text);
        return answerOf(await answer(text));
      },
    };
  };
  return { connect, asked, made };
}

function benchPool(answer: (text: string) => string | Promise<string> = () => "103 Query complete") {
  const clock = createVirtualClock();
  const stopped = new AbortController();
  const settings = { ...powermanConfigOf(undefined) };
  const play = playConnect(answer);
  const config = { server: "a:1" };
  const pool = createPool({ clock, signal: stopped.signal }, {
    ...{ connect: play.connect, limit: createConcurrency(2) },
    settings: () => ({ ...settings, ...config }),
  });
  const use = (text: string) => pool.use({ urgent: true }, async (command) => (await command(text)).code);
  return { clock, stopped, pool, use, config, ...play };
}

test("a pool's connection is used again, and not where it has ended or leads elsewhere now", async () => {
  const { use, made, config } = benchPool();
  assert.equal(await use("x"), 103);
  await use("x");
  assert.equal(made.length, 1);
  const [first] = made;
  if (first !== undefined) first.ended = true;
  await use("x");
  assert.equal(made.length, 2);
  config.server = "b:1";
  await use("x");
  assert.deepEqual(made.map(({ host, ended }) => [host, ended]), [["a", true], ["a", true], ["b", false]]);
  config.server = "b:2";
  await use("x");
  assert.equal(made.length, 4, "another port is another powermand");
});

test("a pool makes as many connections at a time as it may, and ends all of them", async () => {
  const answers: ((text: string) => void)[] = [];
  const { use, pool, made } = benchPool(() => new Promise((resolve) => answers.push(resolve)));
  const uses = ["x", "y", "z"].map(use);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(made.length, 2);
  answers.splice(0).forEach((answer) => answer("103 Query complete"));
  await Promise.all(uses.slice(0, 2));
  await new Promise((resolve) => setTimeout(resolve, 0));
  answers.splice(0).forEach((answer) => answer("103 Query complete"));
  await Promise.all(uses);
  assert.equal(made.length, 2);
  pool.end();
  assert.ok(made.every(({ ended }) => ended));
});

test("a pool uses no connection again on which something failed, and says where powermand is", async () => {
  let fails = true;
  const { use, made } = benchPool(() => {
    if (fails) throw new Error("It broke off");
    return "103 Query complete";
  });
  await assert.rejects(use("x"), {
    name: "UnavailableError",
    message: "Cannot reach powermand at a:1: It broke off (Debian has it in the package 'powerman')",
  });
  fails = false;
  await use("x");
  assert.deepEqual(made.map(({ ended }) => ended), [true, false]);
});

test("a use of a pool takes a minute at most, and ends as the module does", async () => {
  const { use, clock, made, stopped } = benchPool(() => new Promise(() => {}));
  const late = assert.rejects(use("x"), { message: /^Cannot reach powermand at a:1: no answer in 60000 ms/ });
  await clock.advance(59_999);
  assert.equal(made.length, 1);
  await clock.advance(1);
  await late;
  const stopping = use("x");
  stopped.abort(new Error("The module stops"));
  await assert.rejects(stopping, { name: "Error", message: "The module stops" });
});

/** A diagnosis, whose devices say this of every plug. */
function benchDiagnosis(telemetry = "104 Telemetry ON") {
  const bench = benchPool((text) =>
    text === "telemetry" ? telemetry : `305 recv(v1): '${text.slice(7)}: timeout\\n'\r\n103 Query complete`
  );
  return { ...bench, diagnosis: createDiagnosis(bench.clock, bench.pool) };
}

test("four plugs at a time are asked about, each once a minute, and the others with the next question", async () => {
  const { diagnosis, asked, clock } = benchDiagnosis();
  const names = ["n1", "n2", "n3", "n4", "n5"];
  const told = async () => [...await diagnosis.ask(names, true)].map(([name, words]) => `${name} ${words}`);
  const statuses = () => asked.splice(0).filter((text) => text !== "telemetry").sort();
  const words = names.map((name) => `${name} ${name}: timeout`);
  assert.deepEqual(await told(), words.slice(0, 4));
  assert.deepEqual(statuses(), names.slice(0, 4).map((name) => `status ${name}`));
  await clock.advance(59_999);
  assert.deepEqual(await told(), words);
  assert.deepEqual(statuses(), ["status n5"]);
  await clock.advance(1);
  assert.deepEqual((await told()).length, 5);
  assert.deepEqual(statuses(), names.slice(0, 4).map((name) => `status ${name}`));
});

test("telemetry is switched off again, and not asked for where it can't be had", async () => {
  const { diagnosis, asked } = benchDiagnosis();
  await diagnosis.ask(["n1"], true);
  assert.deepEqual(asked, ["telemetry", "status n1", "telemetry"]);
  const without = benchDiagnosis("104 Telemetry OFF");
  assert.deepEqual([...await without.diagnosis.ask(["n1"], true)], []);
  assert.deepEqual(without.asked, ["telemetry"]);
});

/** The driver of some nodes, of a powermand that a test plays. */
function benchDriver(answer: (text: string) => string | Promise<string>) {
  const clock = createVirtualClock();
  const ended = new AbortController();
  const { connect, asked, made } = playConnect(answer);
  const context: ModuleContext = {
    ...{
      name: "powerman",
      nodes: () => [],
      node: () => undefined,
      discover() {},
      config: () => undefined,
      onChange() {},
    },
    ...{ log: createLog(() => {}), clock, random: () => 0.5, signal: ended.signal },
  };
  const driver = createPowermanDriver(context, { settings: () => powermanConfigOf(undefined), connect });
  const settled = async <T>(work: Promise<T>) => {
    const told = work.then((value) => value, (error: Error) => `${error.name}: ${error.message}`);
    await clock.advance(2_000);
    return await told;
  };
  return {
    ...{ clock, asked, made, driver },
    read: (name: string, urgent = true) => settled(driver.read(testNode(name), { signal: never, urgent })),
    change: (name: string, change: PowerChange) =>
      settled(driver.change(testNode(name), change, { signal: never, urgent: true })),
  };
}

test("a plug that powermand says is on or off is that", async () => {
  for (const power of ["on", "off"]) {
    const { read } = benchDriver(() => `303 n1: ${power}\r\n103 Query complete`);
    assert.deepEqual(await read("n1"), { power, said: `n1: ${power}` });
  }
});

test("a plug that can't be told is unknown, with what is said of it", async () => {
  const cases: [answer: string, said: string][] = [
    ["303 n1: unknown\r\n103 Query complete", "n1: unknown"],
    ["303 n1: unknown\r\n309 n1: breaker is open\r\n103 Query complete", "n1: unknown (breaker is open)"],
    ["103 Query complete", "n1: unknown"],
    [`309 n1: ${"x".repeat(300)}\r\n103 Query complete`, `n1: unknown (${"x".repeat(187)}`],
    ["199 Odd", "n1: unknown"],
  ];
  for (const [answer, said] of cases) {
    const { read } = benchDriver((text) => text === "telemetry" ? "201 Unknown command" : answer);
    assert.deepEqual(await read("n1"), { power: "unknown", said });
  }
});

test("a plug whose device fails is no knowledge: powermand's words say what failed", async () => {
  const cases: [answer: string, said: string][] = [
    ["308 v1: timeout\r\n211 With errors", "With errors; v1: timeout"],
    ["308 a\r\n308 b\r\n308 c\r\n308 d\r\n211 With errors", "With errors; a; b; c"],
    ["308 v1: timeout\r\n309 n1: own\r\n211 With errors", "With errors; own"],
    [`211 ${"x".repeat(300)}`, "x".repeat(200)],
    ["200 Odd", "Odd"],
  ];
  for (const [answer, said] of cases) {
    const { read } = benchDriver((text) => text === "telemetry" ? "201 Unknown command" : answer);
    assert.equal(await read("n1"), `UnavailableError: powermand says of 'n1': ${said}`);
  }
});

test("devices are asked for their words where powermand has none of a plug, and not where it has", async () => {
  for (const [more, asks] of [["", true], ["308 v1: timeout\r\n", false], ["309 n1: own\r\n", false]] as const) {
    const { read, asked } = benchDriver((text) =>
      text === "telemetry" ? "104 Telemetry ON" : `305 recv(v1): 'n1: timeout\\n'\r\n${more}211 With errors`
    );
    const said = await read("n1");
    assert.equal(asked.includes("telemetry"), asks, more);
    if (asks) assert.equal(said, "UnavailableError: powermand says of 'n1': With errors; n1: timeout");
  }
});

test("names that powermand does not know spoil no others, for questions and for orders", async () => {
  const { driver, clock, asked } = benchDriver((text) => {
    if (text.includes("[1-3]")) return "209 No such nodes: n2";
    return text.startsWith("status") ? "303 n1: on\r\n303 n3: off\r\n103 Query complete" : "102 Done";
  });
  const ask = { signal: never, urgent: true };
  const nodes = ["n1", "n2", "n3"].map((name) => testNode(name));
  const reads = Promise.allSettled(nodes.map((node) => driver.read(node, ask)));
  const orders = Promise.allSettled(nodes.map((node) => driver.change(node, "off", ask)));
  await clock.advance(100);
  const told = (all: readonly PromiseSettledResult<object>[]) =>
    all.map((each) => each.status === "fulfilled" ? Object.values(each.value)[0] : each.reason.message);
  const strange = "powermand does not know 'n2': set the node's '/bmc/address' to what it is called there";
  assert.deepEqual(told(await reads), ["on", strange, "off"]);
  assert.deepEqual(told(await orders), ["taken", strange, "taken"]);
  assert.deepEqual(asked.sort(), ["off n[1,3]", "off n[1-3]", "status n[1,3]", "status n[1-3]"]);
});

test("nothing more is asked where powermand knows none of the names", async () => {
  const { read, asked } = benchDriver(() => "209 No such nodes: n1");
  assert.match(String(await read("n1")), /^UnavailableError: powermand does not know 'n1'/);
  assert.deepEqual(asked, ["status n1"]);
});

test("what became of an order is told plug by plug", async () => {
  const cases: [answer: string, outcome: unknown][] = [
    ["102 Done", { kind: "taken" }],
    ["199 Odd", { kind: "taken" }],
    ["200 Odd", { kind: "refused", said: "Odd" }],
    ["309 n1: breaker is open\r\n102 Done", { kind: "refused", said: "Done; breaker is open" }],
    ["309 n2: breaker is open\r\n102 Done", { kind: "taken" }],
    ["208 Command in progress", { kind: "later", said: "Command in progress" }],
    ["213 Cannot", { kind: "unsupported" }],
    [`309 n1: own\r\n308 v1: timeout\r\n${ERRORS}`, { kind: "refused", said: "Command completed with errors; own" }],
    [`309 n2: other\r\n${ERRORS}`, { kind: "taken" }],
    [
      `309 n2: other\r\n308 v1: timeout\r\n${ERRORS}`,
      "UnavailableError: powermand says of the command that 'n1' was in: Command completed with errors; v1: timeout",
    ],
    [ERRORS, "UnavailableError: powermand says of the command that 'n1' was in: Command completed with errors"],
    ["308 a\r\n308 b\r\n308 c\r\n204 Internal error", { kind: "refused", said: "Internal error; a; b" }],
    [`204 ${"x".repeat(300)}`, { kind: "refused", said: "x".repeat(200) }],
  ];
  for (const [answer, outcome] of cases) {
    for (const change of ["on", "off"] as const) {
      const { change: order, asked } = benchDriver(() => answer);
      assert.deepEqual(await order("n1", change), outcome, answer);
      assert.deepEqual(asked, [`${change} n1`]);
    }
  }
});

test("powermand has no way to shut down, restart or interrupt a machine", async () => {
  for (const change of ["shutdown", "restart", "interrupt"] as const) {
    const { change: order, asked } = benchDriver(() => "102 Done");
    assert.deepEqual([await order("n1", change), asked], [{ kind: "unsupported" }, []]);
  }
});

test("what somebody waits for is gathered for 20 ms, what is polled for two seconds, and apart", async () => {
  const { driver, clock, asked } = benchDriver(() => "303 n1: on\r\n303 n2: on\r\n303 n3: on\r\n103 Query complete");
  const read = (name: string, urgent: boolean) => driver.read(testNode(name), { signal: never, urgent });
  const reads = [read("n1", true), read("n2", false)];
  await clock.advance(19);
  reads.push(read("n3", true));
  assert.deepEqual(asked, []);
  await clock.advance(1);
  assert.deepEqual(asked, ["status n[1,3]"]);
  await clock.advance(1_979);
  assert.equal(asked.length, 1);
  await clock.advance(1);
  assert.deepEqual(asked, ["status n[1,3]", "status n2"]);
  await Promise.all(reads);
});

test("the driver ends its connections when it stops", async () => {
  const { read, driver, made } = benchDriver(() => "303 n1: on\r\n103 Query complete");
  await read("n1");
  await driver.stop?.();
  assert.deepEqual(made.map(({ ended }) => ended), [true]);
});

test("what devices say is read byte by byte, in whatever pieces it comes", async () => {
  await withServer(
    powermand((_line, socket) => {
      const bytes = Buffer.from("309 n1: T\u00fcr \u00c3\u00bc offen\r\n103 Query complete\r\npowerman> ", "latin1");
      socket.write(bytes.subarray(0, 14));
      setTimeout(() => socket.write(bytes.subarray(14)), 10);
      return undefined;
    }),
    async ({ connect }) => {
      const connection = await connect();
      const { diagnostics } = await connection.command("status n1", never);
      assert.deepEqual([...diagnostics], [["n1", "T\u00fcr \u00c3\u00bc offen"]]);
      connection.end();
    },
  );
});

test("what somebody waits for goes before what is polled, where connections are short", async () => {
  const held: (() => void)[] = [];
  const { driver, clock, asked } = benchDriver((text) =>
    new Promise((resolve) => held.push(() => resolve(`303 ${text.slice(7)}: on\r\n103 Query complete`)))
  );
  const ask = { signal: never, urgent: true };
  const all: Promise<unknown>[] = [];
  for (const name of ["n1", "n2", "n3", "n4"]) {
    all.push(driver.read(testNode(name), ask));
    await clock.advance(20);
  }
  assert.equal(asked.length, 4, "every connection is in use");
  all.push(driver.read(testNode("polled"), { signal: never, urgent: false }));
  await clock.advance(2_000);
  all.push(driver.read(testNode("wanted"), ask));
  await clock.advance(20);
  all.push(driver.change(testNode("ordered"), "on", ask));
  await clock.advance(20);
  for (let at = 0; at < 7; at++) {
    held[at]?.();
    await clock.advance(0);
  }
  await Promise.all(all);
  assert.deepEqual(asked.slice(4), ["status wanted", "on ordered", "status polled"]);
});

test("a device's words are asked for as urgently as the question that wants them", async () => {
  for (const urgent of [true, false]) {
    const asks: boolean[] = [];
    const diagnosis = createDiagnosis(createVirtualClock(), {
      end() {},
      async use(ask, work) {
        asks.push(ask.urgent);
        return await work(async () => answerOf("201 Unknown command"));
      },
    });
    await diagnosis.ask(["n1"], urgent);
    assert.deepEqual(asks, [urgent]);
  }
});
