import { Buffer } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { encodeDhcp } from "../../aggregator/boot/dhcp/encode.ts";
import { runCommand } from "../../scripts/command.ts";
import { NETWORK } from "../../scripts/vcluster/lab_config.ts";
import { clientPacket, FIRMWARE } from "../boot/dhcp_packets.ts";

/** The most packets of a flood, and how many of them a second. */
const PACKETS = 450_000;
const PER_SECOND = 1_000;
/**
 * One in so many is broadcast, as all would be; the others are addressed to the server's machine alone. Emulated machines
 * that each of them interrupts come to nothing else when they have little of a processor, whatever the server does.
 */
const BROADCAST = 20;

/**
 * Writes frames onto a network, each from an address that was invented for it, as who uses up a DHCP server's addresses does.
 * The checksum of UDP is left out, and that of IP is the same for all.
 */
const FLOOD = `
use Socket;
use Time::HiRes qw(time sleep);
my ($index, $server, $hex, $packets, $rate, $every) = @ARGV;
socket(my $socket, 17, SOCK_RAW, 0) or die "socket: $!";
my $to = pack("S n i S C C a8", 17, 0x0800, $index, 1, 0, 6, "\\xff" x 6);
my $payload = pack("H*", $hex);
my ($all, $one) = ("\\xff" x 6, pack("H*", $server =~ s/://gr));
my $ip = pack("C C n n n C C n a4 a4", 0x45, 0, 28 + length($payload), 0, 0, 64, 17, 0, "\\0" x 4, "\\xff" x 4);
my $sum = 0;
$sum += $_ for unpack("n10", $ip);
$sum = ($sum & 0xffff) + ($sum >> 16) while $sum > 0xffff;
substr($ip, 10, 2) = pack("n", ~$sum & 0xffff);
my $udp = pack("n4", 68, 67, 8 + length($payload), 0);
my $start = time;
my $sent;
$SIG{TERM} = sub { print "$sent\\n"; exit 0 };
for ($sent = 0; $sent < $packets; $sent++) {
  my $mac = pack("C C N", 0x66, 1, $sent);
  substr($payload, 28, 6) = $mac;
  send($socket, ($sent % $every ? $one : $all) . $mac . pack("n", 0x0800) . $ip . $udp . $payload, 0, $to);
  my $ahead = $sent / $rate - (time - $start);
  sleep($ahead) if $ahead > 0.005;
}
$SIG{TERM}->();
`;

/** A flood that goes on until it is ended. */
export interface Flood {
  /** Ends it. @returns How many packets it has sent. */
  stop(): Promise<number>;
}

/**
 * Starts to send DHCPDISCOVER from invented addresses on the network of a virtual cluster, 1,000 a second and no more than 450,000.
 *
 * @param first A process of the cluster, whose network it is.
 */
export async function startFlood(first: number): Promise<Flood> {
  const enter = ["nsenter", "--net", "-t", String(first)];
  async function ip(words: string): Promise<string> {
    const { code, output } = await runCommand([...enter, "ip", ...words.split(" ")], { timeout: 10_000 });
    if (code !== 0) throw new Error(`Cannot join the network: ${output}`);
    return output;
  }
  // A bridge has the lowest address of its ports: this one must not give it another, which machines that boot would not know.
  await ip("link add flood0 address fe:ff:ff:ff:ff:ff type veth peer name flood1");
  await ip(`link set flood0 master ${NETWORK.bridge} up`);
  await ip("link set flood1 up");
  const [index = ""] = /^\d+/.exec(await ip("-o link show dev flood1")) ?? [];
  const [, server = ""] = /link\/ether (\S+)/.exec(await ip(`-o link show dev ${NETWORK.bridge}`)) ?? [];
  const stranger = encodeDhcp(clientPacket("discover", { flags: 0x8000, ...FIRMWARE.bios }));
  if (stranger === undefined) throw new TypeError("Cannot write a DHCPDISCOVER");
  const packet = Buffer.from(stranger).toString("hex");
  const words = [index, server, packet, ...[PACKETS, PER_SECOND, BROADCAST].map(String)];
  const [file = "", ...rest] = [...enter, "perl", "-e", FLOOD, ...words];
  const child = spawn(file, rest, { stdio: ["ignore", "pipe", "inherit"] });
  const sent = output(child);
  return {
    async stop() {
      if (child.pid === undefined || child.exitCode !== null) throw new Error("The flood was over before its end");
      process.kill(child.pid, "SIGTERM");
      return Number(await sent);
    },
  };
}

function output(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    child.stdout?.on("data", (chunk) => text += String(chunk));
    child.once("close", () => resolve(text.trim()));
  });
}
