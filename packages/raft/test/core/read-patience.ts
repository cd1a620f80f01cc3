import type { NodeId, Term } from "../../src/core/types.ts";
import { check } from "./check.ts";
import type { Member } from "./member.ts";

/** What a tick met: how many answers there were, and whom the member followed. */
interface Before {
  readonly answers: number;
  readonly leader: NodeId | null;
  readonly term: Term;
}

/** PatientRead: nobody who goes on following the same leader gives a read up before an election timeout is over. */
export class ReadPatience {
  readonly #ticks = new Map<string, number>();
  /** Ticks of the member before a read was asked for. */
  readonly #asked = new Map<string, number>();
  #before: Before | null = null;

  asks({ id }: Member, read: number): void {
    this.#asked.set(`${id}/${read}`, this.#ticks.get(id) ?? 0);
  }

  begin({ id, reads, raft }: Member): void {
    this.#ticks.set(id, (this.#ticks.get(id) ?? 0) + 1);
    const { leader, term } = raft;
    this.#before = raft.role === "follower" ? { answers: reads.length, leader, term } : null;
  }

  end({ id, reads, raft, electionTicks }: Member): void {
    const before = this.#before;
    if (before === null || before.leader !== raft.leader || before.term !== raft.term) return;
    for (const { id: read, index } of reads.slice(before.answers)) {
      const waited = (this.#ticks.get(id) ?? 0) - (this.#asked.get(`${id}/${read}`) ?? 0);
      check(index !== null || waited >= electionTicks, "PatientRead", { id, read, waited });
    }
  }
}
