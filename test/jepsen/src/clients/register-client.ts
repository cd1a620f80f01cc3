import { setTimeout as pause } from "node:timers/promises";
import type { ConnectOptions, Session } from "@flotilla/coord/client";
import { connect, text } from "@flotilla/coord/client";
import type { OpResult, Operation } from "@flotilla/history";
import { FlotillaError } from "@flotilla/runtime";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { Plan } from "../plan/plan.ts";
import type { Recorder, Refusal } from "./recorder.ts";
import type { RegisterPaths } from "./register-paths.ts";

export interface ClientOptions {
  readonly name: string;
  readonly plan: Plan;
  readonly connect: Omit<ConnectOptions, "signal">;
  readonly random: KeyedRandom;
  readonly paths: RegisterPaths;
  readonly recorder: Recorder;
}

/** The longest wait for one answer. */
const timeoutMs = 4_000;
const absent: Refusal = { refused: "NO_NODE" };

/** A session with several requests in flight, each of its lanes a logical client; a new session when one is lost. */
export class RegisterClient {
  readonly #options: ClientOptions;
  readonly #stop = new AbortController();
  readonly #versions = new Map<string, number>();
  #values = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
    // Heard of by `stop`; until then nobody waits for it.
    this.#running.catch(() => {});
  }

  /** Begins nothing more; resolves once all it began has ended. @throws whatever is no error of the product's */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await using client = await connect({ ...this.#options.connect, signal: this.#stop.signal });
        const lanes = Array.from({ length: this.#options.plan.lanes }, (_, lane) =>
          this.#work(client.session, this.#options.random.fork(`${client.session.id}/${lane}`)),
        );
        await Promise.all(lanes);
      } catch (error) {
        if (!FlotillaError.is(error)) throw error;
      }
    }
  }

  async #work(session: Session, random: KeyedRandom): Promise<void> {
    const { plan, recorder, paths } = this.#options;
    let client = recorder.history.newClient();
    while (!session.signal.aborted && !this.#stop.signal.aborted) {
      const op = this.#draw(paths.draw(random), random);
      client = await recorder.perform(client, session, op, () => this.#call(session, op));
      await pause(random.below(2 * plan.thinkMs + 1));
    }
  }

  #draw(path: string, random: KeyedRandom): Operation {
    const draw = random.float();
    if (draw < 0.3) return { type: "get", path };
    if (draw < 0.36) return { type: "exists", path };
    if (draw < 0.44) return { type: "delete", path };
    this.#values += 1;
    const value = `${this.#options.name}-${this.#values}`;
    if (draw < 0.6) return { type: "create", path, value };
    if (draw < 0.82) return { type: "set", path, value };
    const expectedVersion = Math.max(0, (this.#versions.get(path) ?? 0) - random.below(2));
    return { type: "cas", path, value, expectedVersion };
  }

  async #call(session: Session, op: Operation): Promise<OpResult | Refusal> {
    const result = await perform(session, op);
    if (!("refused" in result) && result.version !== undefined) this.#versions.set(op.path, result.version);
    return result;
  }
}

/** One operation of the versioned-register model, on a session. @throws FlotillaError as the session does */
export async function perform(
  session: Session,
  { type, path, value = "", expectedVersion }: Operation,
): Promise<OpResult | Refusal> {
  switch (type) {
    case "get": {
      const node = await session.get(path, { timeoutMs });
      if (node === null) return absent;
      return { value: text(node), version: node.stat.version, zxid: node.stat.mzxid };
    }
    case "exists": {
      const stat = await session.exists(path, { timeoutMs });
      if (stat === null) return { exists: false };
      return { exists: true, version: stat.version, zxid: stat.mzxid };
    }
    case "delete":
      return (await session.delete(path, { timeoutMs })) ? {} : absent;
    case "create": {
      const { stat, revision } = await session.create(path, value, { timeoutMs });
      return { version: stat.version, zxid: revision };
    }
    default: {
      const condition = expectedVersion === undefined ? {} : { version: expectedVersion };
      const { stat, revision } = await session.set(path, value, { ...condition, timeoutMs });
      return { version: stat.version, zxid: revision };
    }
  }
}
