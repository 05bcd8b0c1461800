import type { ResetType } from "./reset_types.ts";

/** The dialect of Redfish of a vendor's BMC, as data. The simulator behind it is the same. */
export interface Form {
  /** The ids of the machines' resources, in the order of the machines; absent: their names. */
  readonly ids?: readonly string[];
  /** The resource of a machine: a ComputerSystem or, for BMCs without them, a Chassis. */
  readonly resource: "Systems" | "Chassis";
  /** Members of the collection in addition to the machines: of other kinds, or without answers. */
  readonly others: readonly Other[];
  /** The accepted ResetTypes, and what each does. */
  readonly resets: { readonly [type: string]: ResetType };
  /** The list of ResetTypes as reported, if it differs from the accepted ones. */
  readonly listed?: readonly string[];
  /**
   * Where the ResetTypes are listed: `empty-inline` has an empty list next to the ActionInfo; for the last two the
   * ActionInfo is missing or broken.
   */
  readonly lists: "inline" | "action-info" | "empty-inline" | "missing-action-info" | "broken-action-info" | "nowhere";
  /** Whether PoweringOn and PoweringOff are reported, the previous state, or `null`. */
  readonly onTheWay: "told" | "as-before" | "null";
  /** The answer to an order that changes nothing. */
  readonly already: 200 | 400 | 409;
  /** The answer to an accepted order. */
  readonly accepted: "204" | "200" | "200-message" | "202-task";
  /** The entity tags of machines, and whether a change must name one. */
  readonly tags: "none" | "weak" | "strong";
  readonly wantsTag: boolean;
  /** How URIs end: with and without a slash, only without, only with one; `redirects`: to the one with a slash. */
  readonly slash: "either" | "never" | "always" | "redirects";
  /** How links are written. */
  readonly links: "plain" | "absolute" | "doubled";
  /** How bodies are sent, whatever was requested. */
  readonly body: "plain" | "gzip" | "nul";
  /** The largest number of sessions; 0: there is no SessionService. */
  readonly sessions: number;
  /** The answer to a wrong user or password when a session is requested. */
  readonly refusal: 400 | 401 | 403;
  /** Whether user and password are accepted with each request. */
  readonly basic: boolean;
}

/** A member that is not one of the machines. */
export interface Other {
  readonly id: string;
  readonly answers: "without-reset" | "503";
}

/** The simulator's own form, which follows the standard. */
export const STANDARD: Form = {
  resource: "Systems",
  others: [],
  resets: {
    On: "On",
    ForceOn: "On",
    ForceOff: "ForceOff",
    GracefulShutdown: "GracefulShutdown",
    GracefulRestart: "GracefulRestart",
    ForceRestart: "ForceRestart",
    PowerCycle: "PowerCycle",
    Nmi: "Nmi",
    PushPowerButton: "PushPowerButton",
  },
  lists: "inline",
  onTheWay: "told",
  already: 200,
  accepted: "204",
  tags: "none",
  wantsTag: false,
  slash: "either",
  links: "plain",
  body: "plain",
  sessions: 64,
  refusal: 401,
  basic: true,
};
