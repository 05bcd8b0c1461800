import { defineModule, type Module } from "../../src/module/mod.ts";
import { isRecord, type Value } from "../../src/state/mod.ts";
import { hostinfoDeclaration } from "./declaration.ts";
import { readFixed, readMoving } from "./proc.ts";

/** Default interval between two readings of changing values, in seconds. */
const DEFAULT_INTERVAL = 30;
/** A load that has changed by less than this share is not reported. */
const LOAD_SHARE = 0.05;

/**
 * Creates the module for the program's own node.
 *
 * @param options `proc` is the folder to read, `/proc` by default.
 */
export function createHostinfoModule(options: { readonly proc?: string } = {}): Module {
  const proc = options.proc ?? "/proc";
  return defineModule(hostinfoDeclaration, (context) => {
    let interval = intervalOf(context.config());
    let shownLoad: number | undefined;
    let cancel = () => {};

    function discover(values: { readonly [url: string]: Value }): void {
      for (const { id } of context.nodes()) {
        for (const [url, value] of Object.entries(values)) context.discover(id, url, value);
      }
    }
    function look(): void {
      const { load, uptime } = readMoving(proc);
      discover({ "/host/uptime": uptime });
      if (shownLoad === undefined || Math.abs(load - shownLoad) >= Math.max(1, shownLoad * LOAD_SHARE)) {
        shownLoad = load;
        discover({ "/host/load": load });
      }
    }
    function lookAgainLater(): void {
      cancel();
      cancel = context.clock.after(interval * 1000, () => {
        lookAgainLater();
        look();
      });
    }

    const { arch, kernel, cpus, memory } = readFixed(proc);
    discover({ "/host/arch": arch, "/host/kernel": kernel, "/host/cpus": cpus, "/host/memory": memory });
    look();
    lookAgainLater();
    context.onChange(() => {
      const wanted = intervalOf(context.config());
      if (wanted === interval) return;
      interval = wanted;
      lookAgainLater();
    });
    return { stop: () => cancel() };
  });
}

/** The host has checked the config against the declaration. */
function intervalOf(config: Value | undefined): number {
  return isRecord(config) && typeof config["interval"] === "number" ? config["interval"] : DEFAULT_INTERVAL;
}
