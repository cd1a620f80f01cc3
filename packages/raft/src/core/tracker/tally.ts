import { isFounding } from "../config/configuration.ts";
import type { Configuration, Member } from "../config/configuration.ts";
import { isQuorum } from "../quorum.ts";
import type { NodeId } from "../types.ts";

interface Answer {
  readonly granted: boolean;
  readonly incarnation: string;
}

/**
 * Answers to one round of votes or pre-votes. A voter's first grant counts, whatever it says before or after: a
 * refusal may be a late one, of an earlier round.
 */
export class Tally {
  readonly kind: "pre-vote" | "vote";
  /** The votes are asked for because the leader hands over. */
  readonly transfer: boolean;
  readonly #answers = new Map<NodeId, Answer>();

  constructor(kind: "pre-vote" | "vote", transfer: boolean = false) {
    this.kind = kind;
    this.transfer = transfer;
  }

  record(id: NodeId, incarnation: string, granted: boolean): void {
    if (this.incarnationOf(id) === undefined) this.#answers.set(id, { granted, incarnation });
  }

  answered(id: NodeId): boolean {
    return this.#answers.has(id);
  }

  /** The incarnation that granted for `id`; undefined when it did not. */
  incarnationOf(id: NodeId): string | undefined {
    const answer = this.#answers.get(id);
    return answer?.granted === true ? answer.incarnation : undefined;
  }

  /** The founding configuration needs everybody, any later one a majority of the incarnations that each half names. */
  won(configuration: Configuration): boolean {
    const { voters } = configuration;
    if (isFounding(configuration))
      return voters.length > 0 && voters.every(({ id }) => this.incarnationOf(id) !== undefined);
    return isQuorum(configuration, (voter) => this.#grantedBy(voter));
  }

  #grantedBy({ id, incarnation }: Member): boolean {
    return this.incarnationOf(id) === incarnation;
  }
}
