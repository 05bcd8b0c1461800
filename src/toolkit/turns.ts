/**
 * Makes a queue in which work is done one piece after the other, in the order in which it was asked for.
 *
 * @returns Does work when all before it has ended, well or not, and gives what it comes to.
 */
export function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => {}); // the caller handles the error
    return mine;
  };
}
