import { declareModule } from "../../src/plan/mod.ts";
import { core, defineExtension, enumeration, services } from "../../src/state/mod.ts";

const knownWhile = { "/runState": "SYNC" } as const;
const outdates = { "/image/state": ["ACTIVE", "UPDATE"] } as const;
const name = { kind: "string", maxLength: 128 } as const;
const digest = { kind: "string", maxLength: 64 } as const;
const url = { kind: "string", maxLength: 1024 } as const;

/** The root image of a node: what it should be, and how far it is. */
export const image = defineExtension("image", {
  "/image/name": {
    type: name,
    writer: "cfg",
    about: "The image, as its server knows it: /boot/v1/images/NAME",
  },
  "/image/digest": { type: digest, writer: "cfg", about: "Its SHA-256: 64 hexadecimal digits", outdates },
  "/image/url": {
    type: url,
    writer: "cfg",
    about: "Where it is, when it is not at the server that the node booted from",
  },
  "/image/layers": {
    type: {
      kind: "list",
      items: { kind: "object", fields: { name, digest, url }, optional: ["url"] },
      maxItems: 16,
    },
    writer: "cfg",
    about: "Images to lay over it, lower to upper; where /image/name is not set, these are all",
    outdates,
  },
  "/image/mode": {
    type: { kind: "enum", values: ["container", "root"] },
    writer: "cfg",
    about:
      "container: it runs beside the agent in namespaces of its own, the default; root: the machine switches to it",
    outdates,
  },
  "/image/command": {
    type: { kind: "list", items: { kind: "string", maxLength: 4096 }, maxItems: 64 },
    writer: "cfg",
    about: "The program that runs in it, with its arguments: /sbin/init where absent",
    outdates,
  },
  "/image/stopTimeout": {
    type: { kind: "integer", min: 0, max: 30_000 },
    writer: "cfg",
    about: "Milliseconds from SIGTERM to SIGKILL when its container is stopped, 10000",
  },
  "/image/state": {
    type: enumeration("UNKNOWN", "IDLE", "FETCHING", "ACTIVE", "UPDATE", "ERROR"),
    writer: "self",
    about: "ACTIVE: what cfg asks for runs; UPDATE: an older one runs",
    knownWhile,
    leaveWithin: { FETCHING: 300_000, UPDATE: 300_000, ERROR: 60_000 },
  },
  "/image/progress": {
    type: { kind: "integer", min: 0, max: 100 },
    writer: "self",
    about: "How much of it has been fetched, in percent",
    knownWhile,
  },
  "/image/active": {
    type: { kind: "list", items: digest, maxItems: 17 },
    writer: "self",
    about: "The digests of what runs, lower to upper",
    knownWhile,
  },
  "/image/error": {
    type: { kind: "string", maxLength: 512 },
    writer: "self",
    about: "Its last error",
    knownWhile,
  },
});

const onNode = { "/runState": "SYNC" } as const;
const mayRun = { "/runState": "SYNC", "/drained": "NO" } as const;
/** What somebody else has the node for is not taken from under it: neither stopped nor swapped. */
const notBusy = { "/busy": "BUSY" } as const;
const failTo = { "/image/state": "ERROR" } as const;
/** A fetch may take as long as a slow link makes it: it gives up by itself when nothing arrives. */
const fetchTimeout = 1_800_000;
/** A stop may wait for `/image/stopTimeout`, and for what is under way. */
const stopTimeout = 45_000;

/** The module that fetches a node's root image and runs it. */
export const imageDeclaration = declareModule({
  name: "image",
  about: "Fetches the node's root image, and runs it as a container or switches to it",
  extensions: [core, services, image],
  discovers: ["/image/state", "/image/progress", "/image/active", "/image/error"],
  mutations: {
    find: {
      context: "self",
      changes: { "/image/state": ["UNKNOWN", "IDLE"] },
      requires: onNode,
      timeout: 10_000,
      about: "Looks whether an image is active, hoping that none is",
    },
    fetch: {
      context: "self",
      changes: { "/image/state": ["IDLE", "FETCHING"] },
      requires: mayRun,
      failTo,
      timeout: 10_000,
      duration: 100,
      about: "Begins to fetch the image",
    },
    activate: {
      context: "self",
      changes: { "/image/state": ["FETCHING", "ACTIVE"] },
      requires: mayRun,
      failTo,
      timeout: fetchTimeout,
      duration: 30_000,
      about: "Fetches the image, checks and mounts it, and starts what is in it",
    },
    update: {
      context: "self",
      changes: { "/image/state": ["UPDATE", "ACTIVE"] },
      requires: mayRun,
      excludes: notBusy,
      timeout: fetchTimeout,
      duration: 30_000,
      about: "Fetches the new image beside the one that runs, and puts it in its place",
    },
    retry: {
      context: "self",
      changes: { "/image/state": ["ERROR", "ACTIVE"] },
      requires: mayRun,
      failTo,
      timeout: fetchTimeout,
      duration: 30_000,
      about: "Fetches and starts the image again after it failed",
    },
    stop: {
      context: "self",
      changes: { "/image/state": ["ACTIVE", "IDLE"] },
      requires: onNode,
      excludes: notBusy,
      timeout: stopTimeout,
      about: "Stops the image's container",
    },
    "stop-outdated": {
      context: "self",
      changes: { "/image/state": ["UPDATE", "IDLE"] },
      requires: onNode,
      excludes: notBusy,
      timeout: stopTimeout,
      about: "Stops the container of an older image",
    },
    cancel: {
      context: "self",
      changes: { "/image/state": ["FETCHING", "IDLE"] },
      requires: onNode,
      timeout: stopTimeout,
      about: "Gives up fetching the image",
    },
    clear: {
      context: "self",
      changes: { "/image/state": ["ERROR", "IDLE"] },
      requires: onNode,
      timeout: stopTimeout,
      about: "Forgets that the image failed",
    },
  },
});
