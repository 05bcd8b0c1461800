/**
 * Makes `text` from elsewhere safe to show on one line. Control characters, which could move the cursor or change
 * colours, become `?`; line ends and tabs become spaces.
 */
export function cleanText(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  return text.replace(/[\r\n\t]+/g, " ").replace(/[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "?");
}

/**
 * Counts the columns of a clean `text`: its code points. Wide scripts are not treated apart, as names of nodes have
 * none.
 */
export function textWidth(text: string): number {
  return [...text].length;
}

/** Cuts a clean `text` to `width` columns, with `…` at the end if something was cut. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  return width <= 0 ? "" : `${[...text].slice(0, width - 1).join("")}…`;
}
