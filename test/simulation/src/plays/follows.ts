import type { Session } from "@flotilla/coord/client";
import type { ActorProcess } from "../actors/actor.ts";
import { isPassing } from "../actors/actor.ts";
import { Dues } from "../actors/dues.ts";
import type { FollowRecord } from "../actors/followed.ts";

/** Shows one state after the other, each as text, until the signal fires. */
export type Follow = (show: (text: string) => void, signal: AbortSignal) => Promise<void>;

/** Whatever is followed on one session. */
export class Follows {
  readonly #actor: ActorProcess;
  readonly #session: Session;
  readonly #ending = new AbortController();
  readonly #following: Promise<void>[] = [];
  #dues: Dues | null = null;

  constructor(actor: ActorProcess, session: Session) {
    this.#actor = actor;
    this.#session = session;
  }

  add(what: string, follow: Follow): void {
    const record: FollowRecord = { what, who: this.#actor.name, shown: [], dues: [] };
    this.#actor.world.ledger.followed.push(record);
    this.#dues ??= new Dues(this.#actor, this.#session);
    this.#dues.add(record);
    const following = this.#follow(follow, record);
    following.catch(this.#actor.world.crashed);
    this.#following.push(following);
  }

  /** Ends them; when everybody comes to an end, only once all is shown. */
  async end(): Promise<void> {
    await this.#dues?.end();
    this.#ending.abort();
    await Promise.all(this.#following);
  }

  async #follow(follow: Follow, { shown }: FollowRecord): Promise<void> {
    try {
      await follow((text) => shown.push(text), this.#ending.signal);
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
  }
}
