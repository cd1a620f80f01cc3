import { fileURLToPath } from "node:url";
import type { Launch, Launched } from "../systems/launch.ts";
import { ask } from "../systems/launch.ts";

const program = fileURLToPath(new URL("bare-main.js", import.meta.url));

/** What the parent asks of a bare process. */
export type BareRequest =
  | { readonly type: "follow" }
  | { readonly type: "lead"; readonly ports: readonly number[] }
  | { readonly type: "cpu" };

function numberIn(said: unknown, name: string): number {
  const value: unknown = typeof said === "object" && said !== null ? Reflect.get(said, name) : undefined;
  if (typeof value !== "number") throw new Error(`a bare process did not say its ${name}`);
  return value;
}

/** Three processes that exchange the frames of an idle cluster on plain sockets, and do nothing else. */
export class BareCluster {
  readonly #leader: Launched;
  readonly #followers: readonly Launched[];

  private constructor(leader: Launched, followers: readonly Launched[]) {
    this.#leader = leader;
    this.#followers = followers;
  }

  static async start(launch: Launch): Promise<BareCluster> {
    const options = { pin: "servers", ipc: true, logFile: null } as const;
    const leader = launch.node([program], options);
    const followers = [1, 2].map(() => launch.node([program], options));
    const ports = await Promise.all(
      followers.map(async (one) => numberIn(await ask(one, { type: "follow" }), "port")),
    );
    await ask(leader, { type: "lead", ports });
    return new BareCluster(leader, followers);
  }

  /** CPU that the leader has used, and when, µs. */
  async cpu(): Promise<{ readonly cpuUs: number; readonly atUs: number }> {
    const said = await ask(this.#leader, { type: "cpu" });
    return { cpuUs: numberIn(said, "cpuUs"), atUs: numberIn(said, "atUs") };
  }

  async stop(): Promise<void> {
    await Promise.all([this.#leader, ...this.#followers].map((one) => one.stop()));
  }
}
