import type { Prober } from "@flotilla/runtime";
import type { Check, InstanceState, Registration } from "../../src/recipes/registry/api.ts";
import { type Client, World } from "./world.ts";

/** A program beside the process, which answers as it is told. */
export class Program implements Prober {
  status = 200;
  isListening = true;
  hangs = false;
  readonly asked: string[] = [];

  async http(url: string, signal: AbortSignal): Promise<number> {
    await this.#answer(url, signal);
    return this.status;
  }

  tcp(address: string, signal: AbortSignal): Promise<void> {
    return this.#answer(address, signal);
  }

  async #answer(what: string, signal: AbortSignal): Promise<void> {
    this.asked.push(what);
    if (this.hangs) {
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    }
    if (!this.isListening) throw new Error("connection refused");
  }
}

export const allStates: readonly InstanceState[] = [
  "passing",
  "warning",
  "critical",
  "draining",
  "maintenance",
];

export class Checked {
  readonly world: World;
  readonly client: Client;
  readonly observer: Client;
  readonly registration: Registration;

  private constructor(world: World, client: Client, observer: Client, registration: Registration) {
    this.world = world;
    this.client = client;
    this.observer = observer;
    this.registration = registration;
  }

  static async start(check: Check | undefined, prober: Prober = new Program()): Promise<Checked> {
    const world = await World.start();
    const client = await world.client({}, { prober });
    const observer = await world.client();
    const service = { name: "web", id: "w", address: "10.0.0.1", port: 80 };
    const registering = client.coord.registry.register(check === undefined ? service : { ...service, check });
    return new Checked(world, client, observer, await world.until(registering));
  }

  /** As others see it: its state, or null when it is not there. */
  async seen(): Promise<InstanceState | null> {
    const found = await this.world.until(this.observer.coord.registry.find("web", { states: allStates }));
    return found[0]?.state ?? null;
  }

  async after(ms: number): Promise<InstanceState | null> {
    await this.world.pass(ms);
    return this.seen();
  }
}
