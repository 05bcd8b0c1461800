/** Lets clients through while there is somebody to talk to. */
export interface Gate {
  /** Resolves while it is open: true. False once it is over and nobody comes through any more. */
  pass(): Promise<boolean>;
  open(): void;
  shut(): void;
  /** Ends it for good. */
  end(): void;
}

/** Makes a gate that is shut. */
export function createGate(): Gate {
  let state: "open" | "shut" | "over" = "shut";
  let waiting: (() => void)[] = [];

  function become(next: typeof state): void {
    state = next;
    if (state === "shut") return;
    for (const wake of waiting) wake();
    waiting = [];
  }
  return {
    async pass() {
      while (state === "shut") await new Promise<void>((resolve) => waiting.push(resolve));
      return state === "open";
    },
    open: () => become("open"),
    shut: () => become("shut"),
    end: () => become("over"),
  };
}
