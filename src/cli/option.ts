import { formatDuration, parseDuration } from "../toolkit/mod.ts";
import { type Result } from "../toolkit/mod.ts";

interface CommonOption {
  /** The purpose, in one sentence without a full stop. */
  readonly help: string;
  /** One letter: `o` for `-o`. */
  readonly short?: string;
  /** The environment variable that gives the value if the option is absent. */
  readonly env?: string;
  /** The name of the value in help. Default: the option's kind in upper case. */
  readonly placeholder?: string;
}

/** An option that takes a text. */
export interface StringOption extends CommonOption {
  readonly kind: "string";
  readonly default?: string;
  readonly required?: boolean;
  /** The texts that are allowed. */
  readonly choices?: readonly string[];
}
/** An option that takes a whole number. */
export interface IntegerOption extends CommonOption {
  readonly kind: "integer";
  readonly default?: number;
  readonly required?: boolean;
  /** Least value. @default 0 */
  readonly min?: number;
  /** Greatest value. @default Number.MAX_SAFE_INTEGER */
  readonly max?: number;
}
/** An option that takes a duration such as `10s`; its value is in milliseconds. */
export interface DurationOption extends CommonOption {
  readonly kind: "duration";
  /** Milliseconds. */
  readonly default?: number;
  readonly required?: boolean;
}
/** An option without a value: false unless it is given. */
export interface BooleanOption extends CommonOption {
  readonly kind: "boolean";
}
/** An option that may be given more than once: a list of texts, empty unless it is given. In the environment spaces separate them. */
export interface ListOption extends CommonOption {
  readonly kind: "list";
}
/** One declared option of a program. */
export type Option = StringOption | IntegerOption | DurationOption | BooleanOption | ListOption;
/** Options by name, without the dashes. */
export type Options = { readonly [name: string]: Option };

type Given<O extends Option, T> = O extends { readonly default: string | number } | { readonly required: true } ? T
  : T | undefined;
type Choice<O> = O extends { readonly choices: readonly (infer C)[] } ? C : string;
/** The type of an option's value. */
export type OptionValue<O extends Option> = O extends BooleanOption ? boolean
  : O extends ListOption ? readonly string[]
  : O extends StringOption ? Given<O, Choice<O>>
  : Given<O, number>;
/** The values of declared options, by name. */
export type OptionValues<O extends Options> = { readonly [Name in keyof O]: OptionValue<O[Name]> };

/** The value of an option, or what was expected of it. */
export type OptionReading = Result<string | number, { readonly expected: string }>;

/** Reads `text`, given on the command line or in the environment, as a value of `option`. */
export function readOptionText(option: StringOption | IntegerOption | DurationOption, text: string): OptionReading {
  switch (option.kind) {
    case "string": {
      if (text === "") return { ok: false, expected: "a value" };
      const choices = option.choices;
      const fits = choices === undefined || choices.includes(text);
      return fits ? { ok: true, value: text } : { ok: false, expected: `one of ${choices.join(", ")}` };
    }
    case "integer": {
      const { min = 0, max = Number.MAX_SAFE_INTEGER } = option;
      const value = /^-?\d{1,16}$/.test(text) ? Number(text) : NaN;
      if (value >= min && value <= max) return { ok: true, value };
      const range = option.max === undefined ? `of at least ${min}` : `from ${min} to ${max}`;
      return { ok: false, expected: `a whole number ${range}` };
    }
    case "duration": {
      const value = parseDuration(text);
      return value === undefined
        ? { ok: false, expected: "a duration such as 500ms, 10s, 5m or 1h" }
        : { ok: true, value };
    }
    default:
      return option satisfies never;
  }
}

/** Writes the default of `option` as a user would type it; undefined if it has none. */
export function defaultText(option: Option): string | undefined {
  switch (option.kind) {
    case "boolean":
    case "list":
      return undefined;
    case "duration":
      return option.default === undefined ? undefined : formatDuration(option.default);
    case "string":
    case "integer":
      return option.default?.toString();
    default:
      return option satisfies never;
  }
}
