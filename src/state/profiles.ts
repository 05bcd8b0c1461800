import { defineExtension } from "./extension.ts";

/** The cfg variable in which the root notes which values a node has from profiles: URLs by the name of the profile. */
export const INHERITED = "/inherited";

/** What a node has from profiles. */
export const profiles = defineExtension("profiles", {
  "/profiles": {
    type: { kind: "list", items: { kind: "string", maxLength: 512 }, maxItems: 64 },
    writer: "cfg",
    about:
      "Profiles in order, a later one overrides; ~NAME leaves a profile out, ~/URL the values of a URL and below it",
  },
  [INHERITED]: {
    type: {
      kind: "record",
      values: { kind: "list", items: { kind: "string", maxLength: 512 }, maxItems: 4096 },
    },
    writer: "cfg",
    about: "Internal: which values come from which profile",
  },
});
