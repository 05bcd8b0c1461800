/**
 * Which way imports point. A layer is a folder; it may import itself and what is listed here, where `src/*` stands for
 * every layer of that name. A new folder below `src` or `aggregator` needs a line.
 */
const LAYERS: { readonly [layer: string]: readonly string[] } = {
  "src": ["src/toolkit"],
  "src/toolkit": ["src"],
  "src/state": [],
  "src/boot": ["src/state", "src/toolkit"],
  "src/plan": ["src/state"],
  "src/engine": ["src", "src/nodeset", "src/plan", "src/state", "src/toolkit"],
  "src/evidence": ["src/state"],
  "src/sync": ["src", "src/evidence", "src/plan", "src/state", "src/toolkit"],
  "src/mqtt": ["src", "src/evidence", "src/sync", "src/plan", "src/state", "src/toolkit"],
  "src/process": ["src", "src/toolkit"],
  "src/module": ["src", "src/plan", "src/state", "src/toolkit"],
  "src/cli": ["src", "src/toolkit"],
  "src/dispatch": ["src"],
  "src/api": ["src", "src/nodeset", "src/toolkit"],
  "src/http": ["src/api", "src/toolkit"],
  "src/nodeset": [],
  "src/inventory": ["src/boot", "src/nodeset", "src/plan", "src/state", "src/toolkit"],
  // A module stands by itself: only a list of modules, directly in the folder, knows several.
  "modules/*": ["src", "src/*"],
  // Modules that boot machines share one way of following them.
  "modules/pxe": ["modules/boot", "src", "src/*"],
  "modules/rpi": ["modules/boot", "src", "src/*"],
  // Power modules share one way of looking after controllers, and those that speak Redfish its driver.
  "modules/redfish": ["modules/power", "src", "src/*"],
  "modules/ipmi": ["modules/power", "src", "src/*"],
  "modules/powerman": ["modules/power", "src", "src/*"],
  "modules/simpower": ["modules/power", "modules/redfish", "src", "src/*"],
  "modules": ["modules/*", "src/plan"],
  "agent": ["modules", "modules/*", "src", "src/*"],
  "aggregator/composition": ["aggregator", "aggregator/*", "src", "src/*"],
  "aggregator": ["aggregator/*", "modules", "modules/*", "src", "src/*"],
  "aggregator/tree": ["src", "src/*"],
  "aggregator/telemetry": ["src", "src/*"],
  "aggregator/evidence": ["aggregator/store", "src", "src/*"],
  "aggregator/dispatch": ["aggregator/tree", "src", "src/*"],
  "aggregator/store": ["aggregator/dispatch", "src", "src/*"],
  "aggregator/nodes": ["aggregator/dispatch", "aggregator/store", "aggregator/tree", "src", "src/*"],
  "aggregator/ownership": [
    ...["aggregator/dispatch", "aggregator/nodes", "aggregator/store", "aggregator/tree", "src", "src/*"],
  ],
  "aggregator/links": [
    ...[
      "aggregator/dispatch",
      "aggregator/evidence",
      "aggregator/nodes",
      "aggregator/store",
      "aggregator/tree",
      "src",
      "src/*",
    ],
  ],
  "aggregator/profiles": ["src", "src/*"],
  "aggregator/groups": ["aggregator/cfg", "aggregator/profiles", "aggregator/store", "src", "src/*"],
  "aggregator/cfg": [
    ...["aggregator/dispatch", "aggregator/links", "aggregator/nodes", "aggregator/ownership", "aggregator/profiles"],
    ...["aggregator/store", "aggregator/tree", "src", "src/*"],
  ],
  "aggregator/staging": [
    ...["aggregator/cfg", "aggregator/dispatch", "aggregator/nodes", "aggregator/store", "src", "src/*"],
  ],
  "aggregator/handover": [
    ...["aggregator/cfg", "aggregator/dispatch", "aggregator/links", "aggregator/nodes", "aggregator/store"],
    ...["aggregator/tree", "src", "src/*"],
  ],
  "aggregator/engine": [
    ...["aggregator/cfg", "aggregator/dispatch", "aggregator/nodes", "aggregator/ownership", "aggregator/store"],
    ...["aggregator/telemetry", "src", "src/*"],
  ],
  "aggregator/status": [
    ...["aggregator/dispatch", "aggregator/handover", "aggregator/nodes", "aggregator/store", "aggregator/telemetry"],
    ...["src", "src/*"],
  ],
  "aggregator/control": [
    ...["aggregator/cfg", "aggregator/dispatch", "aggregator/engine", "aggregator/groups", "aggregator/nodes"],
    ...["aggregator/ownership", "aggregator/staging", "aggregator/status", "aggregator/store", "aggregator/telemetry"],
    ...["src", "src/*"],
  ],
  "aggregator/http": [
    ...["aggregator/cfg", "aggregator/control", "aggregator/groups", "aggregator/nodes", "aggregator/profiles"],
    ...["aggregator/staging", "aggregator/status", "aggregator/store", "src", "src/*"],
  ],
  "aggregator/publish": [
    ...["aggregator/control", "aggregator/dispatch", "aggregator/nodes", "aggregator/status", "src", "src/*"],
  ],
  "aggregator/broker": ["src", "src/*"],
  "aggregator/boot": [
    ...["aggregator/broker", "aggregator/nodes", "aggregator/store"],
    ...["modules/*", "src", "src/*"],
  ],
  "ctl": ["modules", "modules/*", "src", "src/*"],
  "scripts": ["agent", "aggregator", "aggregator/*", "ctl", "modules", "modules/*", "packages", "src", "src/*"],
  "test": ["agent", "aggregator", "aggregator/*", "ctl", "modules", "modules/*", "packages", "scripts", "src", "src/*"],
  "packages": [],
};

/** The layer of a file, by its path from the root. */
export function layerOf(path: string): string {
  const [first = "", second, third] = path.split("/");
  const split = first === "src" || first === "modules" || first === "aggregator";
  return split && second !== undefined && third !== undefined ? `${first}/${second}` : first;
}

/** What a layer may import; undefined for a folder that has no rule. */
export function allowedFor(layer: string): readonly string[] | undefined {
  return LAYERS[layer] ?? (layer.startsWith("modules/") ? LAYERS["modules/*"] : undefined);
}

/** Whether a file of one layer may import one of another. */
export function mayImport(from: string, to: string): boolean {
  if (from === to) return true;
  return allowedFor(from)?.some((allowed) => allowed === to || matchesFamily(allowed, to)) ?? false;
}

function matchesFamily(allowed: string, layer: string): boolean {
  return allowed.endsWith("/*") && layer.startsWith(allowed.slice(0, -1));
}
