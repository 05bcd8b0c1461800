import type { Clock } from "../../src/clock.ts";
import { PermanentError } from "../../src/module/mod.ts";
import { firstOf, lastLine } from "../../src/process/mod.ts";
import type { Value } from "../../src/state/mod.ts";
import type { ImageConfig, Layer } from "./config.ts";
import { adoptContainer, type Container, startContainer } from "./container.ts";
import { readMounts } from "./mounts.ts";
import type { Root, Roots } from "./roots.ts";
import type { LayerStore } from "./store.ts";
import type { RootSwitch } from "./switch_root.ts";

/** How long a container must have stayed up to count as running, in milliseconds. */
const STEADY = 1000;
/** The longest error text: see `/image/error`. */
const MAX_ERROR_LENGTH = 512;

/** What is the case with the image. */
type Situation =
  | { readonly kind: "idle" | "changing" | "failed" }
  /** `container` is undefined where the machine has switched to it. */
  | {
    readonly kind: "active";
    readonly root: Root;
    readonly container: Container | undefined;
    readonly outdated: boolean;
  };

/** What the image of one node is made of. */
export interface ImageParts {
  /** The node's name: the container's host name. */
  readonly hostname: string;
  readonly store: LayerStore;
  readonly roots: Roots;
  readonly rootSwitch: RootSwitch;
  /** Ends this program so that the machine switches to another root; undefined where nobody would do that. */
  readonly onSwitch: (() => void) | undefined;
  /** The file that takes the container's output. */
  readonly output: string;
  readonly clock: Clock;
  /** Ends all watching. */
  readonly signal: AbortSignal;
  fetch(layers: readonly Layer[], signal: AbortSignal): Promise<void>;
  discover(field: "state" | "progress" | "active" | "error", value: Value | null): void;
}

/** The image of the node: at most one runs. What is asked of it is done in turn. */
export interface Image {
  /** Takes over what an earlier run of the agent left, or what the machine has switched to, and shows it. */
  adopt(): Promise<void>;
  /** True when the machine has switched to it: it ends with the machine's power. */
  readonly isMachine: boolean;
  /** Shows the state as it is. */
  show(): void;
  /**
   * Makes it run with this config, in the place of what runs with another one.
   *
   * @throws {PermanentError} When trying again can't help.
   * @throws {Error} When it can't be fetched, mounted or started. What ran before goes on running then.
   */
  bring(config: ImageConfig, signal: AbortSignal): Promise<void>;
  /** Ends it, also while it is being brought, and forgets how it failed. */
  stop(): Promise<void>;
  /** cfg may ask for something else now. */
  compare(config: ImageConfig | undefined): void;
}

/** Makes the image of a node, of which nothing is known yet. */
export function createImage(parts: ImageParts): Image {
  const { store, roots, rootSwitch, clock, discover } = parts;
  let situation: Situation = { kind: "idle" };
  let turn: Promise<unknown> = Promise.resolve();
  const brings = new Set<AbortController>();
  /** Why the machine's first process did not switch to the root that it was asked to. */
  let refusedSwitch: string | undefined;

  function inTurn(work: () => Promise<void>): Promise<void> {
    const mine = turn.then(work);
    turn = mine.catch(() => {}); // whoever asked for it is told
    return mine;
  }
  function show(): void {
    switch (situation.kind) {
      case "changing":
        return; // its outcome is shown soon
      case "idle":
      case "failed":
        discover("active", null);
        discover("progress", null);
        if (situation.kind === "idle") discover("error", null);
        return discover("state", situation.kind === "idle" ? "IDLE" : "ERROR");
      case "active":
        discover("active", situation.root.config.layers.map(({ digest }) => digest));
        if (!situation.outdated) discover("error", null);
        return discover("state", situation.outdated ? "UPDATE" : "ACTIVE");
    }
  }
  function complain(error: unknown): string {
    const why = error instanceof Error ? error.message : String(error);
    discover("error", why.slice(0, MAX_ERROR_LENGTH));
    return why;
  }
  function enter(root: Root, container: Container | undefined, outdated: boolean): void {
    situation = { kind: "active", root, container, outdated };
    container?.ended.then(async (exit) => {
      if (situation.kind !== "active" || situation.container !== container) return; // it was asked to end
      situation = { kind: "failed" };
      complain(ending(exit.words, root, container));
      show();
      await inTurn(() => roots.remove(root.folder)).catch(() => {}); // it is tried again when the next one is mounted
    });
  }
  function ending(words: string, { config }: Root, container: Container): string {
    const line = lastLine(parts.output, container.outputFrom);
    return `'${config.command.join(" ").slice(0, 200)}' of ${nameOf(config)} ${words}${line === "" ? "" : `: ${line}`}`;
  }

  /** Starts a container and waits until it is steady. */
  async function launch(root: Root, outdated: boolean, signal: AbortSignal): Promise<void> {
    const { hostname, output } = parts;
    const { command, stopTimeout } = root.config;
    const container = await startContainer(
      { root: root.root, hostname, command, output, others: roots.othersThan(root) },
      parts,
    );
    const outcome = await firstOf(container.ended, clock, STEADY, signal);
    if (outcome === "steady") return enter(root, container, outdated);
    if (outcome !== "aborted") throw new Error(ending(outcome.words, root, container));
    await container.stop(stopTimeout);
    throw new Error(`Gave up starting ${nameOf(root.config)} as it is not wanted any more`);
  }
  /** Puts the image in place of the one that runs, which comes back when it fails. */
  async function replace(
    old: Situation & { kind: "active" } | undefined,
    root: Root,
    signal: AbortSignal,
  ): Promise<void> {
    situation = { kind: "changing" };
    await old?.container?.stop(old.root.config.stopTimeout);
    try {
      await launch(root, false, signal);
    } catch (error) {
      await roots.remove(root.folder);
      if (old === undefined) {
        situation = { kind: "failed" };
        throw error;
      }
      try {
        await launch(old.root, true, parts.signal);
      } catch {
        situation = { kind: "failed" };
        show(); // nothing runs any more, which the failure of an update does not say
      }
      throw error;
    }
  }
  async function switchTo(root: Root, old: Situation & { kind: "active" } | undefined, signal: AbortSignal) {
    await old?.container?.stop(old.root.config.stopTimeout);
    situation = { kind: "changing" };
    rootSwitch.request(root.root, root.config.command);
    parts.onSwitch?.();
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  }
  function refuseRoot(config: ImageConfig): void {
    if (situation.kind === "active" && situation.container === undefined) {
      throw new PermanentError(
        "Cannot replace the image that the machine has switched to while it is on: power-cycle it, " +
          "or run images as containers ('/image/mode')",
      );
    }
    if (config.mode !== "root") return;
    if (parts.onSwitch === undefined) {
      throw new PermanentError(
        "Cannot switch root as this agent was not started by Kraken's init: set '/image/mode' to container",
      );
    }
    const why = refusedSwitch;
    refusedSwitch = undefined; // a person who asks again gets another try
    if (why !== undefined) throw new PermanentError(`The machine did not switch to ${nameOf(config)}: ${why}`);
  }
  async function bring(config: ImageConfig, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const old = situation.kind === "active" ? situation : undefined;
    if (old?.root.config.key === config.key) return show();
    refuseRoot(config);
    const digests = config.layers.map(({ digest }) => digest);
    store.keep(new Set([...digests, ...old?.root.config.layers.map(({ digest }) => digest) ?? []]));
    await roots.removeOthers(old === undefined ? [] : [old.root]);
    await parts.fetch(config.layers, signal);
    const root = await roots.mount(config, digests.map(store.fileOf));
    if (config.mode === "root") return await switchTo(root, old, signal);
    await replace(old, root, signal);
    await roots.removeOthers([root]);
    store.keep(new Set(digests));
    show();
  }

  return {
    get isMachine() {
      return situation.kind === "active" && situation.container === undefined;
    },
    show,
    async adopt() {
      const known = roots.list();
      const [entered] = readMounts().filter(({ at }) => at === "/").slice(-1);
      const switched = known.find(({ id }) => id === entered?.source);
      if (switched !== undefined) {
        rootSwitch.forget();
        enter(switched, undefined, false);
      } else {
        for (const root of known) {
          const container = await adoptContainer(root.root, parts);
          if (container === undefined) continue;
          if (situation.kind === "active") await container.stop(root.config.stopTimeout);
          else enter(root, container, false);
        }
        refusedSwitch = rootSwitch.failure();
        rootSwitch.forget();
        if (situation.kind !== "active" && known.length > 0) {
          situation = { kind: "failed" };
          complain(refusedSwitch ?? "The image did not run any more when the agent started");
        }
      }
      const kept = situation.kind === "active" ? [situation.root] : [];
      await roots.removeOthers(kept);
      show();
    },
    async bring(config, signal) {
      const mine = new AbortController();
      const either = AbortSignal.any([signal, mine.signal]);
      brings.add(mine);
      try {
        await inTurn(() => bring(config, either));
      } catch (error) {
        if (!either.aborted) complain(error); // what was given up did not go wrong
        throw error;
      } finally {
        brings.delete(mine);
      }
    },
    async stop() {
      for (const mine of brings) mine.abort(new Error("It is to be stopped"));
      await inTurn(async () => {
        if (situation.kind === "active") {
          const { root, container } = situation;
          if (container === undefined) return; // the machine itself runs it, and ends it with its power
          situation = { kind: "changing" };
          await container.stop(root.config.stopTimeout);
        }
        await roots.removeOthers([]);
        store.keep(new Set());
        situation = { kind: "idle" };
        show();
      });
    },
    compare(config) {
      if (config === undefined || situation.kind !== "active") return;
      const outdated = config.key !== situation.root.config.key;
      if (outdated === situation.outdated) return;
      situation = { ...situation, outdated };
      show();
    },
  };
}

function nameOf({ layers }: ImageConfig): string {
  return `image '${layers.map(({ name }) => name).join(" + ")}'`;
}
