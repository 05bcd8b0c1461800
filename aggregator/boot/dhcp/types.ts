import type { Clock } from "../../../src/clock.ts";
import type { Log } from "../../../src/log.ts";

/**
 * Who assigns addresses: this server, or a site's own server while this one only says what to boot (PXE 2.1,
 * ProxyDHCP).
 */
export type DhcpMode = "server" | "proxy";

/** What is known of a machine that may boot from here, by its node's cfg. */
export interface DhcpHost {
  /** The host name (option 12); also the name in log lines. */
  readonly name: string;
  /** Its address; absent if the site's own server assigns it. In mode `server` a host without one gets no answer. */
  readonly lease?: DhcpLease;
}

/** A static lease. */
export interface DhcpLease {
  /** IPv4, in dotted form. */
  readonly address: string;
  /** Length of the network prefix: 1 to 32. */
  readonly prefix: number;
  readonly gateway?: string;
  readonly dns?: readonly string[];
}

/** The kind of firmware that a client states in option 93 (RFC 4578, and IANA's list of processor architectures). */
export type DhcpFirmware = "bios" | "uefi-x86" | "uefi-x86_64" | "uefi-aarch64" | "unknown";

/** A client, as it describes itself. Use this for choosing a file, never for trust. */
export interface DhcpClient {
  /** Lower case, with colons: `52:54:00:77:00:01`. */
  readonly mac: string;
  /** The first number in option 93 for which something is served, otherwise the first one; absent if there is none. */
  readonly arch?: number;
  /** All numbers in option 93, the preferred one first. */
  readonly archs?: readonly number[];
  readonly firmware: DhcpFirmware;
  /** It wants URLs instead of TFTP paths (UEFI HTTP boot). */
  readonly http: boolean;
  /** It is iPXE already: it gets the script. */
  readonly ipxe: boolean;
  /** Option 60, printable characters only, at most 128; such as `PXEClient:Arch:00007:UNDI:003001`. */
  readonly vendorClass?: string;
  /** Option 77, likewise. */
  readonly userClass?: string;
  /** The machine's UUID (option 97) as SMBIOS has it, in RFC 4122 form. */
  readonly uuid?: string;
  /** The relay that forwarded it (giaddr). */
  readonly relay?: string;
  /**
   * It asks what to boot: its vendor class says PXEClient or HTTPClient, or it is iPXE. Others only want an address.
   */
  readonly boots: boolean;
}

/** What a client should boot. {@link standardBoot} has the usual choice. */
export interface DhcpBoot {
  /** A path below the TFTP root, or a URL. At most 1,024 bytes; over 127 it goes only into option 67. */
  readonly file: string;
  /** The TFTP server (siaddr, option 66); default: this server. */
  readonly server?: string;
  /** Option 43; default for a proxy: "use the file of this offer" (PXE 2.1, PXE_DISCOVERY_CONTROL bit 3). */
  readonly vendorOptions?: Uint8Array;
  /** Option 60 of the reply; default for a proxy: PXEClient, or HTTPClient for UEFI HTTP boot. */
  readonly vendorClass?: string;
}

/** There is nothing for a client to boot. */
export interface Unserved {
  /** In words: what is missing, and what to do. */
  readonly unserved: string;
}

/** What a client sent. */
export type DhcpRequestKind = "discover" | "request" | "decline" | "release" | "inform";

/** A packet, and how it was handled. */
export interface DhcpEvent {
  readonly client: DhcpClient;
  readonly request: DhcpRequestKind;
  /** It came from a port that only root may use (below 1024), as firmware and DHCP clients do. Relays hide the port. */
  readonly privileged: boolean;
  /** The known machine; undefined: the machine is unknown, and nothing was sent. */
  readonly host: DhcpHost | undefined;
  /** `ack` to a `request`: it takes the address; `silent`: nothing was sent, for this reason. */
  readonly answer: "offer" | "ack" | "nak" | "silent";
  readonly reason: string;
  /** False: it is between the machine and another server, or the machine is unknown. */
  readonly isOurs: boolean;
  /** The address that was assigned or requested, if any. */
  readonly address?: string;
  /** What it was told to boot. */
  readonly file?: string;
  /** Why there was nothing for it to boot although it asked. */
  readonly unserved?: string;
  /** The other server that it asks for an address, although this one gives them out. */
  readonly otherServer?: string;
}

/** See {@link startDhcpServer}. */
export interface DhcpServerOptions {
  /** The server's IPv4 address on the network that is served: server identifier, and source of replies. */
  readonly address: string;
  readonly mode: DhcpMode;
  /**
   * Returns the known machine with this MAC address. Called once for every packet before anything else is read: it
   * should be a lookup in a map.
   */
  readonly lookup: (mac: string) => DhcpHost | undefined;
  /** Returns what a known machine boots now; if there is nothing, it only gets its address. */
  readonly boot: (client: DhcpClient, host: DhcpHost) => DhcpBoot | Unserved;
  /**
   * Called for every packet of a known machine, within that machine's rate, and for at most 20 packets a second of
   * unknown machines; a receiver that stores them must limit their number. It must not throw.
   */
  readonly onEvent?: (event: DhcpEvent) => void;
  /**
   * Called with the reason why a packet of a known machine was not answered: it is unreadable, or its answer cannot be
   * sent. It must not throw.
   */
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
  /** The ports that it listens on; `pxe` only for a proxy. */
  readonly ports: { readonly server: number; readonly pxe?: number };
  readonly counts: () => DhcpCounts;
  /** Closes the sockets. May be called twice. */
  stop(): Promise<void>;
}

/** Counters of a server since its start. */
export interface DhcpCounts {
  readonly received: number;
  readonly answered: number;
  /** Could not be read. */
  readonly malformed: number;
  /** From unknown machines. */
  readonly unknown: number;
  /** Dropped unread: too many from one known machine, or too many from unknown ones. */
  readonly limited: number;
  /** Could not be sent. */
  readonly failed: number;
}
