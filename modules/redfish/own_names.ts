import type { Resource } from "./resources.ts";

/** The largest number of other names of one BMC to remember. */
const MAX_NAMES = 8;

/**
 * Resolves links of BMCs. A BMC is used at one origin, that of its address; links that use another of its names lead
 * there too. A name belongs to a BMC if a resource read at its address uses that name for itself.
 */
export interface OwnNames {
  /**
   * Resolves a link (`@odata.id`, an action's `target`, a `Location`) on the origin of `base`.
   *
   * @returns Undefined if it is not a URL, or leads to another host.
   */
  resolve(base: URL, link: string): URL | undefined;
  /** Learns the name that a resource, read at `url`, uses for itself. */
  learn(url: URL, resource: Resource): void;
  /** Forgets the names of the BMC with this origin. */
  forget(origin: string): void;
}

/** Creates the memory of a module. */
export function createOwnNames(): OwnNames {
  const names = new Map<string, Set<string>>();
  return {
    resolve(base, link) {
      // `//redfish/v1` is a path with a superfluous slash, not the host `redfish`.
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

/** Removes empty segments from `path`: some addresses and BMCs double their slashes. */
export function singleSlashes(path: string): string {
  return path.replace(/\/{2,}/g, "/");
}

/** Adds a slash to the end of `url`, or removes it if there is one. */
export function otherSlash(url: URL): URL {
  const other = new URL(url);
  other.pathname = url.pathname.endsWith("/") ? url.pathname.replace(/\/+$/, "") : `${url.pathname}/`;
  return other;
}

function samePath(a: URL, b: URL): boolean {
  const [first, second] = [a, b].map(({ pathname }) => singleSlashes(pathname).replace(/\/$/, ""));
  return first === second;
}
