/**
 * The keys that an inventory file may have, with their meaning. The parser accepts these, and
 * docs/reference/inventory.md lists them.
 */
export const FILE_KEYS = {
  cluster: "Name of the cluster; an aggregator of another cluster refuses the file",
  aggregators: "List of aggregators",
  nodes: "List of entries, each for one or more nodes",
} as const;

/** The keys of an entry of `aggregators`: see {@link FILE_KEYS}. */
export const AGGREGATOR_KEYS = {
  name: "Name of the aggregator; required",
  id: "UUID of its node. Default: derived from the names of cluster and node",
  parent: "Name of the aggregator above it; absent at the root",
  standby: "Name of the standby that takes over its nodes when it is lost",
  modules: "Config of its modules by name: `/services/NAME/config` of its node",
  limits: "Limits by name: `/limits/NAME`",
  invariants: "Invariants by name: `/invariants/NAME`",
  engine: "Config of its engine: `/engine/config`",
} as const;

/** The keys of an entry of `nodes` besides its variables: see {@link FILE_KEYS}. */
export const NODE_KEYS = {
  nodes: "Nodeset of the entry, such as `n[1-8]`; required",
  id: "UUID of the node, only in an entry of one node. Default: derived from the names of cluster and node",
  desired: "Goals, see below",
  services: "Programs by name with their config, and `state` (`RUN` or `STOP`, default `RUN`)",
} as const;
