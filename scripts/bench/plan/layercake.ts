import { declareModule, type ModuleDeclaration } from "../../../src/plan/mod.ts";
import { core, defineExtension, enumeration, services } from "../../../src/state/mod.ts";
import type { Case } from "./cases.ts";

const TIMEOUT = 30_000;

/**
 * What the original calls its layer cake: power, network boot, joining and images, one on top of the other, each in the
 * states that the original has for it, with services and draining on top. Names carry a prefix, so that a warm-up can use
 * the same shape under other names.
 */
export function layercakes(prefix: string): Case[] {
  const { modules, question, ...rest } = layercake(prefix);
  const running = ["a", "b", "c", "d"].map((name) => [`/services/${name}/state`, "RUN"] as const);
  const cfg = new Map([...question.cfg, ...running]);
  return [
    { modules, question, ...rest },
    { name: "layercake with four services on top", modules, question: { ...question, cfg } },
  ];
}

/** See {@link layercakes}: the cake alone, on a node of which nothing is known but its platform. */
export function layercake(prefix: string): Case {
  const pxe = `/${prefix}/pxe` as const;
  const image = `/${prefix}/image` as const;
  const extension = defineExtension(prefix, {
    [pxe]: { type: enumeration("NONE", "WAIT", "INIT", "COMP"), writer: "parent", about: "Network boot" },
    [image]: {
      type: enumeration("UNKNOWN", "IDLE", "UPDATE", "ACTIVE", "ERROR"),
      writer: "self",
      about: "Image",
      knownWhile: { "/runState": "SYNC" },
    },
  });
  const platform = { "/platform": prefix };
  const power = declareModule({
    name: `${prefix}-power`,
    about: "Power",
    extensions: [core],
    discovers: ["/physState"],
    mutations: {
      "find-off": parent({ "/physState": ["PHYS_UNKNOWN", "POWER_OFF"] }, platform),
      "find-on": parent({ "/physState": ["PHYS_UNKNOWN", "POWER_ON"] }, platform),
      "off-on": parent({ "/physState": ["POWER_OFF", "POWER_ON"] }, platform),
      "on-off": {
        ...parent({ "/physState": ["POWER_ON", "POWER_OFF"] }, platform),
        excludes: { "/busy": "BUSY", "/drained": "NO" },
        disruption: 10,
      },
      "hang-off": { ...parent({ "/physState": ["PHYS_HANG", "POWER_OFF"] }, platform), disruption: 10 },
    },
  });
  const on = { "/physState": "POWER_ON", ...platform };
  const boot: ModuleDeclaration = {
    name: `${prefix}-pxe`,
    about: "Network boot",
    extensions: [core, extension],
    discovers: [pxe, "/runState"],
    mutations: {
      "none-wait": parent({ [pxe]: ["NONE", "WAIT"] }, on),
      "wait-init": parent({ [pxe]: ["WAIT", "INIT"], "/runState": ["UNKNOWN", "INIT"] }, on),
      "init-comp": parent({ [pxe]: ["INIT", "COMP"] }, { ...on, "/runState": "SYNC" }),
    },
  };
  const sync: ModuleDeclaration = {
    name: `${prefix}-sync`,
    about: "UpstreamLink",
    extensions: [core],
    discovers: ["/runState"],
    mutations: { "init-sync": parent({ "/runState": ["INIT", "SYNC"] }, { "/physState": "POWER_ON" }) },
  };
  const up = { "/runState": "SYNC" };
  const images: ModuleDeclaration = {
    name: `${prefix}-image`,
    about: "Images",
    extensions: [core, extension, services],
    discovers: [image, "/drained", "/services/{name}/state"],
    mutations: {
      find: self({ [image]: ["UNKNOWN", "IDLE"] }, up),
      load: self({ [image]: ["IDLE", "UPDATE"] }, up),
      activate: self({ [image]: ["UPDATE", "ACTIVE"] }, up),
      reload: self({ [image]: ["ACTIVE", "UPDATE"] }, up),
      recover: self({ [image]: ["ERROR", "IDLE"] }, up),
      "find-drained": self({ "/drained": ["UNKNOWN", "NO"] }, up),
      drain: self({ "/drained": ["NO", "YES"] }, up),
      "find-service": self({ "/services/{name}/state": ["UNKNOWN", "STOP"] }, up),
      "start-service": self({ "/services/{name}/state": ["STOP", "RUN"] }, { ...up, [image]: "ACTIVE" }),
      "restart-service": self({ "/services/{name}/state": ["ERROR", "RUN"] }, { ...up, [image]: "ACTIVE" }),
      "stop-service": self({ "/services/{name}/state": ["RUN", "STOP"] }, up),
    },
  };
  return {
    name: "layercake: power, pxe, sync, image",
    modules: [power, boot, sync, images],
    question: {
      view: new Map([["/platform", prefix]]),
      cfg: new Map([
        ["/platform", prefix],
        ["/physState", "POWER_ON"],
        ["/runState", "SYNC"],
        [pxe, "COMP"],
        [image, "ACTIVE"],
      ]),
    },
  };
}

type Changes = { readonly [url: string]: readonly [from: string, to: string] };

function parent<C extends Changes>(changes: C, requires: { readonly [url: string]: string }) {
  return { context: "parent", changes, requires, timeout: TIMEOUT } as const;
}

function self<C extends Changes>(changes: C, requires: { readonly [url: string]: string }) {
  return { context: "self", changes, requires, timeout: TIMEOUT } as const;
}
