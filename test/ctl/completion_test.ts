import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";
import { renderBashCompletion } from "../../ctl/commands/completion.ts";
import { commands } from "../../ctl/krakenctl.ts";

const hasBash = spawnSync("bash", ["--version"]).status === 0;

/** What bash offers for the last word of a command line. */
function complete(...words: readonly string[]): string[] {
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const script = `${renderBashCompletion(commands)}
COMP_WORDS=(krakenctl ${quoted}); COMP_CWORD=${words.length}; _krakenctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", script], { encoding: "utf8" }).split("\n").filter((line) => line !== "");
}

test("krakenctl completion bash offers commands, their second words and their options", {
  skip: hasBash ? false : "needs bash",
}, () => {
  assert.deepEqual(complete("e"), ["explain", "events"]);
  assert.deepEqual(complete("get", ""), ["nodes", "node"]);
  assert.deepEqual(complete("set", "n1", "--d"), ["--dry-run"]);
  assert.deepEqual(complete("get", "nodes", "--ser"), ["--server"]);
  assert.deepEqual(complete("get", "nodes", "-o", "y"), ["yaml"]);
  assert.deepEqual(complete("graph", "n1", "-o", "m"), ["mermaid"]);
  assert.deepEqual(complete("delete", "n1", "--y"), ["--yes"]);
  assert.deepEqual(complete("apply", "-f", "/etc/host"), complete("apply", "--file", "/etc/host"));
  assert.ok(complete("apply", "-f", "/etc/host").includes("/etc/hosts"));
  assert.deepEqual(complete("nothing", ""), []);
});
