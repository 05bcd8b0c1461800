import { execFileSync, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { NETWORK } from "../lab_config.ts";

/** The address of the site's router, which is also its DHCP server where it has one. */
const ROUTER = "10.77.0.254";

/** The shortest lease that dnsmasq gives: machines are seen to renew it. */
const LEASE = "2m";

/**
 * Starts what a site has on its network beside Kraken, in a network namespace of its own behind the bridge: a router that
 * announces itself over IPv6, without which iPXE waits 15 s for one; and, where it is asked for, a DHCP server that knows
 * nothing of booting. Both are dnsmasq.
 *
 * @param leases The machines that get an address from it; undefined: it is no DHCP server.
 */
export function startSite(
  leases: readonly { readonly mac: string; readonly address: string }[] | undefined,
  logFile: string,
): void {
  const log = openSync(logFile, "a");
  const dhcp = leases === undefined ? [] : [
    `--dhcp-range=${ROUTER},static,255.255.0.0,${LEASE}`,
    `--dhcp-option=option:router,${ROUTER}`,
    "--dhcp-authoritative",
    "--no-ping",
    ...leases.map(({ mac, address }) => `--dhcp-host=${mac},${address}`),
  ];
  const dnsmasq = [
    ...[
      "dnsmasq",
      "--keep-in-foreground",
      "--conf-file=/dev/null",
      "--log-facility=-",
      "--log-dhcp",
      "--user=",
      "--group=",
    ],
    ...["--pid-file=", "--leasefile-ro", "--port=0", "--interface=site1", "--bind-interfaces"],
    // Every 10 s, with a lifetime of 0: it is nobody's default router.
    ...["--enable-ra", "--dhcp-range=fd77::,ra-only,64", "--ra-param=site1,10,0"],
    ...dhcp,
  ];
  const setup =
    `read -r _ && echo 0 >/proc/sys/net/ipv6/conf/site1/accept_dad && ip address add ${ROUTER}/${NETWORK.prefix} dev site1 &&
    ip address add fd77::254/64 dev site1 && ip link set lo up && ip link set site1 up && exec "$@"`;
  const child = spawn("unshare", ["--net", "sh", "-c", setup, "site", ...dnsmasq], { stdio: ["pipe", log, log] });
  closeSync(log);
  const commands = [
    "link add site0 type veth peer name site1",
    `link set site0 master ${NETWORK.bridge} up`,
    `link set site1 netns ${child.pid}`,
  ];
  execFileSync("ip", ["-batch", "-"], { input: `${commands.join("\n")}\n`, stdio: ["pipe", "ignore", "pipe"] });
  child.stdin?.end("\n");
}
