import { EXIT, type Option, type Options, standardOptions } from "../../src/cli/mod.ts";
import { type Command, defineCommand, globalOptions, showUsageError } from "../command.ts";

/** Makes the command that prints a completion script for these commands. */
export function defineCompletion(commands: () => readonly Command[]): Command {
  return defineCommand({
    name: "completion",
    about: "Prints a completion script for krakenctl",
    positionals: { usage: "bash", min: 1, max: 1 },
    options: {},
    examples: ["source <(krakenctl completion bash)"],
  }, (run) => {
    const [shell] = run.args;
    if (shell !== "bash") {
      const problem = `Cannot complete for '${shell}': expected bash`;
      return Promise.resolve(showUsageError(run.terminal, problem, "krakenctl completion"));
    }
    run.terminal.write(renderBashCompletion(commands()));
    return Promise.resolve(EXIT.ok);
  });
}

/** The script: the next word of a command, its options, and what an option may be. */
export function renderBashCompletion(commands: readonly Command[]): string {
  const firstWords = [...new Set(commands.map(({ name }) => name.split(" ")[0] ?? ""))];
  const cases = commands.map(({ name, options }) => {
    const words = optionWords({ ...globalOptions, ...options, ...standardOptions });
    return `    "${name} "*) words="${words.join(" ")}" ;;`;
  });
  const secondWords = firstWords.flatMap((first) => {
    const seconds = commands.map(({ name }) => name.split(" ")).filter(([word]) => word === first).map(([, word]) =>
      word
    );
    return seconds.every((word) => word === undefined) ? [] : [`    "${first} ") words="${seconds.join(" ")}" ;;`];
  });
  const allOptions = mergeOptions([globalOptions, ...commands.map(({ options }) => options)]);
  return `# bash completion of krakenctl: source <(krakenctl completion bash)
_krakenctl() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  COMPREPLY=()
  case "$previous" in
${allOptions.flatMap(([name, option]) => valueCase(name, option)).join("\n")}
  esac
  local line="\${COMP_WORDS[*]:1:COMP_CWORD-1} "
  case "$line" in
    " ") words="${firstWords.join(" ")}" ;;
${[...secondWords, ...cases].join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _krakenctl krakenctl
`;
}

/** Each option once; where commands differ in what it may be, it may be all of that. */
function mergeOptions(all: readonly Options[]): [name: string, option: Option][] {
  const merged = new Map<string, Option>();
  for (const [name, option] of all.flatMap((each) => Object.entries(each))) {
    const known = merged.get(name);
    if (known?.kind === "string" && option.kind === "string" && known.choices !== undefined) {
      merged.set(name, { ...known, choices: [...new Set([...known.choices, ...option.choices ?? []])] });
    } else if (known === undefined) merged.set(name, option);
  }
  return [...merged];
}

function optionWords(options: Options): string[] {
  return Object.entries(options).flatMap(([name, { short }]: [string, Option]) =>
    short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`]
  );
}

/** What to offer right behind an option that takes a value. */
function valueCase(name: string, option: Option): string[] {
  if (option.kind !== "string") return [];
  const pattern = option.short === undefined ? `--${name}` : `--${name}|-${option.short}`;
  if (option.choices !== undefined) {
    return [`    ${pattern}) COMPREPLY=($(compgen -W "${option.choices.join(" ")}" -- "$current")); return ;;`];
  }
  return option.placeholder === "FILE" ? [`    ${pattern}) COMPREPLY=($(compgen -f -- "$current")); return ;;`] : [];
}
