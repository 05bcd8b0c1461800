import type { Resource } from "./resources.ts";

/** The most other names of one BMC that are remembered. */
const MAX_NAMES = 8;

/**
 * Resolves what BMCs name as links. A BMC is asked at one origin only, the one of its address; links under another of its names
 * lead there too. A name is a BMC's own when a resource that was read at the BMC's address calls itself by it.
 */
export interface OwnNames {
  /**
   * Resolves a link (`@odata.id`, an action's `target`, a `Location`) on the origin of `base`.
   *
   * @returns Undefined when it is no URL, or leads to another host.
   */
  resolve(base: URL, link: string): URL | undefined;
  /** Takes in what a resource, which was read at `url`, calls itself. */
  learn(url: URL, resource: Resource): void;
  /** Forgets the names of the BMC with this origin. */
  forget(origin: string): void;
}

/** Makes the memory of a module. */
export function createOwnNames(): OwnNames {
  const names = new Map<string, Set<string>>();
  return {
    resolve(base, link) {
      // `//redfish/v1` is a path with a slash too many, and not the host `redfish`.
      const text = link.replace(/^\/{2,}/, "/");
      if (!URL.canParse(text, base)) return undefined;
      const url = new URL(text, base);
      if (url.origin !== base.origin && names.get(base.origin)?.has(url.origin) !== true) return undefined;
      return new URL(`${singleSlashes(url.pathname)}${url.search}`, base.origin);
    },
    learn(url, resource) {
      const id = resource["@odata.id"];
      if (typeof id !== "string" || !/^https?:\/\//i.test(id) || !URL.canParse(id)) return;
      const own = new URL(id);
      if (own.origin === url.origin || !samePath(own, url)) return;
      const known = names.get(url.origin) ?? new Set();
      if (known.size < MAX_NAMES) names.set(url.origin, known.add(own.origin));
    },
    forget: (origin) => void names.delete(origin),
  };
}

/** A path without empty segments: some addresses and BMCs double their slashes. */
export function singleSlashes(path: string): string {
  return path.replace(/\/{2,}/g, "/");
}

/** The URL with a slash at its end where it has none, and without where it has one. */
export function otherSlash(url: URL): URL {
  const other = new URL(url);
  other.pathname = url.pathname.endsWith("/") ? url.pathname.replace(/\/+$/, "") : `${url.pathname}/`;
  return other;
}

function samePath(a: URL, b: URL): boolean {
  const [first, second] = [a, b].map(({ pathname }) => singleSlashes(pathname).replace(/\/$/, ""));
  return first === second;
}
