import type { Clock } from "../../src/clock.ts";
import type { Assignment } from "../../src/state/mod.ts";
import type { DownFrame } from "../../src/sync/mod.ts";
import { dropOldest } from "../../src/toolkit/mod.ts";

/** The first wait before a node that has not gone is told again, in milliseconds; doubles each time. */
const AGAIN_MS = 1_000;
/** How often it is told by itself; after that only when it is heard. */
const TIMES = 5;
/** The most nodes that are told by themselves. */
const MAX_REMEMBERED = 10_000;

/** Sends nodes that belong elsewhere the `moved` frame, at most once a second each. */
export interface Redirects {
  /** Tells a node that has just been heard. */
  tell(child: string, assignment: Assignment): void;
  /** Tells a node now and some times more. */
  repeat(child: string, assignment: Assignment): void;
  /** It has gone: it is not told by itself any more. */
  stop(child: string): void;
  stopAll(): void;
}

interface Notice {
  times: number;
  lastAt: number;
  cancel: (() => void) | undefined;
}

/** See {@link Redirects}. */
export function createRedirects(
  parts: { readonly clock: Clock; readonly run: string; send(child: string, frame: DownFrame): void },
): Redirects {
  const { clock } = parts;
  const notices = new Map<string, Notice>();

  function noticeOf(child: string): Notice {
    const notice = notices.get(child) ?? { times: 0, lastAt: -Infinity, cancel: undefined };
    notices.delete(child); // the one that was told last comes last
    notices.set(child, notice);
    dropOldest(notices, MAX_REMEMBERED, (oldest) => notices.get(oldest)?.cancel?.());
    return notice;
  }
  function send(child: string, notice: Notice, assignment: Assignment): void {
    notice.lastAt = clock.now();
    parts.send(child, { type: "moved", from: parts.run, ...assignment });
  }
  function again(child: string, notice: Notice, assignment: Assignment): void {
    send(child, notice, assignment);
    if (++notice.times >= TIMES) return;
    notice.cancel = clock.after(AGAIN_MS * 2 ** (notice.times - 1), () => again(child, notice, assignment));
  }
  return {
    tell(child, assignment) {
      const notice = noticeOf(child);
      if (clock.now() - notice.lastAt >= AGAIN_MS) send(child, notice, assignment);
    },
    repeat(child, assignment) {
      const notice = noticeOf(child);
      notice.cancel?.();
      notice.times = 0;
      again(child, notice, assignment);
    },
    stop(child) {
      notices.get(child)?.cancel?.();
    },
    stopAll() {
      for (const { cancel } of notices.values()) cancel?.();
      notices.clear();
    },
  };
}
