import type { AppendReply, Message } from "../../src/core/message.ts";
import type { Index, Term } from "../../src/core/types.ts";
import type { Member } from "./member.ts";

/** Where a leader looks for the place at which a peer's log meets its own. */
interface Search {
  readonly term: Term;
  /** Index of the leader's configuration. */
  readonly membership: Index;
  asked: Index;
  /** Refused places, while nothing was acknowledged since. */
  readonly refused: Set<Index>;
  /** The lowest of them. */
  lowest: Index;
}

function termsIn({ raft }: Member): number {
  const terms = new Set<number | null>();
  for (let index = raft.firstIndex - 1; index <= raft.last.index; index += 1) terms.add(raft.termAt(index));
  return terms.size;
}

/**
 * A leader finds in few questions where a log meets its own, however much both differ: each refusal leads further back,
 * past all that one term holds in either log. Paper §5.3.
 */
export class ProbeChecker {
  readonly #searches = new Map<string, Search>();

  /** `to` hears, or will, from a leader. */
  sent(leader: Member, to: string, message: Message): void {
    if (message.type === "snapshot-offer") this.forget(leader.id, to);
    if (message.type !== "append") return;
    const search = this.#of(leader, to);
    const { index } = message.prev;
    search.asked = index;
    if (index >= search.lowest)
      throw new Error(
        `ProbeDescends: ${leader.id} asks ${to} at ${index}, which refused at ${search.lowest}`,
      );
  }

  /** A leader is about to hear the answer of a peer. */
  answered(leader: Member, from: Member, reply: AppendReply): void {
    const { id, raft } = leader;
    if (raft.role !== "leader" || reply.term !== raft.term) return;
    const { match, hint, prevIndex } = reply;
    if (match !== null) return this.forget(id, from.id);
    const search = this.#of(leader, from.id);
    if (hint === null || search.asked !== prevIndex || prevIndex <= (raft.matchOf(from.id) ?? 0)) return;
    search.refused.add(prevIndex);
    search.lowest = Math.min(search.lowest, prevIndex);
    const due = termsIn(leader) + termsIn(from) + 1;
    if (search.refused.size > due)
      throw new Error(
        `ProbeLeaps: ${from.id} refused ${id} at ${[...search.refused].join(", ")}, ${due} are due`,
      );
  }

  /** Something else tells where the logs meet. */
  forget(leader: string, peer: string): void {
    this.#searches.delete(`${leader} ${peer}`);
  }

  #of({ id, raft }: Member, peer: string): Search {
    const key = `${id} ${peer}`;
    const { term, configuration } = raft;
    const known = this.#searches.get(key);
    // With other members it may begin anew.
    if (known?.term === term && known.membership === configuration.index) return known;
    const membership = configuration.index;
    const lowest = Number.POSITIVE_INFINITY;
    const search: Search = { term, membership, asked: -1, refused: new Set(), lowest };
    this.#searches.set(key, search);
    return search;
  }
}
