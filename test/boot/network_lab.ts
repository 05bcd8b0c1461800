import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** Machines on networks of their own, made of network namespaces: nothing of this machine's own network takes part. */
export interface NetworkLab {
  /** For files. */
  readonly folder: string;
  /** The words that run a command on a machine. */
  on(machine: string, ...words: string[]): string[];
  /** Runs a command on a machine to its end. */
  run(machine: string, ...words: string[]): { readonly code: number; readonly output: string };
  /** Starts one that is ended with the lab. Its lines go to `line`. */
  start(machine: string, line: (text: string) => void, ...words: string[]): ChildProcess;
}

/** An interface of a machine, `eth0` for its first one. */
export interface Plug {
  readonly network: string;
  /** With its prefix; a machine that asks for its address has none. */
  readonly address?: string;
  readonly mac?: string;
}

/** Whether this user may make network namespaces; a reason to skip, if not. */
export function noNetworkLab(): string | false {
  const name = `kraken-probe-${process.pid}`;
  try {
    execFileSync("ip", ["netns", "add", name], { stdio: "ignore" });
    execFileSync("ip", ["netns", "delete", name], { stdio: "ignore" });
    return false;
  } catch {
    return "network namespaces can't be made here: that takes root and iproute2";
  }
}

/** Makes the machines, and takes everything away afterwards. */
export async function withNetworkLab(
  machines: { readonly [name: string]: readonly Plug[] },
  use: (lab: NetworkLab) => Promise<void>,
): Promise<void> {
  const tag = `kt${process.pid}`;
  const space = (name: string) => `${tag}-${name}`;
  const ip = (...words: string[]) => execFileSync("ip", words, { stdio: ["ignore", "ignore", "inherit"] });
  const spaces = ["switches", ...Object.keys(machines)];
  const folder = mkdtempSync(join(tmpdir(), "kraken-net-"));
  const children: ChildProcess[] = [];
  const on = (machine: string, ...words: string[]) => ["ip", "netns", "exec", space(machine), ...words];
  try {
    for (const name of spaces) {
      ip("netns", "add", space(name));
      ip("-n", space(name), "link", "set", "lo", "up");
    }
    const networks = new Set(Object.values(machines).flat().map(({ network }) => network));
    for (const network of networks) {
      ip("-n", space("switches"), "link", "add", network, "type", "bridge", "stp_state", "0", "forward_delay", "0");
      ip("-n", space("switches"), "link", "set", network, "up");
    }
    let port = 0;
    for (const [name, plugs] of Object.entries(machines)) {
      plugs.forEach(({ network, address, mac }, n) => {
        const [inner, outer] = [`eth${n}`, `p${port++}`];
        ip("-n", space("switches"), "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", space(name));
        ip("-n", space("switches"), "link", "set", outer, "master", network, "up");
        if (mac !== undefined) ip("-n", space(name), "link", "set", inner, "address", mac);
        if (address !== undefined) ip("-n", space(name), "addr", "add", address, "brd", "+", "dev", inner);
        ip("-n", space(name), "link", "set", inner, "up");
      });
    }
    await use({
      folder,
      on,
      run(machine, ...words) {
        try {
          const [command = "", ...rest] = on(machine, ...words);
          const output = execFileSync(command, rest, {
            encoding: "utf8",
            timeout: 60_000,
            stdio: ["ignore", "pipe", "pipe"],
          });
          return { code: 0, output };
        } catch (error) {
          const { status, stdout, stderr } = error as { status?: number | null; stdout?: string; stderr?: string };
          return { code: status ?? -1, output: `${stdout ?? ""}${stderr ?? ""}` };
        }
      },
      start(machine, line, ...words) {
        const [command = "", ...rest] = on(machine, ...words);
        const child = spawn(command, rest, { stdio: ["pipe", "pipe", "inherit"] });
        children.push(child);
        let held = "";
        child.stdout?.on("data", (chunk) => {
          const lines = (held + String(chunk)).split("\n");
          held = lines.pop() ?? "";
          lines.forEach(line);
        });
        return child;
      },
    });
  } finally {
    await Promise.all(children.map((child) => {
      const ended = new Promise((resolve) => child.once("close", resolve));
      if (child.exitCode !== null || child.signalCode !== null) return undefined;
      child.kill("SIGKILL");
      return ended;
    }));
    for (const name of spaces) {
      try {
        ip("netns", "delete", space(name));
      } catch {
        // It was not made.
      }
    }
    rmSync(folder, { recursive: true, force: true });
  }
}
