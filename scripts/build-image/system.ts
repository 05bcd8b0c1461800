import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runTool } from "../build/tool.ts";
import { type Arch, ARCHES } from "../debian/arch.ts";
import { closeLibraries } from "../debian/libraries.ts";

/** Debian's packages with what is in the image, and with the libraries of an agent that is started from it. */
export const PACKAGES = ["busybox-static", "dropbear-bin", "libstdc++6"] as const;

const BUSYBOX = "bin/busybox";
/** Programs, which are in the image where the packages have them. */
const PROGRAMS = [BUSYBOX, "usr/sbin/dropbear", "usr/bin/dropbearkey"];
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

/**
 * Makes the file tree of the system.
 *
 * @param packages The folders of the unpacked packages.
 * @throws {RangeError} When a file is in none of them.
 */
export async function makeSystem(
  packages: readonly string[],
  folder: string,
  { arch, label }: { readonly arch: Arch; readonly label: string },
): Promise<void> {
  for (const made of FOLDERS) mkdirSync(join(folder, made), { recursive: true });
  const { gnu } = ARCHES[arch];
  const libraries = AGENT_LIBRARIES.map((name) => [`lib/${gnu}/${name}`, `usr/lib/${gnu}/${name}`]);
  const executables = [...PROGRAMS.map((path) => [path]), ...libraries].map((places) => {
    const file = findFile(packages, places);
    return { path: places[0] ?? "", data: readFileSync(file) };
  });
  for (const { path, data } of closeLibraries(executables, arch, packages).files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), data, { mode: 0o755 });
  }
  const applets = await runTool([findFile(packages, [BUSYBOX]), "--list"]);
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

/** The first file of the packages in one of some places. */
function findFile(packages: readonly string[], places: readonly string[]): string {
  const found = packages.flatMap((each) => places.map((place) => join(each, place))).find((file) => existsSync(file));
  if (found === undefined) throw new RangeError(`Cannot find '${places[0]}' in Debian's packages`);
  return found;
}
