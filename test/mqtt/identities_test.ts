import assert from "node:assert/strict";
import { test } from "node:test";
import { createIdentities } from "../../aggregator/broker/identities.ts";
import type { LinkTopic } from "../../src/mqtt/mod.ts";

/** A connection, and whether it was ended. */
interface Socket {
  ended: boolean;
  destroy(): void;
}

function socket(): Socket {
  return {
    ended: false,
    destroy() {
      this.ended = true;
    },
  };
}

/** Identities below `p`, where each node's password is its name in capitals. */
function make(isChecked = true) {
  const identities = createIdentities(
    isChecked ? { parent: "p", isIdentity: (node, password) => password === node.toUpperCase() } : undefined,
  );
  const admit = (connection: object, username: string | undefined, password: string | undefined, clientId = "c") =>
    identities.admit(connection, {
      ...{ clientId, username },
      password: password === undefined ? undefined : new TextEncoder().encode(password),
    });
  /** A connection of a node, over the listener on which identities are asked for. */
  const join = (node: string, clientId = node) => {
    const connection = socket();
    identities.guard(connection);
    assert.equal(admit(connection, node, node.toUpperCase(), clientId), true);
    return connection;
  };
  return { identities, admit, join };
}

function topic(channel: LinkTopic["channel"], child: string, parent = "p"): LinkTopic {
  return { cluster: "demo", parent, child, channel };
}

test("who comes over a listener that asks for nothing may connect as anybody, and use every topic", () => {
  const { identities, admit } = make();
  const connection = socket();
  assert.equal(admit(connection, undefined, undefined), true);
  for (const who of [connection, null]) {
    assert.equal(identities.mayPublish(who, topic("up", "n", "other")), true);
    assert.equal(identities.maySubscribe(who, topic("down", "n", "other")), true);
  }
});

test("where identities are asked for, only a node with its own password gets in", () => {
  const { identities, admit } = make();
  const connection = socket();
  identities.guard(connection);
  const wrong = [[undefined, "N"], ["", ""], ["n", undefined], ["n", "M"], ["n", ""]] as const;
  for (const [username, password] of wrong) assert.equal(admit(connection, username, password), false, username);
  assert.equal(identities.mayPublish(connection, topic("up", "n")), false);
  assert.equal(identities.maySubscribe(connection, topic("down", "n")), false);
  assert.equal(admit(connection, "n", "N"), true);
});

test("a name without a password, and a password without a name, are nobody's, whatever is believed of them", () => {
  const identities = createIdentities({ parent: "p", isIdentity: () => true });
  const password = new Uint8Array(1);
  for (const who of [{ username: "n" }, { password }, { username: "", password }, {}]) {
    const connection = socket();
    identities.guard(connection);
    const credentials = { clientId: "c", username: undefined, password: undefined, ...who };
    assert.equal(identities.admit(connection, credentials), false, Object.keys(who).join());
  }
});

test("nobody gets in where identities are asked for and there is no check", () => {
  const { identities, admit } = make(false);
  const connection = socket();
  identities.guard(connection);
  assert.equal(admit(connection, "n", "N"), false);
});

test("a node publishes on its own topics below its parent, and on no others", () => {
  const { identities, join } = make();
  const connection = join("n");
  const may = (channel: LinkTopic["channel"], child: string, parent?: string) =>
    identities.mayPublish(connection, topic(channel, child, parent));
  assert.deepEqual([may("up", "n"), may("life", "n")], [true, true]);
  assert.deepEqual([may("up", "m"), may("life", "m"), may("up", "p"), may("up", "n", "q")], [
    false,
    false,
    false,
    false,
  ]);
});

test("a node hears its parent's words to it and its parent's life, and nothing else", () => {
  const { identities, join } = make();
  const connection = join("n");
  const may = (channel: LinkTopic["channel"], child: string, parent?: string) =>
    identities.maySubscribe(connection, topic(channel, child, parent));
  assert.deepEqual([may("down", "n"), may("life", "p")], [true, true]);
  assert.deepEqual([may("down", "m"), may("down", "p"), may("life", "m"), may("life", "n")], [
    ...[false, false, false, false],
  ]);
  assert.deepEqual([may("down", "n", "q"), may("life", "p", "q")], [false, false]);
});

test("nobody puts another node's client out by its id", () => {
  const { identities, admit, join } = make();
  const own = join("n", "kraken-n");
  const client = { id: "kraken-n", conn: own };
  identities.joined(client);
  const thief = socket();
  identities.guard(thief);
  assert.equal(admit(thief, "m", "M", "kraken-n"), false);
  join("n", "kraken-n"); // its own next run may
  const program = socket();
  identities.joined({ id: "program", conn: program });
  assert.equal(admit(thief, "m", "M", "program"), false, "nor that of a client which needs no identity");
  identities.left(client);
  assert.equal(admit(thief, "m", "M", "kraken-n"), true);
});

test("a client that is gone does not take the id of its successor with it", () => {
  const { identities, admit, join } = make();
  const [first, second] = [join("n", "id"), join("n", "id")].map((conn) => ({ id: "id", conn }));
  assert.ok(first !== undefined && second !== undefined);
  identities.joined(first);
  identities.joined(second);
  identities.left(first);
  const thief = socket();
  identities.guard(thief);
  assert.equal(admit(thief, "m", "M", "id"), false);
});

test("a node has two connections at a time: the third one ends the first", () => {
  const { join } = make();
  const [first, second, other] = [join("n"), join("n"), join("m")];
  assert.deepEqual([first, second, other].map(({ ended }) => ended), [false, false, false]);
  const third = join("n");
  assert.deepEqual([first, second, other, third].map(({ ended }) => ended), [true, false, false, false]);
});

test("a connection that was closed is none of a node's any more", () => {
  const { identities, join } = make();
  const first = join("n");
  identities.closed(first);
  const rest = [join("n"), join("n")];
  assert.equal(first.ended, false);
  assert.deepEqual(rest.map(({ ended }) => ended), [false, false]);
  for (const each of rest) identities.closed(each);
  identities.closed(socket()); // one that was not marked
  identities.drop("n");
  assert.deepEqual([first, ...rest].map(({ ended }) => ended), [false, false, false]);
  const [third, fourth] = [join("n"), join("n")];
  identities.closed(third);
  identities.drop("n");
  assert.deepEqual([third.ended, fourth.ended], [false, true], "the other one is still the node's");
});

test("a node whose identity is void loses all of its connections, and nobody else any", () => {
  const { identities, join } = make();
  const [first, second, other] = [join("n"), join("n"), join("m")];
  identities.drop("n");
  identities.drop("unknown");
  assert.deepEqual([first, second, other].map(({ ended }) => ended), [true, true, false]);
});
