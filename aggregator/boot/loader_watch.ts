/** Follows how often machines fetch their loaders without getting any further. */
export interface LoaderWatch {
  /** A machine has fetched its loader. */
  fetched(host: { readonly id: string; readonly name: string }, path: string): void;
  /** It has got its script: its loader works. Or its boot is over, or its node is gone. */
  end(id: string): void;
}

/** At how many fetches it is told; after that at every hundredth. */
const TOLD = [3, 10, 30];

/** Makes a watch. @param tell Told of a machine that fetches its loader over and over. */
export function createLoaderWatch(tell: (node: string, why: string) => void): LoaderWatch {
  const fetches = new Map<string, number>();
  return {
    fetched({ id, name }, path) {
      const times = (fetches.get(id) ?? 0) + 1;
      fetches.set(id, times);
      if (!TOLD.includes(times) && (times < 100 || times % 100 !== 0)) return;
      tell(
        name,
        `It has fetched its loader ${path} ${times} times without asking for its script: the loader does not start, or does not ` +
          `reach the boot HTTP server`,
      );
    },
    end: (id) => void fetches.delete(id),
  };
}
