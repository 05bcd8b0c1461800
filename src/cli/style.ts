/** Makes a text stand out. */
export type Paint = (text: string) => string;

/** Ways for text to stand out; all of them leave it as it is where there are no colours. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

/** Makes a {@link Style}; without `colour` it changes nothing. */
export function createStyle(colour: boolean): Style {
  const paint = (start: number, end: number): Paint => (text) => colour ? `\x1b[${start}m${text}\x1b[${end}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
  };
}
