import type { Clock } from "../clock.ts";
import type { Terminal } from "./terminal.ts";

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

/** A block of lines that shows progress. */
export interface Live {
  /** Replaces the block. It is drawn at once, or when the interval allows; of several in between the last counts. */
  show(lines: readonly string[]): void;
  /** Writes a line that stays, above the block. */
  print(line: string): void;
  /** Draws the newest lines, leaves them there, and ends. */
  end(): void;
}

/**
 * Makes a block of lines that is redrawn in place on a screen. Elsewhere a changed block is written again, below.
 *
 * @param terminal The terminal.
 * @param clock Runs the timers.
 * @param options `interval`: the least milliseconds between two drawings on a screen (default 500); `plainInterval`:
 * the same elsewhere (default 5000).
 */
export function createLive(
  terminal: Terminal,
  clock: Clock,
  options: { readonly interval?: number; readonly plainInterval?: number } = {},
): Live {
  const interval = terminal.isTty ? options.interval ?? 500 : options.plainInterval ?? 5000;
  let wanted: readonly string[] = [];
  let drawn: readonly string[] = [];
  let drawnAt = -Infinity;
  let cancel: (() => void) | undefined;
  let ended = false;

  function erase(): string {
    // Up to the block's first line, then clear from there to the end of the screen.
    return terminal.isTty && drawn.length > 0 ? `\x1b[${drawn.length}A\r\x1b[J` : "";
  }

  function draw(): void {
    cancel?.();
    cancel = undefined;
    drawnAt = clock.now();
    const lines = fitScreen(wanted, terminal.rows());
    if (lines.join("\n") === drawn.join("\n")) return;
    const text = lines.map((line) => `${line}\n`).join("");
    // Without wrapping, so that each line takes one line of the screen, however narrow it is.
    terminal.write(terminal.isTty ? `${erase()}\x1b[?7l${text}\x1b[?7h` : text);
    drawn = lines;
  }

  return {
    show(lines) {
      if (ended) return;
      wanted = lines;
      const wait = drawnAt + interval - clock.now();
      if (wait <= 0) draw();
      else cancel ??= clock.after(wait, draw);
    },
    print(line) {
      terminal.write(`${erase()}${line}\n${terminal.isTty ? drawn.map((each) => `${each}\n`).join("") : ""}`);
    },
    end() {
      if (ended) return;
      ended = true;
      draw();
    },
  };
}

/** A block higher than the screen can't be redrawn in place: its middle is left out. */
function fitScreen(lines: readonly string[], rows: number | undefined): readonly string[] {
  if (rows === undefined || lines.length < rows) return lines;
  const room = Math.max(3, rows - 1);
  const head = lines.slice(0, room - 2);
  return [...head, `… ${lines.length - room + 1} more lines`, lines.at(-1) ?? ""];
}
