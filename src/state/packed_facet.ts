import type { Entry, Facet } from "./document.ts";
import type { Value } from "./value.ts";
import { compareVersions, NO_VERSION, type Version } from "./version.ts";

/** Which values a facet has. Facets with the same ones in the same order share it: those of most nodes of a cluster. */
interface Shape {
  readonly urls: readonly string[];
  readonly places: ReadonlyMap<string, number>;
}

/**
 * A facet in little memory: a fifth of what a map of entries takes. It has the order of what it was made from, and never
 * changes.
 */
export interface PackedFacet extends Facet {
  /** The URLs of its values, in their order. */
  readonly urls: readonly string[];
  /** The place of a URL's value in that order; undefined if it has none. */
  placeOf(url: string): number | undefined;
  /** This facet with values of another one in the place of its own, or added at its end. */
  with(changed: Facet): PackedFacet;
}

/** Larger shapes are not looked for: few have the same, and to name them takes longer each time that a value is added. */
const MAX_SHARED = 256;

/** A URL may hold any character but this one. */
const SEPARATOR = "\n";

const shapes = new Map<string, WeakRef<Shape>>();
const unused = new FinalizationRegistry((key: string) => {
  if (shapes.get(key)?.deref() === undefined) shapes.delete(key);
});

/** The shape with more URLs than another one. */
function extended(shape: Shape, more: readonly string[]): Shape {
  const urls = [...shape.urls, ...more];
  if (urls.length > MAX_SHARED) return withPlaces(shape, urls);
  const key = urls.join(SEPARATOR);
  const known = shapes.get(key)?.deref();
  if (known !== undefined) return known;
  const made = withPlaces(shape, urls);
  shapes.set(key, new WeakRef(made));
  unused.register(made, key);
  return made;
}

function withPlaces(shape: Shape, urls: readonly string[]): Shape {
  const places = new Map(shape.places);
  for (let place = shape.urls.length; place < urls.length; place++) places.set(urls[place] ?? "", place);
  return { urls, places };
}

class Packed implements PackedFacet {
  private readonly shape: Shape;
  private readonly held: readonly (Value | null)[];
  /** One for all where they have the same. */
  private readonly versions: readonly Version[];

  constructor(shape: Shape, held: readonly (Value | null)[], versions: readonly Version[]) {
    this.shape = shape;
    this.held = held;
    this.versions = versions;
  }

  get urls(): readonly string[] {
    return this.shape.urls;
  }
  get size(): number {
    return this.held.length;
  }
  placeOf(url: string): number | undefined {
    return this.shape.places.get(url);
  }
  has(url: string): boolean {
    return this.shape.places.has(url);
  }
  get(url: string): Entry | undefined {
    const place = this.shape.places.get(url);
    return place === undefined ? undefined : this.at(place);
  }
  forEach(callback: (entry: Entry, url: string, facet: Facet) => void): void {
    for (const [url, entry] of this) callback(entry, url, this);
  }
  keys(): MapIterator<string> {
    return this.shape.urls.values();
  }
  *values(): MapIterator<Entry> {
    for (let place = 0; place < this.held.length; place++) yield this.at(place);
  }
  *entries(): MapIterator<[string, Entry]> {
    const { urls } = this.shape;
    for (let place = 0; place < urls.length; place++) yield [urls[place] ?? "", this.at(place)];
  }
  [Symbol.iterator](): MapIterator<[string, Entry]> {
    return this.entries();
  }

  with(changed: Facet): Packed {
    const { places } = this.shape;
    const held = this.held.slice();
    const versions = held.map((_value, place) => this.versionAt(place));
    let more: string[] | undefined;
    for (const [url, { value, version }] of changed) {
      const place = places.get(url) ?? held.length;
      if (place === held.length) (more ??= []).push(url);
      held[place] = value;
      versions[place] = version;
    }
    if (more === undefined) return new Packed(this.shape, held, shared(versions));
    // An array that has grown has room for more: its copy has none.
    return new Packed(extended(this.shape, more), held.slice(), shared(versions).slice());
  }

  private at(place: number): Entry {
    return { value: this.held[place] ?? null, version: this.versionAt(place) };
  }
  private versionAt(place: number): Version {
    return this.versions[this.versions.length === 1 ? 0 : place] ?? NO_VERSION;
  }
}

const EMPTY = new Packed({ urls: [], places: new Map() }, [], []);

/** Versions with equal ones that follow each other as one object; a single one where all are equal. */
function shared(versions: Version[]): readonly Version[] {
  const [first] = versions;
  if (first === undefined) return versions;
  let isOne = true;
  for (let place = 1, last = first; place < versions.length; place++) {
    const version = versions[place] ?? last;
    if (compareVersions(version, last) === 0) versions[place] = last;
    else {
      isOne = false;
      last = version;
    }
  }
  return isOne ? [first] : versions;
}

/** A facet that has no values. */
export const EMPTY_FACET: PackedFacet = EMPTY;

/** Copies `facet` into a form that takes little memory; returns it as it is if it has that form already. */
export function packFacet(facet: Facet): PackedFacet {
  return facet instanceof Packed ? facet : EMPTY.with(facet);
}
