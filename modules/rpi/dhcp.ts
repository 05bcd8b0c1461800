/**
 * Option 43 for a Raspberry Pi: a PXE boot menu (PXE 2.1, table 2-1) with the one entry that its boot ROM looks for. Discovery
 * control 3: no broadcast and no multicast, so that it goes on with the server that offered; a prompt of 0 seconds; an entry of
 * type 0.
 */
const MENU = Uint8Array.of(
  ...[6, 1, 3],
  ...[10, 4, 0, ...ascii("PXE")],
  ...[9, 20, 0, 0, 17, ...ascii("Raspberry Pi Boot")],
  255,
);

/** The first file that a Raspberry Pi 3 fetches; later ones have it in their own memory and pass over what is offered. */
const FIRST_FILE = "bootcode.bin";

/** What a Raspberry Pi is told to boot, in the shape of the DHCP server's answer. */
export interface PiOffer {
  readonly file: string;
  readonly vendorClass: string;
  readonly vendorOptions: Uint8Array;
}

/** What is offered to every Raspberry Pi: which node it is shows in the paths that it asks for. */
export const PI_OFFER: PiOffer = { file: FIRST_FILE, vendorClass: "PXEClient", vendorOptions: MENU };

function ascii(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}
