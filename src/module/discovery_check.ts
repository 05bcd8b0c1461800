import type { ModuleDeclaration } from "../plan/mod.ts";
import { createSchema, matchUrl, type Schema, type Value } from "../state/mod.ts";

/** Tells why a module may not discover a value, or undefined when it may. */
export type DiscoveryCheck = (url: string, value: Value | null) => string | undefined;

/** A module's own declaration of what it discovers, ready to check with. */
export interface DeclaredDiscoveries {
  readonly schema: Schema;
  readonly check: DiscoveryCheck;
}

/**
 * Prepares the checks of what a module discovers: the URL is among its `discovers`, and the value fits.
 *
 * @param role Who the program is to the nodes that it serves: it may discover only what that writer writes.
 * @throws {TypeError} When the module claims a URL that is not declared or that another writer writes.
 */
export function declaredDiscoveries(declaration: ModuleDeclaration, role: "parent" | "self"): DeclaredDiscoveries {
  const schema = createSchema(declaration.extensions);
  const writers = new Map(
    declaration.extensions.flatMap(({ variables }) => Object.entries(variables)).map(([url, { writer }]) => [
      url,
      writer,
    ]),
  );
  for (const url of declaration.discovers) {
    const writer = writers.get(url);
    if (writer === role) continue;
    throw new TypeError(
      `Cannot host module '${declaration.name}': it discovers '${url}', which is ${
        writer === undefined ? "not declared in its extensions" : `written by '${writer}'`
      }, in a program that writes as '${role}'`,
    );
  }
  function isClaimed(url: string): boolean {
    return declaration.discovers.some((pattern) => pattern === url || matchUrl(pattern, url) !== undefined);
  }
  return {
    schema,
    check(url, value) {
      if (!isClaimed(url)) return `'${url}' is not among what it discovers: ${declaration.discovers.join(", ")}`;
      return value === null ? undefined : schema.complain(url, value);
    },
  };
}
