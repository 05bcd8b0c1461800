import { chmodSync, copyFileSync, mkdirSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runTool } from "../build/tool.ts";
import { librariesFor } from "./libraries.ts";

/** Programs of the packages, and where they are in the image. */
const PROGRAMS = {
  "bin/busybox": "bin/busybox",
  "usr/sbin/dropbear": "usr/sbin/dropbear",
  "usr/bin/dropbearkey": "usr/bin/dropbearkey",
} as const;
/** Libraries of an agent that is started from the image: Node's and Bun's own. */
const AGENT_LIBRARIES = ["libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1"];

const FOLDERS = [
  "dev",
  "etc/dropbear",
  "etc/init.d",
  "proc",
  "root",
  "run",
  "sbin",
  "srv/www",
  "sys",
  "tmp",
  "var/log",
];

/** Files of the system; those in `etc/init.d` can be run. */
function texts(label: string): { readonly [path: string]: string } {
  return {
    "etc/image": `${label}\n`,
    "srv/www/image": `${label}\n`,
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/shadow": "root:*:19000:0:99999:7:::\n",
    "etc/shells": "/bin/sh\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n",
    "etc/profile": "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n",
    "etc/inittab": [
      "::sysinit:/etc/init.d/rcS",
      "::respawn:/usr/sbin/dropbear -F -E -R -s -p 22",
      "::respawn:/bin/busybox httpd -f -p 80 -h /srv/www",
      "",
    ].join("\n"),
    // What a container has been given is there already; a machine that has switched root has only been given the rest.
    "etc/init.d/rcS": `#!/bin/sh
for mount in "proc /proc" "sysfs /sys" "devtmpfs /dev" "devpts /dev/pts"; do
  set -- $mount
  mkdir -p "$2"
  grep -q " $2 " /proc/mounts 2>/dev/null || mount -t "$1" "$1" "$2"
done
echo "Image $(cat /etc/image) is up on $(hostname)"
`,
  };
}

/** Makes the file tree of the system from unpacked packages. */
export async function makeSystem(packages: string, folder: string, label: string): Promise<void> {
  for (const made of FOLDERS) mkdirSync(join(folder, made), { recursive: true });
  const libraryFolder = readdirSync(join(packages, "usr/lib")).find((name) => name.endsWith("-linux-gnu")) ?? "";
  const places = ["lib", "usr/lib"].map((place) => join(place, libraryFolder));
  const agent = AGENT_LIBRARIES.flatMap((name) =>
    places.map((place) => join(place, name)).filter((file) => existsIn(packages, file)).slice(0, 1)
  );
  const libraries = await librariesFor(packages, [...Object.keys(PROGRAMS), ...agent]);
  for (const file of agent) libraries.set(join("lib", file.split("/").at(-1) ?? ""), file);
  for (const [at, file] of [...libraries, ...Object.entries(PROGRAMS)]) {
    mkdirSync(dirname(join(folder, at)), { recursive: true });
    copyFileSync(realpathSync(join(packages, file)), join(folder, at));
    chmodSync(join(folder, at), 0o755);
  }
  const applets = await runTool([join(packages, "bin/busybox"), "--list"]);
  for (const applet of applets.split("\n").filter((name) => name !== "busybox")) {
    symlinkSync("busybox", join(folder, "bin", applet));
  }
  symlinkSync("../bin/busybox", join(folder, "sbin/init"));
  for (const [path, text] of Object.entries(texts(label))) writeFileSync(join(folder, path), text);
  chmodSync(join(folder, "etc/init.d/rcS"), 0o755);
  chmodSync(join(folder, "etc/shadow"), 0o600);
  chmodSync(join(folder, "root"), 0o700);
  chmodSync(join(folder, "tmp"), 0o1777);
}

function existsIn(folder: string, file: string): boolean {
  try {
    realpathSync(join(folder, file));
    return true;
  } catch {
    return false;
  }
}
