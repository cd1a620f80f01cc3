import type { Session } from "@flotilla/coord/client";
import { FlotillaError } from "@flotilla/runtime";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ActorProcess } from "./actor.ts";
import { isOver, isPassing } from "./actor.ts";
import type { Asked, Settled } from "./tracked-session.ts";

/** How a write is called; whoever numbers those of its session writes it down. */
export type EarlyWrite = <T extends { readonly revision: number }>(
  asked: Asked,
  call: () => Promise<T>,
) => Promise<Settled<T>>;

const mostAtOnce = 3;

/**
 * EarlyKept: what is asked of a session before it is open is done by that session once it is, and refused as of one that is
 * over only when it is.
 */
export class EarlyAsks {
  readonly #actor: ActorProcess;
  readonly #session: Session;
  readonly #write: EarlyWrite;
  readonly #random: KeyedRandom;

  constructor(actor: ActorProcess, session: Session, write: EarlyWrite = plainly) {
    this.#actor = actor;
    this.#session = session;
    this.#write = write;
    this.#random = actor.random.fork("early");
  }

  /** Asks at once; resolves when all of it is answered. */
  async run(): Promise<void> {
    if (this.#session.state !== "connecting") return;
    const count = 1 + this.#random.below(mostAtOnce);
    await Promise.all(
      Array.from({ length: count }, (_, at) => this.#ask(`/early-${this.#actor.name}-${at}`)),
    );
  }

  async #ask(path: string): Promise<void> {
    const { name } = this.#actor;
    const bounds = {
      timeoutMs: this.#random.chance(0.7) ? Number.POSITIVE_INFINITY : 1000 + this.#random.below(9000),
    };
    const watching = this.#random.chance(0.4) ? this.#watch(path) : null;
    const item = { type: "create", path, value: name, ephemeral: true } as const;
    const asked = { path, value: name, opId: null };
    const settled = this.#random.chance(0.3)
      ? await this.#write({ type: "multi", ...asked }, () => this.#session.multi([item], bounds))
      : await this.#write({ type: "create", ...asked }, () =>
          this.#session.create(path, name, { ephemeral: true, ...bounds }),
        );
    if (settled.outcome === "ok") await this.#stands(path);
    else if (settled.code !== "ERR_FLOTILLA_TIMEOUT")
      this.#missed(`${path} was refused with ${settled.code}`);
    await watching;
  }

  /** Nobody else takes it away. */
  async #stands(path: string): Promise<void> {
    try {
      const stat = await this.#session.exists(path, { timeoutMs: Number.POSITIVE_INFINITY });
      if (stat === null) this.#missed(`${path} is not there`);
      else if (stat.ephemeralOwner !== this.#session.id)
        this.#missed(`${path} belongs to ${String(stat.ephemeralOwner)}`);
    } catch (error) {
      this.#failed(`reading ${path}`, error);
    }
  }

  async #watch(path: string): Promise<void> {
    try {
      const watch = await this.#session.watch(path, { timeoutMs: Number.POSITIVE_INFINITY });
      await watch.close();
    } catch (error) {
      this.#failed(`watching ${path}`, error);
    }
  }

  #failed(what: string, error: unknown): void {
    if (!isPassing(error)) throw error;
    this.#missed(`${what} ended with ${String(error)}`);
  }

  #missed(what: string): void {
    if (isOver(this.#session)) return;
    const { findings } = this.#actor.world;
    findings.now("EarlyKept", `asked of session ${this.#session.id} before it was open: ${what}`);
  }
}

async function plainly<T>(_asked: Asked, call: () => Promise<T>): Promise<Settled<T>> {
  try {
    return { outcome: "ok", value: await call() };
  } catch (error) {
    if (!FlotillaError.is(error)) throw error;
    return { outcome: error.ambiguous ? "unknown" : "fail", code: error.code };
  }
}
