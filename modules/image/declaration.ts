import { declareModule } from "../../src/plan/mod.ts";
import { core, defineExtension, enumeration, services } from "../../src/state/mod.ts";

const knownWhile = { "/runState": "SYNC" } as const;
const outdates = { "/image/state": ["ACTIVE", "UPDATE"] } as const;
const name = { kind: "string", maxLength: 128 } as const;
const digest = { kind: "string", maxLength: 64 } as const;
const url = { kind: "string", maxLength: 1024 } as const;

/** The root image of a node: its desired and its discovered state. */
export const image = defineExtension("image", {
  "/image/name": {
    type: name,
    writer: "cfg",
    about: "Name of the image on its server: /boot/v1/images/NAME",
  },
  "/image/digest": { type: digest, writer: "cfg", about: "SHA-256 of the image: 64 hexadecimal digits", outdates },
  "/image/url": {
    type: url,
    writer: "cfg",
    about: "URL of the image. Default: /boot/v1/images/NAME on the server that the node booted from",
  },
  "/image/layers": {
    type: {
      kind: "list",
      items: { kind: "object", fields: { name, digest, url }, optional: ["url"] },
      maxItems: 16,
    },
    writer: "cfg",
    about: "Layers on top of the image, lowest first; without /image/name these are the whole image",
    outdates,
  },
  "/image/mode": {
    type: { kind: "enum", values: ["container", "root"] },
    writer: "cfg",
    about:
      "container: the image runs beside the agent in its own namespaces; root: the machine switches to it. Default: container",
    outdates,
  },
  "/image/command": {
    type: { kind: "list", items: { kind: "string", maxLength: 4096 }, maxItems: 64 },
    writer: "cfg",
    about: "Program to run in the image, with its arguments. Default: /sbin/init",
    outdates,
  },
  "/image/stopTimeout": {
    type: { kind: "integer", min: 0, max: 30_000 },
    writer: "cfg",
    about: "Time from SIGTERM to SIGKILL when the container is stopped, in milliseconds. Default: 10000",
  },
  "/image/state": {
    type: enumeration("UNKNOWN", "IDLE", "FETCHING", "ACTIVE", "UPDATE", "ERROR"),
    writer: "self",
    about: "ACTIVE: the image that cfg asks for runs; UPDATE: an older one runs",
    knownWhile,
    leaveWithin: { FETCHING: 300_000, UPDATE: 300_000, ERROR: 60_000 },
  },
  "/image/progress": {
    type: { kind: "integer", min: 0, max: 100 },
    writer: "self",
    about: "Share of the image that has been fetched, in percent",
    knownWhile,
  },
  "/image/active": {
    type: { kind: "list", items: digest, maxItems: 17 },
    writer: "self",
    about: "Digests of the running image, lowest layer first",
    knownWhile,
  },
  "/image/error": {
    type: { kind: "string", maxLength: 512 },
    writer: "self",
    about: "The last error",
    knownWhile,
  },
});

const onNode = { "/runState": "SYNC" } as const;
const mayRun = { "/runState": "SYNC", "/drained": "NO" } as const;
/** An image is neither stopped nor replaced while others use the node. */
const notBusy = { "/busy": "BUSY" } as const;
const failTo = { "/image/state": "ERROR" } as const;
/** A fetch may take as long as a slow link needs: it ends by itself if no data arrives. */
const fetchTimeout = 1_800_000;
/** A stop may have to wait for `/image/stopTimeout` and for work in progress. */
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
      about: "Checks whether an image is active, expecting none",
    },
    fetch: {
      context: "self",
      changes: { "/image/state": ["IDLE", "FETCHING"] },
      requires: mayRun,
      failTo,
      timeout: 10_000,
      duration: 100,
      about: "Starts to fetch the image",
    },
    activate: {
      context: "self",
      changes: { "/image/state": ["FETCHING", "ACTIVE"] },
      requires: mayRun,
      failTo,
      timeout: fetchTimeout,
      duration: 30_000,
      about: "Fetches, verifies, mounts and starts the image",
    },
    update: {
      context: "self",
      changes: { "/image/state": ["UPDATE", "ACTIVE"] },
      requires: mayRun,
      excludes: notBusy,
      timeout: fetchTimeout,
      duration: 30_000,
      about: "Fetches the new image while the old one runs, and replaces the old one",
    },
    retry: {
      context: "self",
      changes: { "/image/state": ["ERROR", "ACTIVE"] },
      requires: mayRun,
      failTo,
      timeout: fetchTimeout,
      duration: 30_000,
      about: "Fetches and starts the image again after a failure",
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
      about: "Cancels the fetch of the image",
    },
    clear: {
      context: "self",
      changes: { "/image/state": ["ERROR", "IDLE"] },
      requires: onNode,
      timeout: stopTimeout,
      about: "Clears the failure of the image",
    },
  },
});
