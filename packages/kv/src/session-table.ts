import { hashBytes, hashText } from "./digest.ts";
import type { Digest, ItemHash } from "./digest.ts";
import { LeaseChanges } from "./lease-changes.ts";
import { takeResult } from "./result-hash.ts";
import { SortedMap } from "./sorted-map.ts";
import type { LeaseId, LeaseInfo, Result, SessionId } from "./types.ts";
import { KeptResult, ResultWindow } from "./window.ts";

/** A session as it is kept. Only the table changes it. */
export interface Session {
  readonly id: SessionId;
  /** SHA-256 of the secret, a byte in each character: an array of them takes many times the memory. */
  readonly secretHash: string;
  readonly ttlMs: number;
  readonly attach: number;
  readonly window: ResultWindow;
}

/** What a session begins with. */
export interface NewSession extends Pick<Session, "id" | "ttlMs" | "attach"> {
  /** SHA-256 of the secret. */
  readonly secretHash: Uint8Array;
}

interface OwnSession extends Session {
  attach: number;
  readonly idHash: number;
  readonly secretWord: number;
  /** The two words of its item in the digest. */
  a: number;
  b: number;
  /** A session of an earlier generation may be held by a snapshot: copy it before changing it. */
  readonly generation: number;
}

/** Sessions and leases at one moment, untouched by later changes. */
export interface FrozenSessions {
  readonly sessions: SortedMap<Session>;
  readonly leases: SortedMap<LeaseInfo>;
}

const sessionKind = 2;
const resultKind = 3;
const leaseKind = 4;

/** All sessions with their windows, and all leases. Every session has a lease of the same id. */
export class SessionTable {
  readonly leaseChanges: LeaseChanges = new LeaseChanges();
  readonly #digest: Digest;
  readonly #hash: ItemHash;
  readonly #byId: Map<SessionId, OwnSession> = new Map();
  readonly #sessions: SortedMap<Session> = new SortedMap();
  readonly #leases: SortedMap<LeaseInfo> = new SortedMap();
  /** The same, for those who ask for one: every renewal does. */
  readonly #leaseById: Map<LeaseId, LeaseInfo> = new Map();
  /** Leases of sessions besides their own: most have none. */
  readonly #furtherOf: Map<SessionId, Set<LeaseId>> = new Map();
  readonly #forget = ({ a, b }: KeptResult): void => this.#digest.remove(a, b);
  #generation = 0;

  constructor(digest: Digest, hash: ItemHash) {
    this.#digest = digest;
    this.#hash = hash;
  }

  get(id: SessionId): Session | undefined {
    return this.#byId.get(id);
  }

  /** Sorted by id. */
  all(): readonly Session[] {
    return this.#sessions.values();
  }

  /** Sorted by id, at most `limit` of those after `after`. */
  page(after: SessionId | null, limit: number): readonly Session[] {
    const found: Session[] = [];
    this.#sessions.scan(after === null ? "" : `${after}\u0000`, (_id, session) => {
      if (found.length === limit) return false;
      found.push(session);
      return true;
    });
    return found;
  }

  get counts(): { readonly sessions: number; readonly leases: number } {
    return { sessions: this.#sessions.size, leases: this.#leases.size };
  }

  lease(id: LeaseId): LeaseInfo | undefined {
    return this.#leaseById.get(id);
  }

  /** Sorted by id. */
  leases(): LeaseInfo[] {
    return this.#leases.values();
  }

  /** Sorted by id, at most `limit` of those after `after`. */
  leasesAfter(after: LeaseId | null, limit: number): readonly LeaseInfo[] {
    const found: LeaseInfo[] = [];
    this.#leases.scan(after === null ? "" : `${after}\u0000`, (_id, lease) => {
      if (found.length === limit) return false;
      found.push(lease);
      return true;
    });
    return found;
  }

  /** The leases of a session, its own among them; in no order. */
  leasesOf(session: SessionId): readonly LeaseId[] {
    const further = this.#furtherOf.get(session) ?? [];
    return this.#hasOwn(session) ? [session, ...further] : [...further];
  }

  /** How many leases a session has. */
  leaseCount(session: SessionId): number {
    return (this.#hasOwn(session) ? 1 : 0) + (this.#furtherOf.get(session)?.size ?? 0);
  }

  /** Adds a session without its lease. Every request up to `acked` counts as done and forgotten. */
  open({ id, secretHash, ttlMs, attach }: NewSession, acked: number): void {
    const hash = Buffer.from(secretHash.buffer, secretHash.byteOffset, secretHash.length);
    const view = new DataView(hash.buffer, hash.byteOffset, hash.length);
    const own: OwnSession = {
      id,
      secretHash: hash.toString("latin1"),
      ttlMs,
      attach,
      window: new ResultWindow(acked),
      idHash: hashText(id),
      secretWord: hashBytes(hash, view, 0),
      a: 0,
      b: 0,
      generation: this.#generation,
    };
    this.#set(own);
    this.#count(own);
  }

  /** Moves the session to an attach number. */
  moveTo(id: SessionId, attach: number): void {
    const session = this.#own(id);
    if (session === undefined) return;
    this.#discount(session);
    session.attach = attach;
    this.#count(session);
  }

  /** Forgets the results up to `ack` and keeps that of the next request; `encoded` when its bytes are known. */
  keep(id: SessionId, ack: number, result: Result, encoded: Uint8Array | null = null): KeptResult {
    const session = this.#own(id);
    if (session === undefined) return new KeptResult(result, encoded, 0, 0);
    const { window, idHash } = session;
    this.#discount(session);
    window.forget(ack, this.#forget);
    takeResult(
      this.#hash
        .begin(resultKind)
        .word(idHash)
        .int(window.lastSeq + 1),
      result,
    ).end();
    const kept = new KeptResult(result, encoded, this.#hash.a, this.#hash.b);
    window.push(kept);
    this.#digest.add(kept.a, kept.b);
    this.#count(session);
    return kept;
  }

  grant(lease: LeaseInfo): void {
    this.#setLease(lease);
    if (lease.id !== lease.session) this.#addFurther(lease);
    this.#hashLease(lease);
    this.#digest.add(this.#hash.a, this.#hash.b);
  }

  /** The lease is renewed no more. */
  doom(id: LeaseId): void {
    const lease = this.#leaseById.get(id);
    if (lease === undefined || lease.doomed) return;
    this.#hashLease(lease);
    this.#digest.remove(this.#hash.a, this.#hash.b);
    const doomed = { ...lease, doomed: true };
    this.#setLease(doomed);
    this.#hashLease(doomed);
    this.#digest.add(this.#hash.a, this.#hash.b);
  }

  endLease(id: LeaseId): void {
    const lease = this.#leaseById.get(id);
    if (lease === undefined) return;
    this.leaseChanges.note(id);
    this.#leaseById.delete(id);
    this.#leases.delete(id);
    const further = this.#furtherOf.get(lease.session);
    if (further?.delete(id) === true && further.size === 0) this.#furtherOf.delete(lease.session);
    this.#hashLease(lease);
    this.#digest.remove(this.#hash.a, this.#hash.b);
  }

  /** Removes a session with its window; its leases must have ended. */
  end(id: SessionId): void {
    const session = this.#own(id);
    if (session === undefined) return;
    this.#discount(session);
    session.window.forget(session.window.lastSeq, this.#forget);
    this.#byId.delete(id);
    this.#sessions.delete(id);
  }

  /** O(1). */
  frozen(): FrozenSessions {
    this.#generation += 1;
    return { sessions: this.#sessions.clone(), leases: this.#leases.clone() };
  }

  /** Another session's lease may have its id, as long as it is not open. */
  #hasOwn(session: SessionId): boolean {
    return this.#leaseById.get(session)?.session === session;
  }

  #addFurther({ id, session }: LeaseInfo): void {
    const further = this.#furtherOf.get(session);
    if (further === undefined) this.#furtherOf.set(session, new Set([id]));
    else further.add(id);
  }

  #own(id: SessionId): OwnSession | undefined {
    const session = this.#byId.get(id);
    if (session === undefined || session.generation === this.#generation) return session;
    const copy = { ...session, window: session.window.clone(), generation: this.#generation };
    this.#set(copy);
    return copy;
  }

  #set(session: OwnSession): void {
    this.#byId.set(session.id, session);
    this.#sessions.set(session.id, session);
  }

  #setLease(lease: LeaseInfo): void {
    this.leaseChanges.note(lease.id);
    this.#leaseById.set(lease.id, lease);
    this.#leases.set(lease.id, lease);
  }

  #count(session: OwnSession): void {
    const { window } = session;
    this.#hash.begin(sessionKind).word(session.idHash).word(session.secretWord);
    this.#hash.word(session.ttlMs).int(session.attach).int(window.acked).int(window.lastSeq).end();
    session.a = this.#hash.a;
    session.b = this.#hash.b;
    this.#digest.add(session.a, session.b);
  }

  #discount(session: OwnSession): void {
    this.#digest.remove(session.a, session.b);
  }

  #hashLease({ id, session, ttlMs, doomed }: LeaseInfo): void {
    this.#hash.begin(leaseKind).word(hashText(id)).word(hashText(session)).word(ttlMs);
    if (doomed) this.#hash.word(1);
    this.#hash.end();
  }
}
