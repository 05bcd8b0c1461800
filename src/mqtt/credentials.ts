/** A broker's URL, with name and password where it may have them. */
export interface Entitled {
  readonly url: string;
  /** Why the name and password that there are were left out, in words; absent where nothing was. */
  readonly withheld?: string;
}

/**
 * The URL of a broker that a state document names, with the name and password of the one that was set: they are in no
 * document. They are given to the same host only, whatever its port, and never without TLS where they were set for a broker
 * with it: whoever can write a document, or answer for a name, must not get them by it.
 *
 * @param set The URL that the operator has set, which has them or not.
 * @param named The URL of the document. One that brings its own name goes as it is.
 * @throws {TypeError} When either is no URL.
 */
export function entitle(set: string, named: string): Entitled {
  const own = new URL(set);
  const url = new URL(named);
  const hasOwn = own.username !== "" || own.password !== "";
  if (url.username !== "" || url.password !== "" || !hasOwn) return { url: url.href };
  if (url.hostname !== own.hostname) {
    return { url: url.href, withheld: `they were set for the host '${own.hostname}', and this is another one` };
  }
  if (isEncrypted(own) && !isEncrypted(url)) {
    return {
      url: url.href,
      withheld: `they were set for ${own.protocol}//, and ${url.protocol}// would show them to the network`,
    };
  }
  url.username = own.username;
  url.password = own.password;
  return { url: url.href };
}

function isEncrypted({ protocol }: URL): boolean {
  return protocol === "mqtts:" || protocol === "wss:";
}
