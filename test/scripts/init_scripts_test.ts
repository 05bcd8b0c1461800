import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  if (!existsSync("/usr/sbin/dnsmasq")) return { skip: "dnsmasq is not installed" };
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
    ["END_LIMIT=30", "END_LIMIT=3"],
    ["mount -t debugfs", "false"],
    ['"$ending" -f', "exit 0"],
  ],
  dhcp: [
    ["/run/kraken/host/", "FOLDER/"],
    ["/run/kraken/dhcp", "FOLDER/dhcp.d"],
    ["/dev/console", "FOLDER/console"],
    ["/etc/resolv.conf", "FOLDER/resolv.conf"],
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
        /Asked to poweroff: .*The agent has stopped: .*Not ended after 3 s, and killed:.* sh.*kraken: poweroff\n$/s,
      );
    });
  },
);

/** A server in a network of its own, and a client that is asked to do what udhcpc does by itself after half of a lease. */
const DHCP_TRIAL = `set -e
cd "$1"; PATH=$1/bin:$PATH; ip=/sbin/ip
wait_for() { tries=300; until eval "$1"; do tries=$((tries - 1)); [ $tries -gt 0 ] || { echo "not seen: $1"; exit 1; }; sleep 0.1; done; }
acknowledged() { [ "$(grep -c DHCPACK site.log)" -ge $1 ]; }
address() { $ip -o -4 address show dev c0 | awk '{ print $4 }'; }
$ip link set lo up
unshare --net sh -c '
  until /sbin/ip link show s0 >/dev/null 2>&1; do sleep 0.1; done
  /sbin/ip address add 10.9.0.1/24 dev s0 && /sbin/ip link set s0 up
  exec dnsmasq --keep-in-foreground --conf-file=/dev/null --log-facility=- --log-dhcp --user= --group= --pid-file= --leasefile-ro \\
    --port=0 --interface=s0 --bind-interfaces --no-ping --dhcp-range=10.9.0.7,10.9.0.7,255.255.255.0,1h \\
    --dhcp-option=option:router,10.9.0.1 --dhcp-option=option:dns-server,10.9.0.5,10.9.0.6' >site.log 2>&1 &
site=$!
wait_for '[ "$(readlink /proc/$site/ns/net)" != "$(readlink /proc/self/ns/net)" ]'
$ip link add c0 type veth peer name s0
$ip link set s0 netns $site
$ip link set c0 up
$ip monitor address >changes &
./dhcp ask c0
echo "bound $(address)"; cat resolv.conf
wait_for 'kill -0 $(cat dhcp.d/pid) 2>/dev/null'
first=$(cat dhcp.d/pid)
kill -USR1 $first
wait_for 'acknowledged 2'
wait_for 'kill -0 $first'
echo "renewed $(address) $($ip route show default)"
kill $first
wait_for '! kill -0 $first 2>/dev/null'
echo "the image's own" >resolv.conf
./dhcp ask c0 10.9.0.7
wait_for 'acknowledged 3'
echo "carried $(address)"; cat resolv.conf
! grep -q Deleted changes || echo "it lost its address meanwhile"
wait_for 'kill -0 $(cat dhcp.d/pid) 2>/dev/null'
kill -USR2 $(cat dhcp.d/pid)
wait_for '[ -z "$(address)" ]'
wait_for 'grep -q loses console'
echo "released"
cat console
`;

test(
  "an address from DHCP is renewed without being lost, carried into an image, and given up when its lease ends",
  options,
  () => {
    withScripts((folder) => {
      const { stdout, stderr } = spawnSync("unshare", ["--net", ...SPACE, "sh", "-c", DHCP_TRIAL, "trial", folder], {
        encoding: "utf8",
        timeout: 60_000,
      });
      assert.deepEqual(stdout.split("\n"), [
        "bound 10.9.0.7/24",
        "nameserver 10.9.0.5",
        "nameserver 10.9.0.6",
        "renewed 10.9.0.7/24 default via 10.9.0.1 dev c0 ",
        "carried 10.9.0.7/24",
        "the image's own",
        "released",
        "kraken: c0 has the address 10.9.0.7/24, from DHCP",
        "kraken: c0 loses the address 10.9.0.7/24, which DHCP grants no longer",
        "",
      ], stderr);
    });
  },
);
