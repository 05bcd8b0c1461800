import { readFileSync } from "node:fs";
import process from "node:process";
import { type Running, startKraken, type StartOptions } from "../cluster/process.ts";

/** How long what is inside may take to end by itself, in milliseconds. */
const GRACE = 20_000;

/**
 * Starts a program in namespaces of its own for networks, processes and mounts. It is the first process there: when it
 * ends, the kernel ends every other one and removes the networks, so that nothing can be left behind; and it ends when
 * this process does, however that ends. Who isn't root is root in there, by a namespace for users.
 *
 * @throws {Error} When it can't be started, with what it wrote.
 */
export async function startInside(options: StartOptions): Promise<Running> {
  const user = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
  const running = await startKraken({
    ...options,
    command: [
      ...["unshare", ...user, "--net", "--pid", "--fork", "--kill-child", "--mount-proc"],
      ...options.command,
    ],
  });
  return {
    ...running,
    get running() {
      return running.running;
    },
    async stop() {
      // unshare itself hears no signal: it is handed on to what it has started.
      const first = firstChild(running.pid);
      if (first === undefined) return await running.kill();
      process.kill(first, "SIGTERM");
      const timer = setTimeout(() => void running.kill(), GRACE);
      await running.exited;
      clearTimeout(timer);
    },
  };
}

function firstChild(pid: number): number | undefined {
  try {
    const [child = ""] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    return child === "" ? undefined : Number(child);
  } catch {
    return undefined; // it has ended
  }
}
