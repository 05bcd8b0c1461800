/** Schemes that cannot be part of a password. */
const KNOWN_SCHEME = /^(?:mqtts?|wss?|https?):/i;

/**
 * Removes user name and password from the URL `text` for display and logs. In a text that is not a URL with a host,
 * everything that could contain them is removed.
 */
export function redactUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === "") {
    if (/^[\w.-]*$/.test(text)) return text; // only a host
    const [scheme] = KNOWN_SCHEME.exec(text) ?? [""];
    return `${scheme}... (not shown, as a password may be in it)`;
  }
  const hasMore = url.search !== "" || url.hash !== "" || url.pathname.includes("@");
  if (url.username === "" && url.password === "" && !hasMore) return text;
  const path = url.pathname.includes("@") ? "/..." : url.pathname;
  return `${url.protocol}//${url.host}${path}${hasMore ? " (shortened)" : " (with credentials)"}`;
}

/** Removes user name and password from the URL `text`, for state documents. */
export function withoutCredentials(text: string): string {
  const url = new URL(text);
  url.username = "";
  url.password = "";
  return url.href;
}
