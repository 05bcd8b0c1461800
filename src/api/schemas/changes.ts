/** Changes of what nodes should be, and what follows from them. */
import * as v from "valibot";
import { about, count, givenObject, json, jsonObject, mergePatch, nodeName, type Shape, uuid } from "./common.ts";
import { plan, start, step, suspendedGoal } from "./plans.ts";

/** What a change of one node's cfg does, or would do. */
export const nodeChange = v.object({
  id: v.string(),
  name: v.string(),
  created: v.boolean(),
  differences: about(
    v.array(v.object({ url: v.string(), from: v.exactOptional(json), to: v.exactOptional(json) })),
    "A value that is not set before or after is left out",
  ),
  plan,
  note: v.exactOptional(about(v.string(), "Why nothing is done for the node whatever its plan says")),
  version: about(v.string(), "The version of its cfg after the change"),
  warnings: v.exactOptional(about(v.array(v.string()), "What was accepted, but does not do what it looks like")),
});
/** What a change of one node's cfg does, or would do. */
export type NodeChangeInfo = Shape<typeof nodeChange>;

const invariantRefusal = v.object({
  step: about(count, "The place of the step in the plan"),
  mutation: v.string(),
  invariant: v.string(),
  because: v.string(),
});
const crowd = v.object({
  step: count,
  kind: v.picklist(["limit", "away", "transition"]),
  rule: v.string(),
  by: v.exactOptional(v.string()),
  atMost: v.exactOptional(v.number()),
  perSecond: v.exactOptional(v.number()),
  words: about(v.string(), "In one sentence"),
});
/** A limit or an invariant at which some of a group have to wait. */
export type CrowdInfo = Shape<typeof crowd>;

/** Nodes with the same plan, or without one for the same reason. */
export const changeGroup = v.object({
  nodeset: v.string(),
  count,
  ok: about(v.boolean(), "False where there is no plan"),
  summary: about(v.string(), "In words"),
  steps: v.array(step),
  expectedMs: v.exactOptional(
    about(
      v.number(),
      "Milliseconds until all of them are expected to be done, waiting included; absent where some never are",
    ),
  ),
  disruptive: about(v.boolean(), "It cuts power, or takes a node out of SYNC"),
  suspended: v.array(suspendedGoal),
  reason: v.exactOptional(about(v.string(), "Why there is no plan")),
  busy: v.exactOptional(about(v.string(), "Those that somebody else has")),
  frozen: v.exactOptional(about(v.string(), "Those on which nothing starts before a thaw")),
  held: v.exactOptional(about(
    v.object({ nodeset: v.string(), reason: v.string() }),
    "Those on which something that is needed was given up",
  )),
  refused: v.exactOptional(about(invariantRefusal, "The invariant that says no to a step as things are")),
  queued: v.exactOptional(
    about(v.array(crowd), "Limits and invariants at which not all of them can go on at once"),
  ),
  starts: v.exactOptional(about(v.array(start), "Steps that come after no other, and do not start at once")),
});
/** Nodes with the same plan, or without one for the same reason. */
export type ChangeGroupInfo = Shape<typeof changeGroup>;

/** What a change of some nodes does, or would do. */
export const changeList = v.object({
  dryRun: v.boolean(),
  changes: v.exactOptional(about(v.array(nodeChange), "Each node; left out with `detail=groups`")),
  groups: v.array(changeGroup),
});
/** What a change of some nodes does, or would do. */
export type ChangesInfo = Shape<typeof changeList>;

/** What a change of one node's cfg does, with the cfg. */
export const cfgChange = v.object({ dryRun: v.boolean(), cfg: jsonObject, ...nodeChange.entries });

/** The cfg that a node must still have for a change to be made: its version; null: there is no such node. */
export const ifVersion = about(
  v.nullable(v.pipe(v.string("a version, such as 0.1.2"), v.regex(/^\d+\.\d+\.\d+$/, "a version, such as 0.1.2"))),
  "The `version` that the node's cfg must still have; null: there must be no such node",
);

/** Nodes that are to have exactly this cfg. */
export const inventoryBody = v.strictObject({
  nodes: v.array(
    v.strictObject({
      name: nodeName,
      id: v.exactOptional(about(uuid, "Where absent it follows from cluster and name")),
      cfg: about(givenObject, "Nested; what the node has beyond it is unset"),
      ifVersion: v.exactOptional(ifVersion),
    }, "an object with name, id, cfg, ifVersion"),
    "a list of nodes",
  ),
}, "an object with nodes");

/** A machine that becomes a node. */
export const adoptionBody = v.objectWithRest({ name: nodeName }, json, "an object with name, and cfg beside it");

/** What became of a machine that was adopted. */
export const adoptedMachine = v.object({ mac: v.string(), ...nodeChange.entries });
/** What became of a machine that was adopted. */
export type AdoptedInfo = Shape<typeof adoptedMachine>;

/** What else of a patch for some nodes stands in the body where their nodeset does. */
export const patchExtras = {
  reported: v.exactOptional(about(mergePatch, "Reported values that would come too; only with `dryRun=true`")),
  ifVersions: v.exactOptional(
    about(v.record(v.string(), ifVersion), "By node name, the version that its cfg must still have"),
  ),
};
