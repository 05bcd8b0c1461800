import { PermanentError } from "../../src/module/mod.ts";
import { createTurns } from "../../src/toolkit/mod.ts";
import type { ImageConfig, Layer } from "./config.ts";
import type { Container } from "./container.ts";
import { describeEnd, launch, type LaunchParts } from "./launch.ts";
import type { Mount } from "./mounts.ts";
import { programIssue } from "./root_program.ts";
import type { Root } from "./roots.ts";
import {
  type Active,
  type DiscoverImage,
  imageNameOf,
  shownError,
  showSituation,
  type Situation,
} from "./situation.ts";
import type { LayerStore } from "./store.ts";
import type { RootSwitch } from "./switch_root.ts";

/** What the image of one node depends on. */
export interface ImageParts extends LaunchParts {
  readonly store: LayerStore;
  readonly rootSwitch: RootSwitch;
  /** Ends this program so that the machine switches to another root; undefined if nothing would do that. */
  readonly onSwitch: (() => void) | undefined;
  /** Lists the mounts of this program, in the order in which they were made. */
  mounts(): readonly Mount[];
  fetch(layers: readonly Layer[], signal: AbortSignal): Promise<void>;
  readonly discover: DiscoverImage;
}

/** The image of the node: at most one runs. Its operations run one after the other. */
export interface Image {
  /** Takes over what an earlier run of the agent has left, or what the machine has switched to, and shows it. */
  adopt(): Promise<void>;
  /** True if the machine has switched to it: it ends with the machine's power. */
  readonly isMachine: boolean;
  /** Shows the present state. */
  show(): void;
  /**
   * Runs the image of `config` in place of another one.
   *
   * @throws {PermanentError} If a retry cannot help.
   * @throws {Error} If it cannot be fetched, mounted or started. The previous image then continues.
   */
  bring(config: ImageConfig, signal: AbortSignal): Promise<void>;
  /** Ends the image, even while it is being started, and clears its failure. */
  stop(): Promise<void>;
  /** Reports that cfg may ask for something else now. */
  compare(config: ImageConfig | undefined): void;
}

/**
 * Creates the image of a node, whose state is not known yet.
 *
 * @param parts What it depends on.
 */
export function createImage(parts: ImageParts): Image {
  const { store, roots, rootSwitch, discover, output } = parts;
  let situation: Situation = { kind: "idle" };
  const inTurn = createTurns();
  const brings = new Set<AbortController>();
  /** Why the machine's first process did not switch, and to which image. */
  let refused: { readonly why: string; readonly key: string | undefined } | undefined;

  const show = () => showSituation(situation, discover);
  const reportIssue = (error: unknown) => discover("error", shownError(error));

  function enter(root: Root, container: Container | undefined, outdated: boolean): void {
    situation = { kind: "active", root, container, outdated };
    container?.ended.then(async (exit) => {
      if (situation.kind !== "active" || situation.container !== container) return; // it was asked to end
      situation = { kind: "failed" };
      reportIssue(describeEnd(exit.words, root, container, output));
      show();
      await inTurn(() => roots.remove(root.folder)).catch(() => {}); // it is tried again when the next root is mounted
    });
  }
  /** Restarts what was stopped for an image that has failed. */
  async function bringBack(old: Root | undefined): Promise<void> {
    const container = old === undefined ? undefined : await launch(old, parts, parts.signal).catch(() => undefined);
    if (old !== undefined && container !== undefined) return enter(old, container, true);
    situation = { kind: "failed" };
    if (old !== undefined) show(); // nothing runs any more, which the failure of an update does not tell
  }
  /** Replaces the running image, which is restarted if the new one fails. */
  async function replace(old: Active | undefined, root: Root, signal: AbortSignal): Promise<void> {
    situation = { kind: "changing" }; // before anything else, or the end of the old one would count as a failure
    await old?.container?.stop(old.root.config.stopTimeout);
    try {
      if (root.config.mode === "root") await switchTo(root, signal);
      else enter(root, await launch(root, parts, signal), false);
    } catch (error) {
      await bringBack(old?.root);
      await roots.remove(root.folder);
      throw error;
    }
  }
  /** Ends together with this program, which fires the signal. */
  async function switchTo(root: Root, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
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
    const last = refused;
    refused = undefined; // a person who asks again gets another attempt
    if (last === undefined || (last.key ?? config.key) !== config.key) return;
    throw new PermanentError(`The machine did not switch to ${imageNameOf(config)}: ${last.why}`);
  }
  /** Mounts an image if it has a program to start: nothing is stopped for an image without one. */
  async function mount(config: ImageConfig): Promise<Root> {
    const root = await roots.mount(config, config.layers.map(({ digest }) => store.fileOf(digest)));
    const why = programIssue(root.root, config.command[0] ?? "");
    if (why === undefined) return root;
    await roots.remove(root.folder);
    throw new PermanentError(`Cannot start ${imageNameOf(config)}: ${why} ('/image/command')`);
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
    const root = await mount(config);
    await replace(old, root, signal);
    if (config.mode === "root") return; // the next run of this program shows what came of it
    await roots.removeOthers([root]);
    store.keep(new Set(digests));
    show();
  }
  /** Takes over the container of an earlier run, or starts the one again that was stopped for a switch that failed. */
  async function adoptContainers(known: readonly Root[]): Promise<void> {
    for (const root of known) {
      const container = await parts.containers.adopt(root.root, parts);
      if (container === undefined) continue;
      if (situation.kind === "active") await container.stop(root.config.stopTimeout);
      else enter(root, container, false);
    }
    const why = rootSwitch.failure();
    rootSwitch.forget();
    if (why !== undefined) {
      refused = { why, key: known.find(({ config }) => config.mode === "root")?.config.key };
      if (situation.kind === "idle") await bringBack(known.find(({ config }) => config.mode === "container"));
      return reportIssue(why);
    }
    if (situation.kind === "active" || known.length === 0) return;
    situation = { kind: "failed" };
    reportIssue("The image did not run any more when the agent started");
  }

  return {
    get isMachine() {
      return situation.kind === "active" && situation.container === undefined;
    },
    show,
    async adopt() {
      const known = roots.list();
      const [entered] = parts.mounts().filter(({ at }) => at === "/").slice(-1);
      const switched = known.find(({ id }) => id === entered?.source);
      if (switched !== undefined) {
        rootSwitch.forget();
        enter(switched, undefined, false);
      } else {
        await adoptContainers(known);
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
        if (!either.aborted) reportIssue(error); // what was given up did not go wrong
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
