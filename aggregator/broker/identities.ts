import type { LinkTopic } from "../../src/mqtt/mod.ts";

/** Connections of one node at a time: its agent's, and that of an earlier run whose loss the broker has not noticed. */
const MAX_PER_NODE = 2;

/** Who may connect to a guarded listener. */
export interface IdentityCheck {
  /** The UUID of the aggregator: its clients have no topics of others. */
  readonly parent: string;
  /** Tells whether this is the present password of the node with this UUID. */
  isIdentity(node: string, password: string): boolean;
}

/** The connection of a client. */
export interface IdentityCarrier {
  destroy(): unknown;
}

/** A connected client. */
export interface Joined {
  readonly id: string;
  readonly conn: object;
}

/** The credentials in a CONNECT. */
export interface ClientCredentials {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
}

/**
 * Restricts the clients of the guarded listener: each is the node as which it has logged in, and may use only that
 * node's topics.
 */
export interface Identities {
  /** Marks a connection as guarded: its client needs an identity. */
  guard(connection: IdentityCarrier): void;
  /** Tells whether a client may connect over a connection. */
  admit(connection: object, credentials: ClientCredentials): boolean;
  /** Reports that a client has connected. */
  joined(client: Joined): void;
  /** Reports that a client is gone. */
  left(client: Joined): void;
  /** Tells whether a connection belongs to a node and is restricted to its topics. */
  isConfined(connection: object | null): boolean;
  /** Tells whether a connection may publish to a topic. `null`: the program itself. */
  mayPublish(connection: object | null, topic: LinkTopic): boolean;
  maySubscribe(connection: object | null, topic: LinkTopic): boolean;
  /** Reports that a guarded connection is closed. */
  closed(connection: IdentityCarrier): void;
  /** Ends the connections of a node whose identity has become invalid. */
  drop(node: string): void;
}

/**
 * Creates {@link Identities}. @param check Checks credentials; without it no client gets in over a guarded connection.
 */
export function createIdentities(check: IdentityCheck | undefined): Identities {
  /** The node of each marked connection; "" before its client has said who it is. */
  const nodes = new WeakMap<object, string>();
  const connections = new Map<string, Set<IdentityCarrier>>();
  const clients = new Map<string, Joined>();

  /** The node that a client is; undefined where it need not be one. */
  function confinedTo(connection: object | null): string | undefined {
    return connection === null ? undefined : nodes.get(connection);
  }

  return {
    guard: (connection) => void nodes.set(connection, ""),
    admit(connection, { clientId, username, password }) {
      if (confinedTo(connection) === undefined) return true;
      if (check === undefined || username === undefined || username === "" || password === undefined) return false;
      if (!check.isIdentity(username, new TextDecoder().decode(password))) return false;
      // A client that connects with the id of another client disconnects that one (MQTT 3.1.1, section 3.1.4).
      const other = clients.get(clientId);
      if (other !== undefined && confinedTo(other.conn) !== username) return false;
      nodes.set(connection, username);
      const own = connections.get(username) ?? new Set();
      connections.set(username, own);
      if (isCarrier(connection)) own.add(connection);
      const [oldest] = own;
      if (own.size > MAX_PER_NODE) oldest?.destroy();
      return true;
    },
    joined: (client) => void clients.set(client.id, client),
    left(client) {
      if (clients.get(client.id) === client) clients.delete(client.id);
    },
    isConfined: (connection) => confinedTo(connection) !== undefined,
    mayPublish(connection, topic) {
      const node = confinedTo(connection);
      // Under parents that it makes up, a node could have the broker keep retained messages without end.
      return node === undefined || (topic.child === node && topic.parent === check?.parent);
    },
    maySubscribe(connection, topic) {
      const node = confinedTo(connection);
      if (node === undefined) return true;
      if (topic.parent !== check?.parent) return false;
      // Its parent's words to it, and whether that is there.
      return topic.child === (topic.channel === "down" ? node : topic.parent);
    },
    closed(connection) {
      const node = nodes.get(connection);
      if (node === undefined) return;
      const own = connections.get(node);
      own?.delete(connection);
      if (own?.size === 0) connections.delete(node);
    },
    drop(node) {
      for (const connection of [...connections.get(node) ?? []]) connection.destroy();
    },
  };
}

function isCarrier(connection: object): connection is IdentityCarrier {
  return "destroy" in connection && typeof connection.destroy === "function";
}
