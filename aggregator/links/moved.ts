import type { Clock } from "../../src/clock.ts";
import type { Assignment } from "../../src/state/mod.ts";
import type { DownFrame } from "../../src/sync/mod.ts";

/** The first wait before a child that has not gone is told again, in milliseconds; doubles each time. */
const AGAIN_MS = 1_000;
/** How often it is told by itself; after that only when it is heard. */
const TIMES = 5;
/** The most nodes that have left and are remembered. */
const MAX_REMEMBERED = 10_000;

/** Tells nodes that belong elsewhere where to go. */
export interface MovedNotices {
  /** A child has been given to another parent. */
  tell(child: string, assignment: Assignment): void;
  /** Something came of a node that is no child. @param known Where it joins, if that is known. */
  heard(child: string, known: Assignment | undefined): void;
  /** Its connection has ended: it has gone. */
  gone(child: string): void;
  /** A node is no child any more: it has been heard until now, for all that is known. */
  left(child: string): void;
  /** For how long nothing was heard of a node that is no child, in milliseconds; at most since the start. */
  silence(child: string): number;
  stop(): void;
}

interface Notice {
  readonly assignment: Assignment;
  times: number;
  lastAt: number;
  cancel: (() => void) | undefined;
}

/** See {@link MovedNotices}. */
export function createMovedNotices(
  parts: { readonly clock: Clock; readonly run: string; send(child: string, frame: DownFrame): void },
): MovedNotices {
  const { clock } = parts;
  const notices = new Map<string, Notice>();
  const startedAt = clock.now();
  const heardAt = new Map<string, number>();

  function noteHeard(child: string): void {
    heardAt.delete(child); // the one that was heard last comes last
    heardAt.set(child, clock.now());
    for (const oldest of heardAt.keys()) {
      if (heardAt.size <= MAX_REMEMBERED) break;
      heardAt.delete(oldest);
    }
  }

  function remember(child: string, assignment: Assignment): Notice {
    notices.get(child)?.cancel?.();
    const notice: Notice = { assignment, times: 0, lastAt: -Infinity, cancel: undefined };
    notices.delete(child);
    notices.set(child, notice);
    for (const [oldest, { cancel }] of notices) {
      if (notices.size <= MAX_REMEMBERED) break;
      cancel?.();
      notices.delete(oldest);
    }
    return notice;
  }
  function send(child: string, notice: Notice): void {
    notice.lastAt = clock.now();
    parts.send(child, { type: "moved", from: parts.run, ...notice.assignment });
  }
  function repeat(child: string, notice: Notice): void {
    send(child, notice);
    if (++notice.times >= TIMES) return;
    notice.cancel = clock.after(AGAIN_MS * 2 ** (notice.times - 1), () => repeat(child, notice));
  }
  return {
    tell: (child, assignment) => repeat(child, remember(child, assignment)),
    heard(child, known) {
      noteHeard(child);
      const before = notices.get(child);
      const isNews = known !== undefined && known.number > (before?.assignment.number ?? -1);
      const notice = isNews ? remember(child, known) : before;
      if (notice !== undefined && clock.now() - notice.lastAt >= AGAIN_MS) send(child, notice);
    },
    gone(child) {
      notices.get(child)?.cancel?.();
    },
    left: noteHeard,
    silence: (child) => clock.now() - (heardAt.get(child) ?? startedAt),
    stop() {
      for (const { cancel } of notices.values()) cancel?.();
      notices.clear();
    },
  };
}
