/**
 * Renders a progress bar: `[##########----------] 5/10  50%`.
 *
 * @param done The part that is done, from 0 to `total`.
 * @param total The whole. A bar of 0 is full.
 * @param width Columns between the brackets. Default 30.
 */
export function renderBar(done: number, total: number, width = 30): string {
  const share = total <= 0 ? 1 : Math.min(1, Math.max(0, done / total));
  const filled = Math.floor(share * width);
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  return `[${"#".repeat(filled)}${"-".repeat(width - filled)}] ${done}/${total} ${percent}`;
}
