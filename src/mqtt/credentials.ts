/** A broker's URL, with the user name and password if they may be sent there. */
export interface Entitled {
  readonly url: string;
  /** Why the configured user name and password were left out, in words; absent if they were not. */
  readonly withheld?: string;
}

/**
 * Adds the configured user name and password to the URL of a broker from a state document, which has none. They go to the same host
 * only, on any port, and never without TLS if they were configured for a broker with TLS. So neither a changed document nor a
 * forged DNS answer can obtain them.
 *
 * @param set The URL that the operator configured, with or without them.
 * @param named The URL from the document. If it has a user name of its own, it stays as it is.
 * @throws {TypeError} If either is not a URL.
 */
export function entitle(set: string, named: string): Entitled {
  const own = new URL(set);
  const url = new URL(named);
  const hasOwn = own.username !== "" || own.password !== "";
  if (url.username !== "" || url.password !== "" || !hasOwn) return { url: url.href };
  if (url.hostname !== own.hostname) {
    return { url: url.href, withheld: `they were set for the host '${own.hostname}', which is not this one` };
  }
  if (isEncrypted(own) && !isEncrypted(url)) {
    return {
      url: url.href,
      withheld: `they were set for ${own.protocol}//, and ${url.protocol}// would expose them to the network`,
    };
  }
  url.username = own.username;
  url.password = own.password;
  return { url: url.href };
}

function isEncrypted({ protocol }: URL): boolean {
  return protocol === "mqtts:" || protocol === "wss:";
}
