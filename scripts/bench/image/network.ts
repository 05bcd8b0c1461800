import { spawn } from "node:child_process";
import { once } from "node:events";
import { readlinkSync } from "node:fs";
import process from "node:process";
import { waitFor } from "../../cluster/wait.ts";
import { runTool } from "../../build/tool.ts";

/** A loopback of its own, which nothing else uses. */
export interface Network {
  /** What to put before a command to run it there. */
  readonly enter: readonly string[];
  /** Lets so many Mbit/s through, both ways together; undefined: as many as there can be. */
  limit(mbit: number | undefined): Promise<void>;
  close(): Promise<void>;
}

/** Makes a network namespace with a loopback. It is gone when this process is. */
export async function openNetwork(): Promise<Network> {
  if (process.getuid?.() !== 0) throw new Error("Cannot make a network namespace: run this bench as root");
  const holder = spawn("unshare", ["-n", "cat"], { stdio: ["pipe", "ignore", "inherit"] });
  const own = readlinkSync(`/proc/${process.pid}/ns/net`);
  await waitFor("the namespace is there", () => readlinkSync(`/proc/${holder.pid}/ns/net`) !== own);
  const enter = ["nsenter", "-t", String(holder.pid), "-n", "--"];
  await runTool([...enter, "ip", "link", "set", "lo", "up"]);
  let limited = false;
  return {
    enter,
    async limit(mbit) {
      if (limited) await runTool([...enter, "tc", "qdisc", "del", "dev", "lo", "root"]);
      limited = mbit !== undefined;
      if (mbit === undefined) return;
      const rate = ["rate", `${mbit}mbit`, "burst", "256k", "latency", "50ms"];
      await runTool([...enter, "tc", "qdisc", "add", "dev", "lo", "root", "tbf", ...rate]);
    },
    async close() {
      holder.stdin.end();
      await once(holder, "exit");
    },
  };
}
