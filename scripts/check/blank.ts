/** Words after which a slash begins a regular expression and not a division. */
const BEFORE_REGEXP = /(?:^|[^\w$.])(?:return|typeof|case|in|of|void|delete|throw|new|await|yield|else|do)$/;

/**
 * TypeScript with its comments and the contents of its strings, templates and regular expressions blanked out, so that
 * what remains can be searched as code. Every character keeps its place, line ends included.
 */
export function blankLiterals(source: string): string {
  const scanner = new Scanner(source);
  scanner.code();
  return scanner.result();
}

class Scanner {
  readonly #source: string;
  readonly #out: string[] = [];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  result(): string {
    return this.#out.join("");
  }

  /** Code up to the end, or up to the brace that closes a template's `${`. */
  code(): void {
    let depth = 0;
    while (this.#at < this.#source.length) {
      const char = this.#source.charAt(this.#at);
      const next = this.#source.charAt(this.#at + 1);
      if (char === "/" && next === "/") this.#blankTo(this.#find("\n"));
      else if (char === "/" && next === "*") this.#blankTo(this.#find("*/") + 2);
      else if (char === '"' || char === "'") this.#string(char);
      else if (char === "`") this.#template();
      else if (char === "/" && this.#regexpFits()) this.#regexp();
      else if (char === "}" && depth === 0) return;
      else {
        if (char === "{") depth++;
        if (char === "}") depth--;
        this.#keep();
      }
    }
  }

  #string(quote: string): void {
    this.#keep();
    while (this.#at < this.#source.length && this.#source.charAt(this.#at) !== quote) {
      this.#blankTo(this.#at + (this.#source.charAt(this.#at) === "\\" ? 2 : 1));
    }
    this.#keep();
  }

  #template(): void {
    this.#keep();
    while (this.#at < this.#source.length && this.#source.charAt(this.#at) !== "`") {
      if (this.#source.startsWith("${", this.#at)) {
        this.#keep();
        this.#keep();
        this.code();
        this.#keep();
      } else {
        this.#blankTo(this.#at + (this.#source.charAt(this.#at) === "\\" ? 2 : 1));
      }
    }
    this.#keep();
  }

  #regexp(): void {
    this.#keep();
    let inClass = false;
    while (this.#at < this.#source.length) {
      const char = this.#source.charAt(this.#at);
      if (char === "\n" || (char === "/" && !inClass)) break;
      if (char === "[") inClass = true;
      if (char === "]") inClass = false;
      this.#blankTo(this.#at + (char === "\\" ? 2 : 1));
    }
    this.#keep();
  }

  /** What stands before a slash tells whether it divides. */
  #regexpFits(): boolean {
    const before = this.#out.slice(-200).join("").trimEnd();
    return before === "" || /[^\w$)\]}"'`]$/.test(before) || BEFORE_REGEXP.test(before);
  }

  #find(text: string): number {
    const at = this.#source.indexOf(text, this.#at);
    return at < 0 ? this.#source.length : at;
  }

  #keep(): void {
    if (this.#at < this.#source.length) this.#out.push(this.#source.charAt(this.#at));
    this.#at++;
  }

  #blankTo(end: number): void {
    for (; this.#at < Math.min(end, this.#source.length); this.#at++) {
      this.#out.push(this.#source.charAt(this.#at) === "\n" ? "\n" : " ");
    }
  }
}
