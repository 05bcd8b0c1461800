/** Schemes of which it is sure that they are none of a password. */
const KNOWN_SCHEME = /^(?:mqtts?|wss?|https?):/i;

/**
 * A URL as it may be shown and logged: a user's name and password in it are left out. Of a text that is no URL with a host
 * everything is left out in which they could be, wherever the mistake is.
 */
export function redactUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === "") {
    if (/^[\w.-]*$/.test(text)) return text; // a host alone: there is nothing before or behind it
    const [scheme] = KNOWN_SCHEME.exec(text) ?? [""];
    return `${scheme}... (not shown, as a password may be in it)`;
  }
  const hasMore = url.search !== "" || url.hash !== "" || url.pathname.includes("@");
  if (url.username === "" && url.password === "" && !hasMore) return text;
  const path = url.pathname.includes("@") ? "/..." : url.pathname;
  return `${url.protocol}//${url.host}${path}${hasMore ? " (shortened)" : " (with credentials)"}`;
}

/** A URL without the user's name and password in it: what of it may be in a state document. */
export function withoutCredentials(text: string): string {
  const url = new URL(text);
  url.username = "";
  url.password = "";
  return url.href;
}
