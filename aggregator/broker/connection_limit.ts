import type { Socket } from "node:net";

/** The largest number of connections. */
export interface ConnectionLimits {
  readonly all: number;
  /** From one address. */
  readonly perAddress: number;
  /** Connections reserved for some addresses. */
  readonly kept?: { readonly places: number; isFor(address: string): boolean };
}

/** Limits connections, so that no client can take those of all others. */
export interface ConnectionLimit {
  /** Counts a new connection until it is closed. @returns False if there are too many; it is then not counted. */
  admit(socket: Socket): boolean;
  /** Number of open connections. */
  readonly open: number;
}

/** Creates a limit without connections. */
export function createConnectionLimit({ all, perAddress, kept }: ConnectionLimits): ConnectionLimit {
  const byAddress = new Map<string, number>();
  let open = 0;
  /** From addresses without reserved connections. */
  let others = 0;
  return {
    admit(socket) {
      const address = socket.remoteAddress ?? "";
      const own = byAddress.get(address) ?? 0;
      const isOther = kept?.isFor(address) !== true;
      if (open >= all || own >= perAddress || (isOther && others >= all - (kept?.places ?? 0))) return false;
      open++;
      if (isOther) others++;
      byAddress.set(address, own + 1);
      socket.once("close", () => {
        open--;
        if (isOther) others--;
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
