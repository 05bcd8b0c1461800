import type { Fault } from "../../src/api/mod.ts";
import type { InventoryNode } from "../../src/inventory/mod.ts";
import { faulty, type Problem } from "../../src/http/mod.ts";
import { versionText } from "../../src/state/mod.ts";
import type { Control } from "../control/control.ts";
import { allowsWrite, changed } from "./etag.ts";
import type { Call } from "./handler.ts";

type Refused = { readonly ok: false; readonly problem: Problem };

/** Refuses a write of some nodes whose cfg, taken together, is not what was read; undefined where it may be made. */
export function checkTags(control: Control, nodes: readonly InventoryNode[], call: Call): Refused | undefined {
  const ifMatch = call.header("if-match");
  if (ifMatch === undefined || ifMatch.trim() === "*") return undefined;
  const tag = `"${control.cfgTag(nodes)}"`;
  if ([tag, `"${control.revision()}"`].some((each) => allowsWrite(ifMatch, each))) return undefined;
  const advice = "Ask with ?dryRun=true what would change, and repeat it with the ETag of that answer";
  return changed("The cfg of these nodes", tag, advice);
}

/** Refuses a write of nodes one of which has not the version that it must have: a problem that names each of them. */
export function checkVersions(
  control: Control,
  expected: readonly (readonly [name: string, version: string | null])[],
): Refused | undefined {
  const faults = expected.flatMap(([name, version]): Fault[] => {
    const node = control.find(name);
    const found = node === undefined ? null : versionText(node.version);
    if (found === version) return [];
    const words = (each: string | null): string => each === null ? "no node" : `version ${each}`;
    return [{ detail: `The cfg of node '${name}' has changed: there is ${words(found)}, expected ${words(version)}` }];
  });
  return faults.length === 0 ? undefined : { ok: false, problem: faulty("changed", faults) };
}
