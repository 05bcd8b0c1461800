import type { ResetType } from "./reset_types.ts";

/** The form in which a vendor's BMC speaks Redfish, as data. What is behind it is the same simulator. */
export interface Form {
  /** The ids of the machines' resources, in the order of the machines; absent: their names. */
  readonly ids?: readonly string[];
  /** What a machine is: a ComputerSystem or, of BMCs without them, a Chassis. */
  readonly resource: "Systems" | "Chassis";
  /** Members of the collection beside the machines: of other kinds, or that do not answer. */
  readonly others: readonly Other[];
  /** The ResetTypes that are taken, and what each does. */
  readonly resets: { readonly [type: string]: ResetType };
  /** The list of ResetTypes as it is told, where that differs from what is taken. */
  readonly listed?: readonly string[];
  /** Where the ResetTypes are told: `empty-inline` has an empty list beside the ActionInfo; the last two have no ActionInfo where they say. */
  readonly lists: "inline" | "action-info" | "empty-inline" | "missing-action-info" | "broken-action-info" | "nowhere";
  /** Whether PoweringOn and PoweringOff are told, or the state before; `null` in their place. */
  readonly onTheWay: "told" | "as-before" | "null";
  /** How an order is answered that changes nothing since it is so already. */
  readonly already: 200 | 400 | 409;
  /** How an order is answered that is taken. */
  readonly accepted: "204" | "200" | "200-message" | "202-task";
  /** The entity tags of machines, and whether a change has to name one. */
  readonly tags: "none" | "weak" | "strong";
  readonly wantsTag: boolean;
  /** How URIs end: `either` is served, or without a slash only, or with one only; `redirects`: to the one with a slash. */
  readonly slash: "either" | "never" | "always" | "redirects";
  /** How links are written. */
  readonly links: "plain" | "absolute" | "doubled";
  /** How bodies are sent, whatever was asked for. */
  readonly body: "plain" | "gzip" | "nul";
  /** The most sessions; 0: there is no SessionService. */
  readonly sessions: number;
  /** How a wrong user or password is answered when a session is asked for. */
  readonly refusal: 400 | 401 | 403;
  /** Whether user and password are taken with each request. */
  readonly basic: boolean;
}

/** A member that is no machine of ours. */
export interface Other {
  readonly id: string;
  readonly answers: "without-reset" | "503";
}

/** The form of the simulator itself: as the standard has it. */
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
