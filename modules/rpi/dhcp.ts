/**
 * Option 43 for a Raspberry Pi: a PXE boot menu (PXE 2.1, table 2-1) with the one entry that its boot ROM looks for.
 * Discovery control 3: no broadcast and no multicast, so that it continues with the server that made the offer; a
 * prompt of 0 seconds; an entry of type 0.
 */
const MENU = Uint8Array.of(
  ...[6, 1, 3],
  ...[10, 4, 0, ...ascii("PXE")],
  ...[9, 20, 0, 0, 17, ...ascii("Raspberry Pi Boot")],
  255,
);

/** The first file that a Raspberry Pi 3 fetches; later models have it in ROM and ignore the offer. */
const FIRST_FILE = "bootcode.bin";

/** What a Raspberry Pi is offered, in the format of the DHCP server's answer. */
export interface PiOffer {
  readonly file: string;
  readonly vendorClass: string;
  readonly vendorOptions: Uint8Array;
}

/** The offer for every Raspberry Pi: the paths that it requests later identify the node. */
export const PI_OFFER: PiOffer = { file: FIRST_FILE, vendorClass: "PXEClient", vendorOptions: MENU };

function ascii(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}
