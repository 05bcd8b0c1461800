import { join } from "node:path";
import { getHttp } from "../../src/http_client.ts";
import { defineModule, type Drain, type Module, type MutationRun, PermanentError } from "../../src/module/mod.ts";
import type { Values } from "../../src/state/mod.ts";
import { type ImageConfig, imageConfig } from "./config.ts";
import { imageDeclaration } from "./declaration.ts";
import { realContainers } from "./container.ts";
import { createImage } from "./image.ts";
import { sizeIssue } from "./room.ts";
import { readMounts } from "./mounts.ts";
import { shownError, showSeldom } from "./situation.ts";
import { openRoots } from "./roots.ts";
import { openLayerStore } from "./store.ts";
import { createRootSwitch } from "./switch_root.ts";

/** Options of the module. */
export interface ImageModuleOptions {
  /**
   * A folder for files that need not survive a reboot. Images are stored below it, so on a diskless node it is in
   * memory.
   */
  readonly runDir: string;
  readonly drain: Drain;
  /** Base URL of the server from which the node booted. */
  readonly server?: string | undefined;
  /**
   * Ends the program so that the machine's first process switches to the root that `{runDir}/next-root` names. Absent
   * if nothing would: `docs/how-to/images.md` has the contract.
   */
  readonly onSwitch?: (() => void) | undefined;
}

/**
 * Creates the module that fetches the node's root image and runs it, for an agent that runs as root.
 *
 * When the agent stops, cleanly or not, the image continues. The next agent finds its container, or that the machine
 * has switched to it, and takes it over.
 *
 * @param options See {@link ImageModuleOptions}.
 */
export function createImageModule(options: ImageModuleOptions): Module {
  const { runDir, server, drain } = options;
  return defineModule(imageDeclaration, async (context) => {
    const [own] = context.nodes();
    if (own === undefined) throw new Error("Cannot start module 'image' as this program has no node of its own");
    if (!/^\/[\w./-]*$/.test(runDir)) {
      // It becomes part of mount options, in which ',' and ':' are separators.
      throw new Error(
        `Cannot keep images in '${runDir}': expected an absolute path of letters, digits, '_', '.' and '-'`,
      );
    }
    const { id, name } = own;
    const { clock, random, signal } = context;
    const folder = join(runDir, "image");
    const store = openLayerStore(join(folder, "layers"));
    const discover = (field: string, value: Parameters<typeof context.discover>[2]) =>
      context.discover(id, `/image/${field}`, value);
    const showPercent = showSeldom(clock, (percent) => discover("progress", percent));
    const image = createImage({
      ...{ hostname: name, store, clock, signal, discover },
      roots: openRoots(join(folder, "roots"), clock),
      rootSwitch: createRootSwitch(runDir),
      containers: realContainers,
      mounts: readMounts,
      onSwitch: options.onSwitch,
      output: join(folder, "container.log"),
      fetch: (layers, signal) =>
        store.fetch(layers, {
          ...{ clock, random, signal },
          fetch: getHttp,
          issue: (bytes) => sizeIssue(folder, bytes),
        }, showPercent),
    });
    function wanted(run: MutationRun): ImageConfig {
      try {
        return wantedConfig(run.node.cfg, server);
      } catch (error) {
        discover("error", shownError(error));
        throw error;
      }
    }
    async function bring(run: MutationRun): Promise<void> {
      await image.bring(wanted(run), run.signal);
    }
    async function stop(): Promise<void> {
      if (image.isMachine) {
        throw new PermanentError("Cannot stop the image that the machine has switched to: power the node off");
      }
      await image.stop();
    }

    await image.adopt();
    image.compare(readableConfig(own.cfg, server));
    drain.join({
      objection: (cfg) =>
        cfg.get("/image/state") === "ACTIVE"
          ? "its image is to be active: set '/image/state' to IDLE, or '/drained' to NO"
          : undefined,
      release: () => image.stop(),
    });
    context.onChange((node) => {
      const cfg = context.node(node)?.cfg;
      if (cfg !== undefined) image.compare(readableConfig(cfg, server));
    });

    return {
      mutations: {
        find: () => image.show(),
        fetch(run) {
          wanted(run);
          discover("progress", 0);
          discover("state", "FETCHING");
        },
        activate: bring,
        update: bring,
        retry: bring,
        stop,
        "stop-outdated": stop,
        cancel: () => image.stop(),
        clear: () => image.stop(),
      },
    };
  });
}

/** Reads the config to start; throws if it is invalid. */
function wantedConfig(cfg: Values, server: string | undefined): ImageConfig {
  let config: ImageConfig | undefined;
  try {
    config = imageConfig(cfg, server);
  } catch (error) {
    throw new PermanentError(`Cannot use the image: ${shownError(error)}`);
  }
  if (config !== undefined) return config;
  throw new PermanentError("Cannot use an image as the cfg has none: set '/image/name' and '/image/digest'");
}

/** Reads the config to compare with; an invalid one is reported when it is used. */
function readableConfig(cfg: Values, server: string | undefined): ImageConfig | undefined {
  try {
    return imageConfig(cfg, server);
  } catch {
    return undefined;
  }
}
