/** What nodes have in common: profiles and groups; and what waits for them. */
import * as v from "valibot";
import { about, givenObject, json, jsonObject, nodeset, type Shape, time } from "./common.ts";

/** A profile. */
export const profile = v.object({
  name: v.string(),
  about: about(v.string(), "What it is for, in words"),
  inherits: about(v.array(v.string()), "Profiles whose values it takes over: its own count more"),
  values: about(jsonObject, "Its own values, nested"),
  nodes: about(v.string(), "The nodeset of the nodes that it touches; empty for none"),
});
/** A profile. */
export type ProfileInfo = Shape<typeof profile>;
/** All profiles, by name. */
export const profileList = v.object({ profiles: v.array(profile), next: v.exactOptional(v.string()) });

const words = v.pipe(v.string("a text"), v.maxLength(256, "at most 256 characters"));

/** A profile as somebody writes it. */
export const profileBody = v.strictObject({
  about: v.exactOptional(about(words, "What it is for, in words")),
  inherits: v.exactOptional(about(v.array(v.string("the name of a profile"), "a list of profiles"), "In order")),
  values: about(givenObject, "Its own values, nested"),
}, "an object with values and, where there are some, about and inherits");

/** A group. */
export const group = v.object({
  name: v.string(),
  about: about(v.string(), "What it is for, in words"),
  nodes: v.exactOptional(about(v.string(), "The nodeset that it was given")),
  filter: v.exactOptional(about(v.record(v.string(), json), "The values, by URL or `phase`, that its members have")),
  members: about(v.string(), "The nodeset of its members at this moment; empty for none"),
});
/** A group. */
export type GroupInfo = Shape<typeof group>;
/** All groups, by name. */
export const groupList = v.object({ groups: v.array(group), next: v.exactOptional(v.string()) });

/** A group as somebody writes it. */
export const groupBody = v.strictObject({
  about: v.exactOptional(about(words, "What it is for, in words")),
  nodes: v.exactOptional(about(nodeset, "Its members. Names that are no nodes yet may be among them")),
  filter: v.exactOptional(
    about(
      givenObject,
      'Its members are all nodes with these values, by URL or `phase`, at the time: `{"/rack": "r1"}`',
    ),
  ),
}, "an object with nodes or filter");

/** What was forgotten. */
export const forgotten = v.object({ name: v.string() });

/** When staged cfg takes effect. */
export const stagedUntil = v.picklist(["boot", "free"], "boot or free");

/** Cfg that waits for its moment. */
export const staged = v.object({
  values: about(v.record(v.string(), json), "By URL; null unsets"),
  until: about(stagedUntil, "`boot`: its machine is off or its agent starts anew; `free`: no scheduler uses the node"),
  since: time,
  problem: v.exactOptional(about(v.string(), "Why it could not be written when its moment had come")),
});
/** Cfg that waits for its moment. */
export type StagedInfo = Shape<typeof staged>;
/** What is staged for a node. */
export const stagedNode = v.object({ id: v.string(), name: v.string(), staged: v.exactOptional(staged) });
/** What is staged for some nodes. */
export const stagedList = v.object({ nodes: v.array(stagedNode), next: v.exactOptional(v.string()) });

/** The end of what a program of a node has printed. */
export const serviceOutput = v.object({
  id: v.string(),
  name: v.string(),
  service: v.string(),
  output: about(v.string(), "Lines, each with a line feed; at most 16384 characters"),
});
