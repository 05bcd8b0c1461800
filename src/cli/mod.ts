/** The parts of every program's command line: options, help, tables, progress. */
export * from "./live.ts";
export * from "./describe_error.ts";
export * from "./help.ts";
export * from "./nearest.ts";
export * from "./option.ts";
export * from "./parse_options.ts";
export * from "./program.ts";
export * from "./std_cli.ts";
export * from "./terminal.ts";
export * from "./table.ts";
