import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePort } from "../../scripts/brokers/ports.ts";
import { isRecord, type Value } from "../../src/state/mod.ts";
import { childrenOf, processesWith } from "../../src/process/mod.ts";
import { withFolder } from "../support/folder.ts";
import { runtimeArguments } from "../support/runtime_arguments.ts";
import { until } from "../support/until.ts";
import type { Order } from "./image_host.ts";
import { type ImageServer, sha256, startImageServer } from "./image_server.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** Who does not heed SIGTERM is waited for no longer, in milliseconds. */
export const HASTY = { "/image/stopTimeout": 200 };

/** Why images can't be mounted here; undefined when they can. */
export function whyNoMounts(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "only root may mount";
  const systems = readFileSync("/proc/filesystems", "utf8");
  const missing = ["squashfs", "overlay"].find((name) => !systems.includes(`\t${name}\n`));
  if (missing !== undefined) return `this kernel has no ${missing}`;
  if (!existsSync("/dev/loop-control")) return "this machine has no loop devices";
  return ["/usr/bin/mksquashfs", "/bin/busybox"].find((file) => !existsSync(file))?.concat(" is missing");
}

/** The module in a process of its own. */
export interface HostProcess {
  readonly pid: number;
  readonly view: ReadonlyMap<string, Value>;
  /** How it ended. */
  readonly ended: Promise<number | null>;
  run(mutation: string): Promise<void>;
  set(cfg: { readonly [url: string]: Value }): Promise<void>;
  order(what: "cancel" | "drain"): Promise<void>;
  /** Ends it: cleanly, or with SIGKILL. */
  stop(how: "cleanly" | "killed"): Promise<void>;
}

/** A machine of one process, as far as mounts go. */
export interface ImageLab {
  readonly runDir: string;
  readonly server: ImageServer;
  /** How many bytes of the image with this digest are there so far, while it is fetched. */
  readonly received: (digest: string) => number;
  /** A free port for what runs in the image. */
  readonly port: number;
  /** Makes an image with a web server in it whose page says `version`, and puts it on the server. */
  makeImage(
    name: string,
    files: { readonly [path: string]: string },
  ): { readonly name: string; readonly digest: string };
  /** Starts the module in a process; where `root` is given that is its root, as after a switch. */
  startHost(root?: string): Promise<HostProcess>;
  /** Runs a command in the namespace. */
  inside(...command: string[]): string;
  /** What the web server in the image says. */
  page(path?: string): Promise<string>;
  /** The process of each container that waits for it. */
  containers(): number[];
}

/** Runs a test in a mount namespace of its own, which is gone afterwards, with everything in it. */
export async function withImageLab(test: (lab: ImageLab) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const hosts: ChildProcess[] = [];
    const runDir = join(folder, "run");
    mkdirSync(runDir);
    const space = spawn("unshare", ["-m", "cat"], { stdio: ["pipe", "inherit", "inherit"] });
    const received = (digest: string) => {
      const part = `/proc/${space.pid}/root${runDir}/image/layers/${digest}.part`;
      return statSync(part, { throwIfNoEntry: false })?.size ?? 0;
    };
    const server = await startImageServer(received);
    const enter = ["nsenter", "-t", String(space.pid), "-m", "--"];
    const inside = (...command: string[]) => execFileSync("env", [...enter, ...command], { encoding: "utf8" }).trim();
    const ownSpace = () => assert.notEqual(spaceOf("self"), spaceOf(String(space.pid)));
    try {
      await until(ownSpace);
      const port = await freePort();
      await test({
        ...{ runDir, server, port, received },
        makeImage(name, files) {
          const bytes = squash(join(folder, `${name}.d`), { ...files });
          server.files.set(name, bytes);
          return { name, digest: sha256(bytes) };
        },
        inside,
        startHost(root) {
          for (const folder of root === undefined ? [] : ["/usr", "/lib", "/lib64", "/proc", "/dev", ROOT, runDir]) {
            inside("mkdir", "-p", `${root}${folder}`);
            inside("mount", "--bind", folder, `${root}${folder}`);
          }
          return startHost(
            [...enter, ...(root === undefined ? [] : ["chroot", root])],
            [runDir, "n1", server.url],
            hosts,
          );
        },
        page: async (path = "version") => (await (await fetch(`http://127.0.0.1:${port}/${path}`)).text()).trim(),
        containers: () => containersIn(runDir),
      });
    } finally {
      await server.close();
      for (const host of hosts) host.kill("SIGKILL");
      endContainers(runDir);
      space.stdin.end();
      await once(space, "exit");
      await until(() => assert.ok(!readFileSync("/proc/self/mountinfo", "utf8").includes(runDir)));
    }
  });
}

/** The web server in an image, in the foreground. */
export function webServer(port: number): string[] {
  return ["/bin/httpd", "-f", "-p", `127.0.0.1:${port}`, "-h", "/www"];
}

/** The cfg of a node that runs an image as a container. busybox's web server does not heed SIGTERM as its first process. */
export function cfgOf(
  image: { readonly name: string; readonly digest: string },
  command: string[],
): Record<string, Value> {
  return { "/image/name": image.name, "/image/digest": image.digest, "/image/command": command, ...HASTY };
}

/** Makes an image whose web server's page says `version`. */
export function web(lab: ImageLab, name: string, version: string): { readonly name: string; readonly digest: string } {
  return lab.makeImage(name, { "www/version": version });
}

function containersIn(mark: string): number[] {
  return processesWith("kraken-container").filter(({ args }) => args.join(" ").includes(mark)).map(({ pid }) => pid);
}

function spaceOf(pid: string): string {
  return execFileSync("readlink", [`/proc/${pid === "self" ? process.pid : pid}/ns/mnt`], { encoding: "utf8" });
}

/** Ends every container that has this among its arguments: a test that fails must leave none behind. */
export function endContainers(mark: string): void {
  for (const id of containersIn(mark).flatMap((pid) => [...childrenOf(pid), pid])) {
    try {
      process.kill(id, "SIGKILL");
    } catch {
      // it has ended
    }
  }
}

/** A root file system of busybox and these files, as a squashfs. */
export function squash(folder: string, files: { readonly [path: string]: string }): Uint8Array {
  for (const made of ["bin", "sbin", "etc", "www"]) mkdirSync(join(folder, made), { recursive: true });
  copyFileSync("/bin/busybox", join(folder, "bin/busybox"));
  for (const applet of ["sh", "httpd", "sleep", "cat", "hostname", "ps"]) {
    symlinkSync("busybox", join(folder, "bin", applet));
  }
  for (const [path, text] of Object.entries(files)) {
    writeFileSync(join(folder, path), text);
    chmodSync(join(folder, path), 0o755);
  }
  const options = ["-quiet", "-no-progress", "-all-root", "-comp", "gzip"];
  execFileSync("mksquashfs", [folder, `${folder}.squashfs`, ...options], { stdio: ["ignore", "ignore", "inherit"] });
  return readFileSync(`${folder}.squashfs`);
}

async function startHost(
  enter: readonly string[],
  args: readonly string[],
  hosts: ChildProcess[],
): Promise<HostProcess> {
  const program = fileURLToPath(new URL("image_host.ts", import.meta.url));
  const child = spawn(
    "env",
    [...enter, process.execPath, ...await runtimeArguments(program), ...args],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  hosts.push(child);
  const { pid } = child;
  if (pid === undefined) throw new Error("Cannot start nsenter");
  const view = new Map<string, Value>();
  const waiting = new Map<number, (answer: { readonly [field: string]: unknown }) => void>();
  const ended = once(child, "exit").then(([code]: (number | null)[]) => code ?? null);
  let last = 0;
  const ready = new Promise<void>((resolve, reject) => {
    ended.then((code) => reject(new Error(`The host ended with code ${code}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const said: unknown = JSON.parse(line);
      if (!isRecord(said)) return;
      const { id, view: seen } = said;
      if (isRecord(seen)) {
        view.clear();
        for (const [url, value] of Object.entries(seen)) view.set(url, value as Value);
      }
      if (said["ready"] === true) resolve();
      if (typeof id === "number") waiting.get(id)?.(said);
    });
  });
  function ask(order: Order): Promise<void> {
    const id = ++last;
    child.stdin.write(`${JSON.stringify({ id, ...order })}\n`);
    return new Promise((resolve, reject) =>
      waiting.set(id, ({ error }) => {
        if (!isRecord(error)) return resolve();
        reject(Object.assign(new Error(String(error["message"])), { name: String(error["name"]) }));
      })
    );
  }
  await ready;
  return {
    ...{ pid, view, ended },
    run: (mutation) => ask({ what: "run", mutation }),
    set: (cfg) => ask({ what: "set", cfg }),
    order: (what) => ask({ what }),
    async stop(how) {
      if (how === "killed") child.kill("SIGKILL");
      else ask({ what: "stop" });
      await ended;
    },
  };
}
