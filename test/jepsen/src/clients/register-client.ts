import { setTimeout as pause } from "node:timers/promises";
import type { Session } from "@flotilla/coord/client";
import { text } from "@flotilla/coord/client";
import type { OpResult, Operation } from "@flotilla/history";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import { patienceMs } from "../processes/until.ts";
import type { Recorder, Refusal } from "./recorder.ts";
import type { RegisterPaths } from "./register-paths.ts";
import { RegisterWatcher } from "./register-watcher.ts";
import type { ClientOptions, Coord } from "./session-client.ts";
import { SessionClient } from "./session-client.ts";

/** The longest wait for one answer. */
const longestWaitMs = 4_000;
/** Readers often wait for less, so that they ask on while a server is silent. */
const shortestWaitMs = 100;
const absent: Refusal = { refused: "NO_NODE" };

/** Whether it writes, too. A session's reads wait for its earlier writes: only one that never writes asks a cut-off server. */
export type Habit = "reads-and-writes" | "reads";

/** Several requests in flight on one session, each of its lanes a logical client, beside a watch over all registers. */
export class RegisterClient extends SessionClient {
  readonly #habit: Habit;
  readonly #paths: RegisterPaths;
  readonly #recorder: Recorder;
  readonly #versions = new Map<string, number>();
  #values = 0;
  /** The highest revision of a register that the session under way was shown. */
  #seen = 0;

  constructor(options: ClientOptions, habit: Habit, paths: RegisterPaths, recorder: Recorder) {
    super(options);
    this.#habit = habit;
    this.#paths = paths;
    this.#recorder = recorder;
  }

  protected override async use(client: Coord, random: KeyedRandom): Promise<void> {
    const { name, plan } = this.options;
    const watcher = new RegisterWatcher(name, client.session, this.#recorder);
    const watching = watcher.run();
    this.#seen = 0;
    await Promise.all(
      Array.from({ length: plan.lanes }, (_, lane) => this.#work(client.session, random.fork(String(lane)))),
    );
    await watcher.finish(this.#seen);
    await client.close();
    await watching;
  }

  async #work(session: Session, random: KeyedRandom): Promise<void> {
    const recorder = this.#recorder;
    let client = recorder.history.newClient();
    while (!session.signal.aborted && !this.stopping.aborted) {
      const op = this.#draw(this.#paths.draw(random), random);
      const waitMs =
        this.#habit === "reads" && random.chance(0.7)
          ? shortestWaitMs + random.below(longestWaitMs / 4)
          : longestWaitMs;
      client = await recorder.perform(client, session, op, () => this.#call(session, op, waitMs));
      await pause(random.below(2 * this.options.plan.thinkMs + 1));
    }
  }

  #draw(path: string, random: KeyedRandom): Operation {
    const draw = random.float() * (this.#habit === "reads" ? 0.36 : 1);
    if (draw < 0.3) return { type: "get", path };
    if (draw < 0.36) return { type: "exists", path };
    if (draw < 0.44) return { type: "delete", path };
    this.#values += 1;
    const value = `${this.options.name}-${this.#values}`;
    if (draw < 0.6) return { type: "create", path, value };
    if (draw < 0.82) return { type: "set", path, value };
    const expectedVersion = Math.max(0, (this.#versions.get(path) ?? 0) - random.below(2));
    return { type: "cas", path, value, expectedVersion };
  }

  async #call(session: Session, op: Operation, waitMs: number): Promise<OpResult | Refusal> {
    const result = await perform(session, op, waitMs);
    if (!("refused" in result) && result.version !== undefined) this.#versions.set(op.path, result.version);
    if (!("refused" in result)) this.#seen = Math.max(this.#seen, result.zxid ?? 0);
    return result;
  }
}

/**
 * Reads every path until it is answered, so that whatever was acknowledged last is asked for, too.
 * @param isHopeless true when nothing will be answered any more
 * @returns those that were not, for as long as patience lasts
 */
export async function readAll(
  recorder: Recorder,
  session: Session,
  paths: ReadonlySet<string>,
  isHopeless: () => boolean = () => false,
): Promise<readonly string[]> {
  const deadlineMs = performance.now() + patienceMs;
  let reader = recorder.history.newClient();
  const answered = new Set<string>();
  for (const path of paths) {
    const op = { type: "get", path } as const;
    const read = async (): Promise<OpResult | Refusal> => {
      const result = await perform(session, op, longestWaitMs);
      answered.add(path);
      return result;
    };
    do reader = await recorder.perform(reader, session, op, read);
    while (!answered.has(path) && !session.signal.aborted && !isHopeless() && performance.now() < deadlineMs);
  }
  return [...paths].filter((path) => !answered.has(path));
}

/** One operation of the versioned-register model, on a session. @throws FlotillaError as the session does */
async function perform(
  session: Session,
  { type, path, value = "", expectedVersion }: Operation,
  timeoutMs: number,
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
