import type { Action } from "./task.ts";

/** The outcome of a search. */
export type SearchResult =
  | { readonly kind: "found"; readonly actions: readonly Action[]; readonly cost: number }
  /** There is no plan. */
  | { readonly kind: "exhausted" }
  /** The budget ran out first. */
  | { readonly kind: "bound"; readonly bound: "states" | "bytes" };

/** The states and memory that the searches of one question may still use. */
export class Budget {
  #states: number;
  #bytes: number;

  /**
   * @param states The most states that are expanded.
   * @param bytes The most memory that is held, roughly.
   */
  constructor(states: number, bytes: number) {
    this.#states = states;
    this.#bytes = bytes;
  }

  /** The number of states that may still be expanded. */
  get states(): number {
    return this.#states;
  }

  /** The number of bytes that may still be held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes states that are expanded. @returns False when there are not that many left. */
  takeStates(count: number): boolean {
    if (count > this.#states) {
      this.#states = 0;
      return false;
    }
    this.#states -= count;
    return true;
  }

  /** Takes memory, until {@link giveBytes}. @returns False when there is not that much left. */
  takeBytes(bytes: number): boolean {
    if (bytes > this.#bytes) return false;
    this.#bytes -= bytes;
    return true;
  }

  /** Gives back memory that is not held any more. */
  giveBytes(bytes: number): void {
    this.#bytes += bytes;
  }
}
