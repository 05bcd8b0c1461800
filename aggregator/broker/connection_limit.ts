import type { Socket } from "node:net";

/** Counts connections, so that no client takes the places of all others. */
export interface ConnectionLimit {
  /** Counts a new connection until it is closed; false when there are too many: then it is not counted. */
  admit(socket: Socket): boolean;
  /** Connections that are open. */
  readonly open: number;
}

/** Makes a limit. @param perAddress Connections from one address. */
export function createConnectionLimit(limits: { readonly all: number; readonly perAddress: number }): ConnectionLimit {
  const byAddress = new Map<string, number>();
  let open = 0;
  return {
    admit(socket) {
      const address = socket.remoteAddress ?? "";
      const own = byAddress.get(address) ?? 0;
      if (open >= limits.all || own >= limits.perAddress) return false;
      open++;
      byAddress.set(address, own + 1);
      socket.once("close", () => {
        open--;
        const left = (byAddress.get(address) ?? 1) - 1;
        if (left === 0) byAddress.delete(address);
        else byAddress.set(address, left);
      });
      return true;
    },
    get open() {
      return open;
    },
  };
}
