import { clusterOperations } from "./cluster.ts";
import { declaredOperations } from "./declared.ts";
import { layerOperations } from "./layers.ts";
import { nodeOperations } from "./nodes.ts";
import { planOperations } from "./plans.ts";
import { programOperations } from "./program.ts";

/**
 * Every operation of an aggregator's HTTP API by its name. The server mounts this table, the client is made from it, and so are
 * OpenAPI and the reference: what is not here is not served.
 */
export const operations = {
  ...nodeOperations,
  ...planOperations,
  ...layerOperations,
  ...declaredOperations,
  ...clusterOperations,
  ...programOperations,
};

/** The table. */
export type Operations = typeof operations;
/** The name of an operation. */
export type OperationId = keyof Operations;
/** The names of all operations, in the order of the table. */
export const operationIds = Object.keys(operations) as OperationId[]; // the table has no other keys
