/** One test of a report. */
export interface TestCase {
  /** With the groups that it is in: `group > test`. */
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly seconds: number;
  /** The file that it is in, from the root, where the report says so. */
  readonly file?: string;
}

const TAG = /<(\/?)(testsuite|testcase|failure|error|skipped)\b((?:\s+[\w-]+="[^"]*")*)\s*(\/?)>/g;

/**
 * Reads a JUnit report as Deno, Node and Bun write them. A group of tests is not a test itself, unless it failed and
 * none in it did. Text that is no report gives no tests.
 */
export function parseJunit(xml: string): TestCase[] {
  const found: TestCase[] = [];
  const groups: string[] = [];
  let file: string | undefined;
  let open: { -readonly [field in keyof TestCase]: TestCase[field] } | undefined;
  for (const [, closing, tag, attributes = "", selfClosing] of xml.matchAll(TAG)) {
    switch (tag) {
      case "testsuite":
        if (closing === "/") groups.pop();
        else if (selfClosing === "") {
          file = /^(?:\.\/)?(test\/\S+\.ts)$/.exec(attribute(attributes, "name"))?.[1] ?? file;
          groups.push(groupName(attributes));
        }
        break;
      case "testcase":
        if (closing === "") {
          const name = [...groups, attribute(attributes, "name")].filter((part) => part !== "").join(" > ");
          open = {
            name,
            seconds: Number(attribute(attributes, "time")) || 0,
            outcome: "passed",
            ...(file !== undefined && { file }),
          };
        }
        if (open !== undefined && (closing === "/" || selfClosing === "/")) {
          found.push(open);
          open = undefined;
        }
        break;
      case "failure":
      case "error":
        if (open !== undefined) open.outcome = "failed";
        break;
      case "skipped":
        if (open !== undefined) open.outcome = "skipped";
        break;
      default: // groups of groups, properties, outputs
    }
  }
  return withoutGroups(found);
}

/** Deno reports a group as a test beside its own: `group`, then `group > test`. */
function withoutGroups(cases: readonly TestCase[]): TestCase[] {
  return cases.filter((group) => {
    const inner = cases.filter((other) => other.name.startsWith(`${group.name} > `));
    if (inner.length === 0) return true;
    return group.outcome === "failed" && !inner.some(({ outcome }) => outcome === "failed");
  });
}

/** Suites that stand for a file are not part of a test's name. */
function groupName(attributes: string): string {
  const name = attribute(attributes, "name");
  return /\.ts$/.test(name) ? "" : name;
}

function attribute(attributes: string, name: string): string {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
  // The ampersand first: Node escapes names twice.
  return value.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&apos;", "'").replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">").replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
}
