/** The header by which programs tell each other which trace a request belongs to: https://www.w3.org/TR/trace-context/ */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly trace: string;
  /** The span that the request belongs to: 16 hexadecimal digits. */
  readonly parent: string;
}

const SHAPE = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.{0,400})?$/;

/** Reads a `traceparent`; undefined if it is not well-formed. Of later versions the fields of version 00 are read. */
export function parseTraceparent(text: string | undefined): TraceContext | undefined {
  const [, version, trace = "", parent = "", more] = SHAPE.exec(text ?? "") ?? [];
  if (version === undefined || version === "ff" || (version === "00" && more !== undefined)) return undefined;
  return /^0+$/.test(trace) || /^0+$/.test(parent) ? undefined : { trace, parent };
}
