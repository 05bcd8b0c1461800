import type { Log } from "../../src/log.ts";
import type { Term } from "../../src/state/mod.ts";
import {
  type Certified,
  createSecret,
  createSigner,
  followChain,
  type Given,
  isStated,
  type OwnRun,
  readCertified,
  readGiven,
  readStatement,
  type Signer,
  signStatement,
  type Statement,
  statementText,
} from "../../src/evidence/mod.ts";
import type { BirthFrame } from "../../src/sync/mod.ts";
import { SECRET, type Store, type Stored } from "../store/mod.ts";

/** The certificates of this aggregator's key, as JSON. */
const CERTIFIED = "evidence/certified";
/** What its parent gave it, as JSON. */
const GIVEN = "evidence/given";
/** How many statements are remembered with what came of them: a check takes a tenth of a millisecond. */
const MAX_REMEMBERED = 1_000;

/** What an aggregator signs, and what it believes of what children show: only what it has signed itself, whichever run of it. */
export interface Evidence {
  /** What it shows its own parent of itself. @param run Its run. */
  own(run: number): OwnRun;
  /** What a child is given with a welcome. @param run This aggregator's run. */
  give(child: string, term: Term, run: number): Given;
  /** Certifies the key of a child that is an aggregator; undefined while this one's own key is not certified. */
  certify(child: string, key: string): Certified | undefined;
  /** What this aggregator's own parent gave it with the last welcome; undefined at the root, and before the first one. */
  readonly given: Given | undefined;
  /** Its parent gives it something, and certifies its key: on disk when this returns, if the store takes it. */
  take(given: Given, certified: Certified | undefined): void;
  /** The root's signature of an assignment. */
  proofOf(node: string, number: number, parent: string): string;
  /**
   * The latest assignment of a child that it can show: as the root, or an aggregator that gave it a term, has signed it. The root
   * believes only itself.
   */
  provenAssignment(child: string, claim: Pick<BirthFrame, "shown" | "assigned">): number;
  /** The run of this aggregator that a child was given, and by which process of it; undefined if it can show none. */
  provenRun(child: string, shown: Given | undefined): { readonly run: number; readonly process: string } | undefined;
  /** The last term of a child, as far as it can show it: as this aggregator, or an aggregator itself, has signed it. */
  provenTerm(child: string, birth: Pick<BirthFrame, "term" | "shown" | "own">): Term | undefined;
}

/**
 * See {@link Evidence}. The key is made at the first start. The root's key is the authority of its cluster.
 *
 * @param parts `run` names this process, as in its frames.
 * @throws {Error} When a new key can't be stored.
 */
export function createEvidence(
  parts: {
    readonly cluster: string;
    readonly ownId: string;
    readonly run: string;
    readonly isRoot: boolean;
    readonly store: Store;
    readonly facts: Stored["facts"];
    readonly log: Log;
  },
): Evidence {
  const { cluster, ownId, isRoot, store, log } = parts;
  const signer = takeSigner(store, parts.facts);
  let own: Certified | undefined = isRoot
    ? { authority: signer.publicKey, chain: [] }
    : readCertified(readJson(parts.facts.get(CERTIFIED)));
  let given = readGiven(readJson(parts.facts.get(GIVEN)));
  const remembered = new Map<string, Statement | undefined>();

  function runStatement(child: string, run: number): string {
    return signStatement({ kind: "run", cluster, aggregator: ownId, process: parts.run, child, run }, signer);
  }

  /** Reads a statement that some run of this aggregator has signed: with its present key, or one that was certified. */
  function readOwn(child: string, signed: string, chain: readonly string[]): Statement | undefined {
    const key = [child, signed, ...chain].join("\n");
    if (remembered.has(key)) return remembered.get(key);
    const found = readStatement(signed, signer.publicKey) ?? readEarlier(child, signed, chain);
    const statement = found?.cluster === cluster ? found : undefined;
    for (const oldest of remembered.keys()) {
      if (remembered.size < MAX_REMEMBERED) break;
      remembered.delete(oldest);
    }
    remembered.set(key, statement);
    return statement;
  }
  /** One that has lost its disk has another key now. Nobody certifies the root's. */
  function readEarlier(child: string, signed: string, chain: readonly string[]): Statement | undefined {
    if (own === undefined || isRoot) return undefined;
    const earlier = followChain(own.authority, cluster, chain, child);
    return earlier?.aggregator === ownId ? readStatement(signed, earlier.key) : undefined;
  }

  /** The run that a child which is an aggregator has signed with a key that was certified for it. */
  function runOf(child: string, { chain, run }: OwnRun): number | undefined {
    const certified = own && followChain(own.authority, cluster, chain);
    if (certified?.aggregator !== child) return undefined;
    const statement = readStatement(run, certified.key);
    if (statement?.kind !== "run" || statement.cluster !== cluster) return undefined;
    return statement.aggregator === child && statement.child === child ? statement.run : undefined;
  }

  /** The key of the aggregator that has given a child its term; undefined where that proves nothing. */
  function giverOf(child: string, chain: readonly string[], authority: string): string | undefined {
    if (chain.length === 0) return authority;
    return isRoot ? undefined : followChain(authority, cluster, chain, child)?.key; // a rack assigns nobody
  }

  function isOwn({ authority, chain }: Certified): boolean {
    const last = followChain(authority, cluster, chain);
    const isRight = last?.aggregator === ownId && last.key === signer.publicKey;
    if (!isRight) log.warn("Its parent has certified another key than this aggregator's");
    return isRight;
  }

  return {
    own: (run) => ({ key: signer.publicKey, chain: own?.chain ?? [], run: runStatement(ownId, run) }),
    give(child, { assignment, run: childRun }, run) {
      const term = { kind: "term" as const, cluster, aggregator: ownId, child, assignment, run: childRun };
      return { chain: own?.chain ?? [], run: runStatement(child, run), term: signStatement(term, signer) };
    },
    certify(child, key) {
      if (own === undefined) return undefined;
      const certificate = signStatement({ kind: "key", cluster, aggregator: child, key }, signer);
      return { authority: own.authority, chain: [...own.chain, certificate] };
    },
    get given() {
      return given;
    },
    take(next, certified) {
      given = next;
      const facts = new Map([[GIVEN, JSON.stringify(next)]]);
      if (certified !== undefined && isOwn(certified)) {
        if (own !== undefined && own.authority !== certified.authority) {
          log.warn("The root has another key than before", { before: own.authority, now: certified.authority });
          remembered.clear();
        }
        own = certified;
        facts.set(CERTIFIED, JSON.stringify(certified));
      }
      try {
        store.commit({ facts });
      } catch (error) {
        log.error("Cannot write what its parent gave it to show", { error: String(error) });
      }
    },
    proofOf(node, number, parent) {
      return signer.sign(statementText({ kind: "assignment", cluster, node, number, parent }));
    },
    provenAssignment(child, { shown, assigned }) {
      if (own === undefined) return 0;
      const { authority } = own;
      const statement = assigned && { kind: "assignment" as const, cluster, node: child, ...assigned };
      const byRoot = statement !== undefined && isStated(statement, statement.proof, authority) ? statement.number : 0;
      const key = shown && giverOf(child, shown.chain, authority);
      const term = shown && key !== undefined ? readStatement(shown.term, key) : undefined;
      const isOf = term?.kind === "term" && term.cluster === cluster && term.child === child;
      return Math.max(byRoot, isOf ? term.assignment : 0);
    },
    provenRun(child, shown) {
      const statement = shown && readOwn(child, shown.run, shown.chain);
      if (statement?.kind !== "run" || statement.aggregator !== ownId || statement.child !== child) return undefined;
      return { run: statement.run, process: statement.process };
    },
    provenTerm(child, { term, shown, own: childs }) {
      const run = childs && runOf(child, childs);
      // It counts its runs itself, whoever it is assigned to.
      if (run !== undefined && run >= term.run) return { assignment: term.assignment, run };
      const statement = shown && readOwn(child, shown.term, shown.chain);
      if (statement?.kind !== "term" || statement.aggregator !== ownId || statement.child !== child) return undefined;
      return { assignment: statement.assignment, run: statement.run };
    },
  };
}

function takeSigner(store: Store, facts: Stored["facts"]): Signer {
  const known = facts.get(SECRET);
  if (typeof known === "string") return createSigner(known);
  const secret = createSecret();
  store.commit({ facts: new Map([[SECRET, secret]]) });
  return createSigner(secret);
}

function readJson(text: string | number | boolean | undefined): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
