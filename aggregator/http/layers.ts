import { type Fault, type GroupInfo, operations, type ProfileInfo } from "../../src/api/mod.ts";
import { faulty, invalid, type Outcome, type Problem, problemOf } from "../../src/http/mod.ts";
import { foldNodeset } from "../../src/nodeset/mod.ts";
import { fromNested, toNested, type Value } from "../../src/state/mod.ts";
import type { Control } from "../control/control.ts";
import type { Group } from "../groups/group.ts";
import type { Profile } from "../profiles/profile.ts";
import { presentChanges } from "./changes.ts";
import { allowsWrite, changed } from "./etag.ts";
import type { Call, Handlers } from "./handler.ts";
import { answerPage } from "./list.ts";
import { pointerOf } from "./patch.ts";
import type { ToTime } from "./time.ts";

type Refused = { readonly ok: false; readonly problem: Problem };

/** Reads and writes profiles. */
export function createProfileHandlers(
  control: Control,
  toTime: ToTime,
): Pick<Handlers, "listProfiles" | "getProfile" | "putProfile" | "deleteProfile"> {
  const { profiles } = control;

  function present({ name, about, inherits, values }: Profile): ProfileInfo {
    return { name, about, inherits, values: toNested(values), nodes: foldNodeset(profiles.nodesOf(name)) };
  }
  const etag = (name: string): string => `"${profiles.tagOf(name)}"`;

  return {
    listProfiles: (asked) =>
      answerPage(operations.listProfiles.list, profiles.list().map(present), asked, ({ name }) => name),
    getProfile({ name }) {
      const profile = profiles.get(name);
      return profile === undefined ? none("profile", name) : { ok: true, value: present(profile), etag: etag(name) };
    },
    async putProfile({ name, body, dryRun, detail }, call) {
      const refused = checkTag(`The profile '${name}'`, profiles.tagOf(name), call);
      if (refused !== undefined) return refused;
      const values = fromNested(control.schema, body.values);
      if (!values.ok) return { ok: false, problem: invalid(values.problems.map(inValues)) };
      const result = profiles.set(name, { ...body, values: values.values }, { dryRun });
      if (!result.ok) return { ok: false, problem: problemOf(result) };
      const tag = etag(name);
      return { ok: true, value: await presentChanges(control, result.changes, { dryRun, detail, toTime }), etag: tag };
    },
    deleteProfile({ name }, call) {
      const refused = checkTag(`The profile '${name}'`, profiles.tagOf(name), call);
      if (refused !== undefined) return refused;
      const result = profiles.remove(name);
      return result.ok ? { ok: true, value: { name } } : { ok: false, problem: problemOf(result) };
    },
  };
}

/** Reads and writes groups. */
export function createGroupHandlers(
  control: Control,
): Pick<Handlers, "listGroups" | "getGroup" | "putGroup" | "deleteGroup"> {
  const { groups } = control;

  function present({ name, about, nodes, filter }: Group): GroupInfo {
    return {
      ...{ name, about },
      ...(nodes !== undefined && { nodes }),
      ...(filter !== undefined && { filter: Object.fromEntries(filter) }),
      members: foldNodeset(groups.membersOf(name)),
    };
  }
  function answer(name: string): Outcome<GroupInfo> & { readonly etag?: string } {
    const group = groups.get(name);
    if (group === undefined) return none("group", name);
    return { ok: true, value: present(group), etag: `"${groups.tagOf(name)}"` };
  }

  return {
    listGroups: (asked) =>
      answerPage(operations.listGroups.list, groups.list().map(present), asked, ({ name }) => name),
    getGroup: ({ name }) => answer(name),
    putGroup({ name, body }, call) {
      const refused = checkTag(`The group '${name}'`, groups.tagOf(name), call);
      if (refused !== undefined) return refused;
      const { about = "", nodes, filter } = body;
      const values = readFilter(filter);
      if (!values.ok) return { ok: false, problem: faulty("invalid", values.faults) };
      const done = groups.set({
        ...{ name, about },
        ...(nodes !== undefined && { nodes }),
        ...(values.filter !== undefined && { filter: values.filter }),
      });
      return done.ok ? answer(name) : { ok: false, problem: problemOf(done) };
    },
    deleteGroup({ name }, call) {
      const refused = checkTag(`The group '${name}'`, groups.tagOf(name), call);
      if (refused !== undefined) return refused;
      const done = groups.remove(name);
      return done.ok ? { ok: true, value: { name } } : { ok: false, problem: problemOf(done) };
    },
  };
}

/** Refuses a write that goes by another version than there is; undefined where it may be made. @param tag "" for nothing. */
function checkTag(what: string, tag: string, call: Call): Refused | undefined {
  const [ifMatch, ifNoneMatch] = [call.header("if-match"), call.header("if-none-match")];
  const etag = `"${tag}"`;
  if (ifNoneMatch !== undefined && tag !== "") return changed(what, etag, "It is there already");
  if (ifMatch === undefined) return undefined;
  if (tag === "") return { ok: false, problem: { kind: "changed", detail: `${what} is not there` } };
  return allowsWrite(ifMatch, etag) ? undefined : changed(what, etag, "Read it again and repeat the change");
}

function none(what: string, name: string): Refused {
  return { ok: false, problem: { kind: "not-found", detail: `There is no ${what} '${name}'` } };
}

/** Where a problem with a value is: messages name it first. */
function inValues(problem: string): Fault {
  const url = /^'?(\/[^\s']+)/.exec(problem)?.[1];
  return { detail: problem, pointer: `/values${url === undefined ? "" : pointerOf(url)}` };
}

type ReadFilter =
  | { readonly ok: true; readonly filter: ReadonlyMap<string, Value> | undefined }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Reads the filter of a group: plain values, as equality is all that it asks for. */
function readFilter(filter: { readonly [key: string]: unknown } | undefined): ReadFilter {
  if (filter === undefined) return { ok: true, filter };
  const values = new Map<string, Value>();
  const faults: Fault[] = [];
  for (const [url, value] of Object.entries(filter)) {
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") values.set(url, value);
    else {
      const detail = `filter has ${
        JSON.stringify(value)?.slice(0, 80)
      } for '${url}': expected a text, a number, true or false`;
      faults.push({ detail, pointer: `/filter${pointerOf(`/${url.replace(/^\//, "")}`)}` });
    }
  }
  return faults.length === 0 ? { ok: true, filter: values } : { ok: false, faults };
}
