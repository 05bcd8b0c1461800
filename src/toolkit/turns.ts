/**
 * Creates a queue that runs work one after the other, in the order of the calls.
 *
 * @returns A function that runs work when all earlier work has ended, successfully or not, and resolves to its result.
 */
export function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => {}); // the caller handles the error
    return mine;
  };
}
