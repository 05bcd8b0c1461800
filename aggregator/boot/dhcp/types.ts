import type { Clock } from "../../../src/clock.ts";
import type { Log } from "../../../src/log.ts";

/** Who hands out addresses: we do, or a site's own server does and we only say what to boot (PXE 2.1, ProxyDHCP). */
export type DhcpMode = "server" | "proxy";

/** What is known of a machine that may boot from here. It follows from its node's cfg. */
export interface DhcpHost {
  /** The host name (option 12); also what log lines call it. */
  readonly name: string;
  /** Its address; absent where the site's own server gives it one. As a server we say nothing to a host without. */
  readonly lease?: DhcpLease;
}

/** A static lease. */
export interface DhcpLease {
  /** IPv4, in dotted form. */
  readonly address: string;
  /** Bits of the network's part of the address: 1 to 32. */
  readonly prefix: number;
  readonly gateway?: string;
  readonly dns?: readonly string[];
}

/** Firmware, as a client states it in option 93 (RFC 4578, and IANA's list of processor architectures). */
export type DhcpFirmware = "bios" | "uefi-x86" | "uefi-x86_64" | "uefi-aarch64" | "unknown";

/** A client, as it describes itself. All of it is what the machine says: good for choosing a file, never for trust. */
export interface DhcpClient {
  /** Lower case, with colons: `52:54:00:77:00:01`. */
  readonly mac: string;
  /** Of the numbers in option 93 the first that something is served for, or else the first; absent where there is none. */
  readonly arch?: number;
  /** All numbers in option 93, the preferred one first. */
  readonly archs?: readonly number[];
  readonly firmware: DhcpFirmware;
  /** It wants URLs, not TFTP (UEFI HTTP boot). */
  readonly http: boolean;
  /** It is iPXE already: it gets the script. */
  readonly ipxe: boolean;
  /** Option 60, printable characters only, at most 128; such as `PXEClient:Arch:00007:UNDI:003001`. */
  readonly vendorClass?: string;
  /** Option 77, likewise. */
  readonly userClass?: string;
  /** The machine's UUID (option 97) as SMBIOS has it, in RFC 4122 form. */
  readonly uuid?: string;
  /** The relay that passed it on (giaddr). */
  readonly relay?: string;
  /** Asks what to boot: its vendor class says PXEClient or HTTPClient, or it is iPXE. Others only want an address. */
  readonly boots: boolean;
}

/** What a client is to boot. {@link standardBoot} has the usual choice. */
export interface DhcpBoot {
  /** A path below the TFTP root, or a URL. At most 1,024 bytes; over 127 it goes in option 67 alone. */
  readonly file: string;
  /** Where TFTP is (siaddr, option 66): this server, where absent. */
  readonly server?: string;
  /** Option 43, as bytes; as a proxy "use the file of this offer" (PXE 2.1, PXE_DISCOVERY_CONTROL bit 3) where absent. */
  readonly vendorOptions?: Uint8Array;
  /** Option 60 in the reply; as a proxy PXEClient, and HTTPClient for UEFI HTTP boot, where absent. */
  readonly vendorClass?: string;
}

/** There is nothing that a client can boot. */
export interface Unserved {
  /** In words: what it is, and what to do about it. */
  readonly unserved: string;
}

/** What a client sent. */
export type DhcpRequestKind = "discover" | "request" | "decline" | "release" | "inform";

/** What came in, and what became of it. */
export interface DhcpEvent {
  readonly client: DhcpClient;
  readonly request: DhcpRequestKind;
  /** It came from a port that only root sends from (below 1024), as firmware and DHCP clients do. Relays hide the port. */
  readonly privileged: boolean;
  /** The known machine; undefined: nobody that we know, and nothing was sent. */
  readonly host: DhcpHost | undefined;
  /** `ack` to a `request` says that it takes the address; `silent` that nothing was sent, for this reason. */
  readonly answer: "offer" | "ack" | "nak" | "silent";
  readonly reason: string;
  /** False: it is between the machine and another server, or nobody knows the machine. */
  readonly isOurs: boolean;
  /** The address that was given or asked for, where there is one. */
  readonly address?: string;
  /** What it was told to boot. */
  readonly file?: string;
  /** Why there was nothing for it to boot, though it asked. */
  readonly unserved?: string;
}

/** See {@link startDhcpServer}. */
export interface DhcpServerOptions {
  /** Our own IPv4 address on the network that is served: server identifier, and where replies come from. */
  readonly address: string;
  readonly mode: DhcpMode;
  /**
   * The known machine with this MAC. Called once for every packet, before anything else of it is looked at: it should be a
   * look into a map.
   */
  readonly lookup: (mac: string) => DhcpHost | undefined;
  /** What a known machine that asks for it boots now; where there is nothing for it, it only gets its address. */
  readonly boot: (client: DhcpClient, host: DhcpHost) => DhcpBoot | Unserved;
  /**
   * Told of every packet of a known machine, within that machine's rate, and of at most 20 a second of unknown machines;
   * whoever keeps those must bound how many. It must not throw.
   */
  readonly onEvent?: (event: DhcpEvent) => void;
  /** Told why nothing came of a packet of a known machine: it can't be read, or its answer can't be sent. It must not throw. */
  readonly onFault?: (host: DhcpHost, why: string) => void;
  /** Only for tests: other ports than 67 (server), 68 (client) and 4011 (boot service of a proxy). 0: any free one. */
  readonly ports?: { readonly server: number; readonly client: number; readonly pxe: number };
  readonly log: Log;
  readonly clock: Clock;
  /** Closes the sockets when it fires. */
  readonly signal?: AbortSignal;
}

/** A running DHCP server. */
export interface DhcpServer {
  /** The ports that it listens on; `pxe` only as a proxy. */
  readonly ports: { readonly server: number; readonly pxe?: number };
  readonly counts: () => DhcpCounts;
  /** Closes the sockets. Can be called twice. */
  stop(): Promise<void>;
}

/** What a server has seen since it started. */
export interface DhcpCounts {
  readonly received: number;
  readonly answered: number;
  /** Could not be read. */
  readonly malformed: number;
  /** Of machines that nobody knows. */
  readonly unknown: number;
  /** Dropped unread: too many from one known machine, or too many of unknown ones. */
  readonly limited: number;
  /** Could not be sent. */
  readonly failed: number;
}
