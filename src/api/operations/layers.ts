import * as v from "valibot";
import { define } from "../operation.ts";
import {
  detail,
  dryRun,
  JSON_TYPES,
  listParameters,
  MAX_SELECTION,
  nodeInPath,
  PATCH_TYPES,
  theseNodes,
  wholeParameter,
} from "../parameters.ts";
import { changeList } from "../schemas/changes.ts";
import { mergePatch } from "../schemas/common.ts";
import {
  forgotten,
  group,
  groupBody,
  groupList,
  profile,
  profileBody,
  profileList,
  serviceOutput,
  stagedList,
  stagedNode,
  stagedUntil,
} from "../schemas/layers.ts";

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
const expected = "1 to 64 letters, digits, '_', '.' or '-'";
const nameInPath = {
  name: { kind: "text", schema: v.pipe(v.string(), v.regex(NAME, expected)), about: "Its name", required: true },
} as const;

const reads = { method: "GET", role: "viewer", answeredBy: "root", changes: false } as const;
const writes = { role: "operator", answeredBy: "root", changes: true } as const;
const profiles = { group: "Profiles" } as const;
const groups = { group: "Groups" } as const;
const staging = { group: "Staged cfg" } as const;

/** What nodes have in common, and what waits for them. */
export const layerOperations = {
  listProfiles: define({
    ...{ ...reads, ...profiles, path: "/api/v1/profiles" },
    summary: "Lists profiles: cfg that nodes have in common",
    description:
      "A node names its profiles in `/profiles`, in order. A profile counts after those that it inherits, and once, where it " +
      "comes first; of two that have a value of one URL the later one counts, and the node's own value counts most. `~NAME` " +
      "leaves a profile out, however it comes in; `~/URL` the values of a URL and of all below it.",
    parameters: { query: listParameters },
    answers: { 200: { about: "The profiles, by name", schema: profileList } },
    list: { key: "profiles", item: profile },
  }),
  getProfile: define({
    ...{ ...reads, ...profiles, path: "/api/v1/profiles/{name}" },
    summary: "Tells everything about one profile",
    parameters: { path: nameInPath },
    answers: { 200: { about: "The profile", schema: profile, etag: "the profile" } },
  }),
  putProfile: define({
    ...{ ...writes, ...profiles, method: "PUT", path: "/api/v1/profiles/{name}" },
    summary: "Makes a profile be as given, and with it the cfg of every node that it touches: all, or nothing",
    description:
      "A dry run tells which nodes would change, how, and what follows. `If-None-Match: *` makes a new one only.",
    parameters: { path: nameInPath, query: { ...dryRun, ...detail } },
    body: { schema: profileBody, about: "The profile", types: JSON_TYPES },
    answers: {
      200: { about: "What changes on nodes, and what follows from that", schema: changeList, etag: "the profile" },
    },
    problems: ["conflict"],
    conditional: "the profile",
    examples: { request: { inherits: [], values: { rack: "r1", boot: { kernel: "vmlinuz" } } } },
  }),
  deleteProfile: define({
    ...{ ...writes, ...profiles, method: "DELETE", path: "/api/v1/profiles/{name}" },
    summary: "Forgets a profile that no node and no other profile names",
    parameters: { path: nameInPath },
    answers: { 200: { about: "It is forgotten", schema: forgotten } },
    problems: ["conflict"],
    conditional: "the profile",
  }),
  listGroups: define({
    ...{ ...reads, ...groups, path: "/api/v1/groups" },
    summary: "Lists groups: nodes that people speak of together",
    description: "A nodeset may have groups among its names, as `@NAME`. The root knows them.",
    parameters: { query: listParameters },
    answers: { 200: { about: "The groups, by name", schema: groupList } },
    list: { key: "groups", item: group },
  }),
  getGroup: define({
    ...{ ...reads, ...groups, path: "/api/v1/groups/{name}" },
    summary: "Tells everything about one group",
    parameters: { path: nameInPath },
    answers: { 200: { about: "The group", schema: group, etag: "the group" } },
  }),
  putGroup: define({
    ...{ ...writes, ...groups, method: "PUT", path: "/api/v1/groups/{name}" },
    summary: "Makes a group be as given",
    description: "A group has `nodes`, a nodeset, or a `filter`. `If-None-Match: *` makes a new one only.",
    parameters: { path: nameInPath },
    body: { schema: groupBody, about: "The group", types: JSON_TYPES, limit: MAX_SELECTION },
    answers: { 200: { about: "The group", schema: group, etag: "the group" } },
    conditional: "the group",
    examples: { request: { filter: { "/rack": "r1", phase: "stuck" } } },
  }),
  deleteGroup: define({
    ...{ ...writes, ...groups, method: "DELETE", path: "/api/v1/groups/{name}" },
    summary: "Forgets a group; its nodes stay",
    parameters: { path: nameInPath },
    answers: { 200: { about: "It is forgotten", schema: forgotten } },
    conditional: "the group",
  }),
  listStaged: define({
    ...{ ...reads, ...staging, path: "/api/v1/staged" },
    summary: "Tells what cfg waits for some nodes",
    parameters: { query: { ...theseNodes, ...listParameters } },
    answers: { 200: { about: "The nodes, with what waits for them", schema: stagedList, etag: "what waits for them" } },
    list: { key: "nodes", item: stagedNode },
    selection: { path: "staged" },
  }),
  stageCfg: define({
    ...{ ...writes, ...staging, method: "PATCH", path: "/api/v1/staged" },
    summary: "Stages a patch of some nodes' cfg until it disturbs nobody, in place of what was staged: all or none",
    description:
      "With `until=boot` it is written once the node's machine is off or its agent starts anew, before it boots on; with " +
      "`until=free` once no scheduler reports the node as busy. Where that is so already, at once. It is checked now, as a write " +
      "is; where it has become wrong by then it stays staged, with the reason.",
    parameters: {
      query: {
        ...theseNodes,
        until: { kind: "text", schema: stagedUntil, about: "`boot` or `free`", default: "boot" },
      },
    },
    body: {
      schema: mergePatch,
      about: "A merge patch of nested state; null unsets a value",
      types: PATCH_TYPES,
      limit: MAX_SELECTION,
    },
    answers: {
      200: { about: "The nodes, with what still waits for them", schema: stagedList, etag: "what waits for them" },
    },
    problems: ["conflict"],
    conditional: "what waits for these nodes, as `GET /api/v1/staged` answers it",
    selection: { path: "stage" },
    examples: { request: { boot: { kernel: "vmlinuz-new" } } },
  }),
  unstageCfg: define({
    ...{ ...writes, ...staging, method: "DELETE", path: "/api/v1/staged" },
    summary: "Forgets what waits for some nodes",
    parameters: { query: theseNodes },
    answers: { 200: { about: "The nodes", schema: stagedList, etag: "what waits for them" } },
    conditional: "what waits for these nodes, as `GET /api/v1/staged` answers it",
    selection: { path: "unstage" },
  }),
  getServiceOutput: define({
    ...{ method: "GET", group: "Nodes", role: "viewer", answeredBy: "server", changes: false },
    path: "/api/v1/nodes/{id}/services/{service}/output",
    summary: "Reads the end of what a program of one node has printed",
    description:
      "Its agent is asked for it, which takes up to 10 s. 404: it has no such program; 503: it does not answer.",
    parameters: {
      path: {
        ...nodeInPath,
        service: {
          kind: "text",
          schema: v.pipe(v.string(), v.regex(NAME, expected)),
          about: "The name of the program, as in `/services/{name}`",
          required: true,
        },
      },
      query: { lines: wholeParameter({ least: 1, most: 1000, default: 50, about: "The most lines" }) },
    },
    answers: { 200: { about: "The output", schema: serviceOutput } },
    problems: ["unavailable"],
  }),
};
