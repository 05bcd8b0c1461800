/** Detects machines that fetch their loaders repeatedly without getting further. */
export interface LoaderWatch {
  /** Reports that a machine has fetched its loader. */
  fetched(host: { readonly id: string; readonly name: string }, path: string): void;
  /**
   * Reports that it has received its script, so its loader works, that its boot has ended, or that its node no longer
   * exists.
   */
  end(id: string): void;
}

/** The numbers of fetches that are reported; after these every hundredth. */
const TOLD = [3, 10, 30];

/** Creates a watch. @param tell Called for a machine that fetches its loader repeatedly. */
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
