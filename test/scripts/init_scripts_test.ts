import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";

const ROOTFS = join(import.meta.dirname ?? "", "../../scripts/build-initramfs/rootfs");
const BUSYBOX = "/bin/busybox";
/** Everything that a script starts is in here, and ends with its first process. */
const SPACE = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

const options = skipped();

function skipped(): { readonly skip?: string } {
  if (process.getuid?.() !== 0) return { skip: "not root: no namespaces can be made" };
  if (spawnSync(BUSYBOX, ["true"]).status !== 0) return { skip: "busybox is not installed" };
  return spawnSync("unshare", ["--net", ...SPACE, "true"]).status === 0 ? {} : { skip: "unshare is not allowed" };
}

/** Runs a test with a folder in the place of the initramfs's, with busybox and the scripts of the initramfs in it. */
function withScripts(run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "kraken-init-"));
  try {
    mkdirSync(join(folder, "bin"));
    copyFileSync(BUSYBOX, join(folder, "busybox"));
    execFileSync(join(folder, "busybox"), ["--install", "-s", join(folder, "bin")]);
    for (const [name, changes] of Object.entries(CHANGES)) {
      const script = readFileSync(join(ROOTFS, "etc/kraken", name), "utf8");
      const changed = changes.reduce((text, [from, to]) => {
        assert.ok(text.includes(from), `${name} has no '${from}'`);
        return text.replaceAll(from, to.replaceAll("FOLDER", folder));
      }, script);
      writeFileSync(join(folder, name), changed, { mode: 0o755 });
    }
    run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is not this machine's: how it maps files, its power, its name servers and its console. */
const CHANGES = {
  supervise: [
    ["RUN=/run/kraken", "RUN=FOLDER"],
    ["HOST=$RUN/host", "HOST=$RUN"],
    ["END_LIMIT=30", "END_LIMIT=1"],
    ["mount -t debugfs", "false"],
    ['"$ending" -f', "exit 0"],
  ],
} satisfies Record<string, [string, string][]>;

test(
  "a machine that is switched off asks every program to end, after the agent, and kills what does not",
  options,
  () => {
    withScripts((folder) => {
      const program = (name: string, trap: string) =>
        `setsid sh -c 'trap "${trap}" TERM; : >${folder}/${name}; while :; do sleep 0.1; done' &\n`;
      const trap = (name: string) => `echo ${name} >>${folder}/told; exit 0`;
      mkdirSync(join(folder, "agent"));
      writeFileSync(
        join(folder, "agent/start"),
        `${program("polite", trap("polite"))}${program("stubborn", "")}
      trap '${trap("agent")}' TERM
      until [ -e ${folder}/polite ] && [ -e ${folder}/stubborn ]; do sleep 0.1; done
      kill -USR2 1
      while :; do sleep 0.1; done\n`,
      );
      const { stdout, stderr, status } = spawnSync(
        "unshare",
        [...SPACE, join(folder, "busybox"), "sh", join(folder, "supervise")],
        { encoding: "utf8", timeout: 60_000 },
      );
      assert.equal(status, 0, stderr);
      assert.equal(readFileSync(join(folder, "told"), "utf8"), "agent\npolite\n");
      assert.match(
        stdout,
        /Asked to poweroff: .*The agent has stopped: .*Not ended after 1 s, and killed:.* sh.*kraken: poweroff\n$/s,
      );
    });
  },
);
