import { setTimeout as pause } from "node:timers/promises";
import type { Cluster, Site } from "./cluster.ts";
import { type Founder, founders, startMember } from "./flotilla.ts";
import { freePorts } from "./free-ports.ts";
import type { Launched } from "./launch.ts";
import { Relay } from "./relay.ts";

/** How long a fault lasts, and how long nothing is wrong before the next, ms. */
const hurtMs = 3_000;
const calmMs = 5_000;

/** A member behind a relay, as which the others and all clients know it. */
class Mortal {
  readonly port: number;
  readonly #start: () => Launched;
  readonly #relay: Relay;
  #process: Launched;

  constructor(port: number, relay: Relay, start: () => Launched) {
    this.port = port;
    this.#relay = relay;
    this.#start = start;
    this.#process = start();
  }

  get process(): Launched {
    return this.#process;
  }

  /** Killed without a word, and started again. */
  async die(): Promise<void> {
    this.#process.child.kill("SIGKILL");
    await this.#process.exited;
    await pause(hurtMs);
    this.#process = this.#start();
  }

  async hang(): Promise<void> {
    this.#process.child.kill("SIGSTOP");
    await pause(hurtMs);
    this.#process.child.kill("SIGCONT");
  }

  /** What it is told does not arrive, nor what it answers. */
  async deafen(): Promise<void> {
    this.#relay.cut();
    await pause(hurtMs);
    this.#relay.heal();
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await this.#relay.close();
  }
}

const faults = ["die", "hang", "deafen"] as const;

/** Three members that are hurt one after the other. */
export class FaultyCluster {
  readonly #members: readonly Mortal[];

  private constructor(members: readonly Mortal[]) {
    this.#members = members;
  }

  static async start(site: Site): Promise<FaultyCluster> {
    const real = await founders(site.folder);
    const ports = await freePorts(real.length);
    const known = real.map((founder, k): Founder => ({ ...founder, port: ports[k] ?? 0 }));
    const members = real.map(async (founder, k) => {
      const port = ports[k] ?? 0;
      const relay = await Relay.open(port, founder.port);
      return new Mortal(port, relay, () => startMember(site, founder, known));
    });
    return new FaultyCluster(await Promise.all(members));
  }

  get cluster(): Cluster {
    return { system: "flotilla", members: this.#members };
  }

  /** Hurts each in turn, in each way, until the signal fires and all are well again; resolves with how often. */
  async hurt(signal: AbortSignal): Promise<number> {
    for (let count = 0; ; count += 1) {
      await pause(calmMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return count;
      const fault = faults[count % faults.length];
      // Each way meets each of them.
      const member = this.#members[(count + Math.floor(count / faults.length)) % this.#members.length];
      if (fault !== undefined) await member?.[fault]();
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.stop()));
  }
}
