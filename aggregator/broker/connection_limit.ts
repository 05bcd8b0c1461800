import type { Socket } from "node:net";

/** How many connections there may be. */
export interface ConnectionLimits {
  readonly all: number;
  /** Of one address. */
  readonly perAddress: number;
  /** Places that only some addresses have, whoever else comes. */
  readonly kept?: { readonly places: number; isFor(address: string): boolean };
}

/** Counts connections, so that no client takes the places of all others. */
export interface ConnectionLimit {
  /** Counts a new connection until it is closed; false when there are too many: then it is not counted. */
  admit(socket: Socket): boolean;
  /** Connections that are open. */
  readonly open: number;
}

/** Makes a limit that counts none yet. */
export function createConnectionLimit({ all, perAddress, kept }: ConnectionLimits): ConnectionLimit {
  const byAddress = new Map<string, number>();
  let open = 0;
  /** Of addresses for which no places are kept. */
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
