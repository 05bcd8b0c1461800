import { jsonSchemaOf } from "./json_schema.ts";
import { allOperations, ANSWERED_BY, groupsOf, headersOf, type NamedOperation, namedSchemas } from "./openapi.ts";
import type { Operation } from "./operation.ts";
import { problemStatuses } from "./problems.ts";
import { PROBLEM_PATH, PROBLEMS } from "./schemas/problem.ts";

/** The style of the page. The server has to allow its hash in the Content-Security-Policy. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.5rem; }
nav a { margin-right: 1rem; }
details { border: 1px solid #8886; border-radius: .4rem; margin: .4rem 0; padding: .3rem .7rem; }
summary { cursor: pointer; } summary code { font-weight: 600; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { overflow-x: auto; background: #8881; padding: .5rem; border-radius: .3rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; }
.muted { opacity: .7; }
`;

/**
 * Creates the page that describes the API for people: HTML without scripts or references to other files.
 *
 * @param version The version of Kraken.
 */
export function apiPage(version: string): string {
  const groups = groupsOf(allOperations());
  const anchor = (name: string) => name.toLowerCase().replaceAll(/[^a-z]+/g, "-");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Kraken ${escape(version)}: HTTP API</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<h1>Kraken ${escape(version)}: HTTP API</h1>
<p>The same as <a href="/openapi.json">OpenAPI 3.1</a>, for programs.</p>
<nav>${[...groups.keys()].map((name) => `<a href="#${anchor(name)}">${escape(name)}</a>`).join("\n")}
<a href="#resources">Resources</a> <a href="#problems">Problems</a></nav>
${
    [...groups].map(([name, all]) => `<h2 id="${anchor(name)}">${escape(name)}</h2>\n${all.map(section).join("\n")}`)
      .join("\n")
  }
<h2 id="resources">Resources</h2>
${
    Object.entries(namedSchemas()).map(([name, schema]) =>
      `<details id="${name}"><summary><code>${name}</code></summary>${json(schema)}</details>`
    ).join("\n")
  }
<h2 id="problems">Problems</h2>
${
    table(
      ["type", "status", "when"],
      Object.entries(PROBLEMS).map(([kind, { status, words }]) => [
        `<code>${PROBLEM_PATH}${kind}</code>`,
        String(status),
        prose(words),
      ]),
    )
  }
</body>
</html>
`;
}

function section({ id, operation }: NamedOperation): string {
  const { method, path, summary, description = "", role, answeredBy, body, answers, examples } = operation;
  const problems = [...problemStatuses(operation)].map(([status, kinds]) => `${status} ${kinds.join(", ")}`).join("; ");
  return `<details id="${id}"><summary><code>${method} ${escape(path)}</code> ${prose(summary)}</summary>
<p>${prose(description)}</p>
<p class="muted">${id}; answered by ${ANSWERED_BY[answeredBy]}; role ${role}</p>
${parametersTable(operation)}
${body === undefined ? "" : `<h4>Body: ${prose(body.about)}</h4>${json(jsonSchemaOf(body.schema))}`}
${examples?.request === undefined ? "" : `<h4>Example</h4>${json(examples.request)}`}
<h4>Answers</h4>
${
    table(
      ["status", "what", "of"],
      Object.entries(answers).map(([status, { about, schema, types = [] }]) => [
        status,
        prose(about),
        [...schema === undefined ? [] : [link(jsonSchemaOf(schema))], ...types.map(escape)].join(" or "),
      ]),
    )
  }
<p class="muted">Problems: ${escape(problems)}</p>
</details>`;
}

function parametersTable(operation: Operation): string {
  const given = (["path", "query"] as const).flatMap((place) =>
    Object.entries(operation.parameters[place] ?? {}).map(([name, { about, required, kind, default: value }]) => [
      `<code>${escape(kind === "states" ? "state./URL" : name)}</code>`,
      place + (required === true ? ", required" : value === undefined ? "" : `, ${escape(String(value))} otherwise`),
      prose(about),
    ])
  );
  const headers = Object.entries(headersOf(operation)).map(([name, about]) => [
    `<code>${escape(name)}</code>`,
    "header",
    prose(about),
  ]);
  const rows = [...given, ...headers];
  return rows.length === 0 ? "" : table(["parameter", "in", "meaning"], rows);
}

/** A table of cells that are HTML. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  return `<table>${line(head, "th")}${rows.map((row) => line(row, "td")).join("\n")}</table>`;
}

function link(schema: { readonly $ref?: string | undefined }): string {
  const name = schema.$ref?.slice(schema.$ref.lastIndexOf("/") + 1);
  return name === undefined ? json(schema) : `<a href="#${name}">${name}</a>`;
}

function json(value: unknown): string {
  return `<pre>${escape(JSON.stringify(value, undefined, 2))}</pre>`;
}

/** Words in which backquotes mark code. */
function prose(text: string): string {
  return escape(text).replaceAll(/`([^`]*)`/g, "<code>$1</code>");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
