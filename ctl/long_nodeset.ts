/** The longest nodeset that is put into a URL, in characters as they are sent. */
const MAX_IN_URL = 2_000;

/** Whether a nodeset has to go into the body of a request: servers take URLs and headers of some kilobytes only. */
export function isLong(nodeset: string): boolean {
  return encodeURIComponent(nodeset).length > MAX_IN_URL;
}
