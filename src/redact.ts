/** A URL as it may be shown and logged: a user's name and password in it are left out. */
export function redactUrl(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  if (url.username === "" && url.password === "") return text;
  url.username = "";
  url.password = "";
  return `${url.href} (with credentials)`;
}

/** A URL without the user's name and password in it: what of it may be in a state document. */
export function withoutCredentials(text: string): string {
  const url = new URL(text);
  url.username = "";
  url.password = "";
  return url.href;
}
