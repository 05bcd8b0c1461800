import * as v from "valibot";
import { define } from "../operation.ts";
import { detail, dryRun, JSON_TYPES, listParameters, MAX_INVENTORY, MAX_SELECTION, someNodes } from "../parameters.ts";
import { adoptedMachine, adoptionBody, changeList, inventoryBody } from "../schemas/changes.ts";
import { eventPage } from "../schemas/events.ts";
import {
  discoveredList,
  engine,
  freezeBody,
  limits,
  releasedHolds,
  treeEntry,
  treeList,
  unknownMachine,
} from "../schemas/program.ts";

const frozen =
  "whether everything is frozen, as `GET /api/v1/engine` answers it, or the cfg of the nodes of the nodeset";
const text = (most: number) => v.pipe(v.string(), v.maxLength(most, `at most ${most} characters`));
const told = (about: string) => ({ kind: "text", schema: text(300), about } as const);

/** The cluster as a whole, and the aggregator that is asked. */
export const clusterOperations = {
  apply: define({
    ...{
      method: "POST",
      path: "/api/v1/apply",
      group: "Inventory",
      role: "operator",
      answeredBy: "root",
      changes: true,
    },
    summary: "Gives nodes exactly this cfg, and creates nodes that do not exist",
    description:
      "Nodes that are not in the body stay as they are. `krakenctl apply` makes this body from an inventory file. " +
      "With `ifVersion` a node is changed only if its cfg is what was read: one that is not, and nothing is applied.",
    parameters: { query: { ...dryRun, ...detail } },
    body: { schema: inventoryBody, about: "The nodes", types: JSON_TYPES, limit: MAX_INVENTORY },
    answers: {
      200: { about: "The changes and the resulting plans", schema: changeList, etag: "the cfg of these nodes" },
    },
    problems: ["conflict"],
    conditional: "the cfg of these nodes, as a dry run answers it, or of all nodes, as their list does",
    examples: {
      request: { nodes: [{ name: "n1", cfg: { platform: "sim", parent: "root", physState: "POWER_ON" } }] },
    },
  }),
  listEvents: define({
    ...{ method: "GET", path: "/api/v1/events", group: "Events", role: "viewer", answeredBy: "any", changes: false },
    summary: "Returns the event log, as a stream or in pages",
    description:
      "With `Accept: application/json` the answer is a page of up to `limit` events. Otherwise it is a stream of " +
      "Server-Sent Events: everything after `after`, or after the id in `Last-Event-ID`, then what happens; without either " +
      "from now on. Where events after that id are not kept any more, a stream begins with an event of type `dropped`. A " +
      "comment comes every 15 s. A client that takes nothing for 60 s is disconnected, and loses nothing by it.",
    parameters: {
      query: {
        nodeset: {
          ...someNodes.nodeset,
          about: "Only events of these nodes, which may be deleted ones",
        },
        after: {
          kind: "text",
          schema: v.pipe(v.string(), v.regex(/^[0-9]{1,15}$/, "the number of the last event that is known")),
          about: "Only events after this id",
        },
        cursor: { ...listParameters.cursor, about: "`next` of the previous page; means the same as `after`" },
        limit: {
          kind: "whole",
          schema: v.pipe(
            v.number("a whole number from 1 to 1000"),
            v.minValue(1, "a whole number from 1 to 1000"),
            v.maxValue(1000, "a whole number from 1 to 1000"),
          ),
          about: "Largest number of events in a page",
          default: 1000,
        },
      },
      header: {
        "Last-Event-ID": {
          kind: "text",
          schema: text(15),
          about: "The last id received from a stream; takes precedence over `after`",
        },
      },
    },
    answers: {
      200: { about: "A page of events, or a stream", schema: eventPage, types: ["text/event-stream"] },
    },
    problems: ["unavailable"],
    selection: { path: "events" },
  }),
  getEngine: define({
    ...{ method: "GET", path: "/api/v1/engine", group: "Engine", role: "viewer", answeredBy: "any", changes: false },
    summary: "Returns the status of the engine: nodes at their goal, counters, and whether everything is frozen",
    parameters: {},
    answers: { 200: { about: "The engine", schema: engine, etag: "whether everything is frozen" } },
  }),
  freeze: define({
    ...{
      method: "POST",
      path: "/api/v1/engine/freeze",
      group: "Engine",
      role: "operator",
      answeredBy: "any",
      changes: true,
    },
    summary: "Freezes nodes, or everything: Kraken starts no more steps there",
    description:
      "A freeze of everything is about the aggregator that is asked, and those below it; that of single nodes is " +
      "desired state, which the root takes.",
    parameters: {},
    body: {
      schema: freezeBody,
      about: "The nodes; without a body, everything",
      types: JSON_TYPES,
      limit: MAX_SELECTION,
      optional: true,
    },
    answers: { 200: { about: "The engine", schema: engine } },
    problems: ["not-found", "conflict", "elsewhere", "unavailable"],
    conditional: frozen,
    examples: { request: { nodeset: "n[1-4]" } },
  }),
  thaw: define({
    ...{
      method: "POST",
      path: "/api/v1/engine/thaw",
      group: "Engine",
      role: "operator",
      answeredBy: "any",
      changes: true,
    },
    summary: "Thaws nodes, or everything",
    parameters: {},
    body: {
      schema: freezeBody,
      about: "The nodes; without a body, everything",
      types: JSON_TYPES,
      limit: MAX_SELECTION,
      optional: true,
    },
    answers: { 200: { about: "The engine", schema: engine } },
    problems: ["not-found", "conflict", "elsewhere", "unavailable"],
    conditional: frozen,
    examples: { request: { nodeset: "n[1-4]" } },
  }),
  release: define({
    ...{
      method: "POST",
      path: "/api/v1/engine/release",
      group: "Engine",
      role: "operator",
      answeredBy: "any",
      changes: true,
    },
    summary: "Releases all mutations that are held for the whole fleet, so that Kraken tries them again",
    parameters: {},
    answers: { 200: { about: "The released holds", schema: releasedHolds } },
    problems: ["unavailable"],
  }),
  getLimits: define({
    ...{ method: "GET", path: "/api/v1/limits", group: "Engine", role: "viewer", answeredBy: "any", changes: false },
    summary: "Returns limits and invariants with their queues, and the mutations that are held for the whole fleet",
    parameters: {},
    answers: { 200: { about: "The limits", schema: limits } },
  }),
  listTree: define({
    ...{ method: "GET", path: "/api/v1/tree", group: "Tree", role: "viewer", answeredBy: "any", changes: false },
    summary: "Lists this aggregator and those below it, with the health of their nodes",
    description:
      "`health` is FULL (all nodes below are heard and at their goal), PARTIAL (some are not there yet), DEGRADED " +
      "(some have failed or cannot be heard), LOST (it is not heard itself: `stale` says since when) or UNKNOWN (it has not " +
      "joined yet).",
    parameters: { query: listParameters },
    answers: { 200: { about: "The aggregators", schema: treeList } },
    list: { key: "aggregators", item: treeEntry },
  }),
  listDiscovered: define({
    ...{
      method: "GET",
      path: "/api/v1/discovered",
      group: "Machines",
      role: "viewer",
      answeredBy: "any",
      changes: false,
    },
    summary: "Lists machines that asked this aggregator for a boot and belong to no node",
    parameters: { query: listParameters },
    answers: { 200: { about: "The machines", schema: discoveredList } },
    list: { key: "machines", item: unknownMachine },
  }),
  adopt: define({
    ...{
      method: "POST",
      path: "/api/v1/discovered/{mac}/adopt",
      group: "Machines",
      role: "operator",
      answeredBy: "any",
    },
    changes: true,
    summary: "Makes such a machine a new node, or assigns it to a node that has no machine",
    description:
      "What is not said is added where the node has none: `/boot/method` pxe, `/parent` the aggregator that was " +
      "asked, `/arch` as the machine told it, `/ipv4/mac`, and the first free address of `subnet`, or of the network that the " +
      "aggregator gives addresses in. An aggregator below the root redirects to it, with what it knows of the machine.",
    parameters: {
      path: { mac: { kind: "text", schema: text(100), about: "Its MAC address", required: true } },
      query: {
        subnet: told("Take the first free address of this network, such as `10.77.0.0/24`"),
        parent: told("The aggregator that is to serve it"),
        arch: told("Its architecture"),
        server: told("The aggregator's own address in that network, which no machine is given"),
        method: told("How it boots"),
        serial: told("The serial number of a Raspberry Pi"),
      },
    },
    body: { schema: adoptionBody, about: "The node's name and cfg", types: JSON_TYPES },
    answers: {
      200: {
        about: "The machine was assigned to an existing node",
        schema: adoptedMachine,
        etag: "the cfg of the node",
      },
      201: { about: "A new node was created", schema: adoptedMachine, etag: "the cfg of the node" },
    },
    problems: ["conflict", "elsewhere", "unavailable"],
    conditional: "the cfg of a node that is there",
    examples: { request: { name: "n7", platform: "redfish", ipv4: { address: "10.77.0.17" } } },
  }),
};
