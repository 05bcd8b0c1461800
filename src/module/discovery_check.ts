import type { ModuleDeclaration } from "../plan/mod.ts";
import { createSchema, matchUrl, type Schema, type Value } from "../state/mod.ts";

/** Tells why a module may not discover a value; undefined if it may. */
export type DiscoveryCheck = (url: string, value: Value | null) => string | undefined;

/** The discoveries that a module declares, ready for checks. */
export interface DeclaredDiscoveries {
  readonly schema: Schema;
  readonly check: DiscoveryCheck;
}

/**
 * Prepares the checks of a module's discoveries: the URL is among its `discovers`, and the value fits.
 *
 * @param declaration The module's declaration.
 * @param role The writer that the program is for the nodes that it serves. Its modules may discover only what that
 * writer writes.
 * @throws {TypeError} If the module claims a URL that is not declared or that another writer writes.
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
      return value === null ? undefined : schema.validate(url, value);
    },
  };
}
