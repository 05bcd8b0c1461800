import { rmSync } from "node:fs";
import { connect, createServer, type ListenOptions, type NetConnectOpts, type Server } from "node:net";

/**
 * Passes every connection on to another place, byte by byte. A socket that has a path is seen from every network
 * namespace: that is how what is inside one is reached from outside.
 *
 * @throws {Error} When it can't listen there.
 */
export function startRelay(from: ListenOptions, to: NetConnectOpts): Promise<Server> {
  if (from.path !== undefined) rmSync(from.path, { force: true });
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const target = connect({ ...to, allowHalfOpen: true });
    for (const [one, other] of [[client, target], [target, client]] as const) {
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(from, () => resolve(server));
  });
}
