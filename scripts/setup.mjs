// Makes a bare clone ready to run: installs the pinned npm packages where they are missing or out of date, and,
// where they are asked for, the Debian packages that tests use as real peers and those of virtual machines. Plain JavaScript on Node's
// built-ins, since it runs before anything is installed.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's root folder. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Programs that tests need beside npm's packages: the command to look for, and Debian's package that has it. */
const TEST_PACKAGES = [
  ["mosquitto", "mosquitto"],
  ["mosquitto_sub", "mosquitto-clients"],
  ["/usr/lib/python3/dist-packages/paho", "python3-paho-mqtt"],
  ["openssl", "openssl"],
  ["nats-server", "nats-server"],
  ["xz", "xz-utils"],
  ["setpriv", "util-linux"],
  ["strip", "binutils"],
  ["curl", "curl"],
  ["tftp", "tftp-hpa"],
  ["mksquashfs", "squashfs-tools"],
  ["busybox", "busybox-static"],
  ["dhclient", "isc-dhcp-client"],
  ["dnsmasq", "dnsmasq-base"],
  ["ip", "iproute2"],
  ["ipmitool", "ipmitool"],
  ["ipmi_sim", "openipmi"],
  ["powermand", "powerman"],
  ["redfishtool", "redfishtool"],
  ["/usr/lib/python3/dist-packages/sushy", "python3-sushy"],
  ["/usr/lib/python3/dist-packages/ClusterShell", "python3-clustershell"],
  ["ssh", "openssh-client"],
  ["strace", "strace"],
  ["promtool", "prometheus"],
];

/** What virtual machines need: a file that shows that it is there, and Debian's package that has it. */
const MACHINE_PACKAGES = [
  ["/usr/bin/qemu-system-x86_64", "qemu-system-x86"],
  ["/usr/lib/ipxe/qemu/pxe-virtio.rom", "ipxe-qemu"],
  ["/usr/share/OVMF/OVMF_CODE_4M.fd", "ovmf"],
  ["/usr/sbin/dnsmasq", "dnsmasq-base"],
  ["/usr/bin/ipmi_sim", "openipmi"],
  ["/usr/bin/ipmitool", "ipmitool"],
  ["/usr/bin/openssl", "openssl"],
  ["/usr/bin/mksquashfs", "squashfs-tools"],
  ["/usr/bin/unshare", "util-linux"],
  ["/usr/bin/ip", "iproute2"],
];

/** What virtual machines of ARM64 need beside that. */
const ARM64_PACKAGES = [
  ["/usr/bin/qemu-system-aarch64", "qemu-system-arm"],
  ["/usr/share/AAVMF/AAVMF_CODE.fd", "qemu-efi-aarch64"],
];

/** @param {string} message */
function say(message) {
  process.stderr.write(`${message}\n`);
}

/** @param {string} command a command, or the path of a file @returns {boolean} */
function have(command) {
  if (command.startsWith("/")) return existsSync(command);
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/sbin"];
  return folders.some((folder) => folder !== "" && existsSync(join(folder, command)));
}

/** Installs the npm packages of package-lock.json unless they are there already. */
export function installPackages() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 20) {
    say(`Kraken needs Node 20 or newer to set itself up: this is Node ${process.versions.node}`);
    process.exit(1);
  }
  const stamp = join(ROOT, "node_modules", ".kraken-stamp");
  const lock = createHash("sha256").update(readFileSync(join(ROOT, "package-lock.json"))).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  say("Installing the pinned npm packages (once; about half a minute) ...");
  const npm = process.env.npm_execpath;
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const result = npm === undefined
    ? spawnSync("npm", args, { cwd: ROOT, stdio: ["ignore", 2, 2] })
    : spawnSync(process.execPath, [npm, ...args], { cwd: ROOT, stdio: ["ignore", 2, 2] });
  if (result.status !== 0) {
    say("npm ci failed: see its message above. Kraken needs nothing but an npm registry here.");
    process.exit(1);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, lock);
}

/** Installs the Debian packages that tests need, where they are missing and this user may. */
export function installTestPackages() {
  const missing = TEST_PACKAGES.filter(([command]) => !have(command)).map(([, name]) => name);
  installDebian(missing, "The tests");
  // Tests of virtual machines are left out, with the reason, where these can't be had.
  if (mayInstall()) installMachinePackages();
}

/**
 * Installs the Debian packages that virtual machines need, where they are missing and this user may.
 * @param {boolean} arm64 Some of them are ARM64 ones.
 */
export function installMachinePackages(arm64 = false) {
  const wanted = arm64 ? [...MACHINE_PACKAGES, ...ARM64_PACKAGES] : MACHINE_PACKAGES;
  installDebian(wanted.filter(([file]) => !existsSync(file)).map(([, name]) => name), "Virtual machines");
}

/** Whether this user may install Debian's packages here. */
export function mayInstall() {
  return process.getuid?.() === 0 && have("apt-get");
}

/** @param {string[]} missing @param {string} purpose */
function installDebian(missing, purpose) {
  if (missing.length === 0) return;
  if (!mayInstall()) {
    say(`${purpose} need ${missing.join(", ")}: install them first (Debian: apt-get install ${missing.join(" ")})`);
    process.exit(1);
  }
  say(`Installing ${missing.join(", ")} for ${purpose.toLowerCase()} ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = ["-qq", "-o", "DPkg::Lock::Timeout=300"];
  try {
    execFileSync("apt-get", [...apt, "update"], { env, stdio: ["ignore", "ignore", 2] });
    execFileSync("apt-get", [...apt, "install", "-y", "--no-install-recommends", ...missing], {
      env,
      stdio: ["ignore", "ignore", 2],
    });
  } catch {
    say(`apt-get could not install ${missing.join(", ")}: see its message above`);
    process.exit(1);
  }
}

/** The pinned Deno, as a file that can be started and killed directly (npm's own start script would sit between). */
export function denoPath() {
  const platform = `${process.platform}-${process.arch}${process.platform === "linux" ? "-glibc" : ""}`;
  const places = [join(ROOT, "node_modules/deno/deno"), join(ROOT, `node_modules/@deno/${platform}/deno`)];
  const found = places.find((place) => existsSync(place));
  if (found === undefined) {
    say(`No Deno for ${platform} came with npm's package 'deno': looked in ${places.join(" and ")}`);
    process.exit(1);
  }
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  installPackages();
  if (process.argv.includes("--for-tests")) installTestPackages();
  if (process.argv.includes("--for-machines")) installMachinePackages();
  say(`Ready. Deno: ${denoPath()}`);
}
