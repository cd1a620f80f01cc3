import { setTimeout as pause } from "node:timers/promises";
import { Histogram } from "../load/histogram.ts";
import { monotonicUs } from "../raft/messages.ts";
import type { Asked } from "../report/asked.ts";
import { atMost } from "../report/asked.ts";
import type { Site } from "../systems/cluster.ts";
import type { Founder } from "../systems/flotilla.ts";
import { founders, memberOptions } from "../systems/flotilla.ts";
import type { CoordBench } from "./bench.ts";
import { ms } from "./bench.ts";
import { CoordProcess } from "./coord-process.ts";

const sessionTtlMs = 2_000;
const pollMs = 20;
const patienceMs = 30_000;

type Holder = CoordProcess<"holder">;

/** Three members, each of them one who may hold the lock. */
class Holders {
  readonly #site: Site;
  readonly #all: readonly Founder[];
  readonly #running = new Map<Founder, Holder>();

  constructor(site: Site, all: readonly Founder[]) {
    this.#site = site;
    this.#all = all;
  }

  /** Starts those that do not run. */
  async start(): Promise<void> {
    const missing = this.#all.filter((founder) => !this.#running.has(founder));
    await Promise.all(
      missing.map(async (founder) => {
        const member = memberOptions(founder, this.#all);
        const job = { type: "holder", member, sessionTtlMs } as const;
        this.#running.set(founder, await CoordProcess.start<"holder">(this.#site, job));
      }),
    );
  }

  /** The leader first. @throws Error when there is none within half a minute */
  async byRole(): Promise<readonly Holder[]> {
    const until = performance.now() + patienceMs;
    for (;;) {
      const all = [...this.#running.values()];
      const roles = await Promise.all(all.map((each) => each.ask({ type: "role" })));
      const leader = all[roles.findIndex(({ leads }) => leads)];
      if (leader !== undefined) return [leader, ...all.filter((each) => each !== leader)];
      if (performance.now() > until) throw new Error("the members found no leader");
      await pause(pollMs);
    }
  }

  async end(holder: Holder, how: (holder: Holder) => Promise<void>): Promise<void> {
    await how(holder);
    for (const [founder, each] of this.#running) if (each === holder) this.#running.delete(founder);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map((each) => each.stop()));
  }
}

/** How a holder ends. */
interface End {
  readonly name: string;
  readonly leads: boolean;
  readonly boundMs: number;
  /** Ends it; the moment it began to, on the monotonic clock, µs. */
  readonly end: (holder: Holder) => Promise<number>;
}

async function killed(holder: Holder): Promise<number> {
  // Holders die at any moment between two renewals.
  await pause(Math.random() * sessionTtlMs);
  const atUs = monotonicUs();
  void holder.kill();
  return Promise.resolve(atUs);
}

async function closed(holder: Holder): Promise<number> {
  return (await holder.ask({ type: "close" })).atUs;
}

const ends: readonly End[] = [
  { name: "killed, not the raft leader", leads: false, boundMs: sessionTtlMs + 300, end: killed },
  { name: "killed, also the raft leader", leads: true, boundMs: sessionTtlMs + 800, end: killed },
  { name: "closed", leads: false, boundMs: 50, end: closed },
];

async function trial(holders: Holders, { leads, end }: End): Promise<number> {
  await holders.start();
  const [leader, ...others] = await holders.byRole();
  const holder = leads ? leader : others[0];
  const next = leads ? others[0] : leader;
  if (holder === undefined || next === undefined) throw new Error("a member is missing");
  await holder.ask({ type: "hold" });
  const held = next.ask({ type: "hold" });
  await holder.ask({ type: "waiters", count: 1 });
  const atUs = await end(holder);
  const { atUs: heldUs } = await held;
  await holders.end(holder, (each) => each.exited);
  await next.ask({ type: "release" });
  return (heldUs - atUs) / 1000;
}

/** How long a lock stays without a holder whose process ended. */
export async function takeover({ site, extent, progress }: CoordBench): Promise<Asked[]> {
  const holders = new Holders(site, await founders(site.folder));
  const figures: Asked[] = [];
  for (const each of ends) {
    const gaps = new Histogram();
    for (let k = 0; k < extent.trials; k += 1) gaps.record(await trial(holders, each));
    const p50 = gaps.quantileMs(0.5);
    progress(`takeover: holder ${each.name}: p50 ${ms(p50)}, max ${ms(gaps.maxMs)} in ${extent.trials}`);
    figures.push(atMost(`holder ${each.name}: next holder's callback, p50`, p50, each.boundMs, "ms"));
  }
  await holders.stop();
  return figures;
}
