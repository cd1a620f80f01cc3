import type { Coord } from "@flotilla/coord/node";
import { FlotillaError } from "@flotilla/runtime";
import type { ActorProcess } from "./actor.ts";
import { closeTracked, isPassing, openTracked, sleep } from "./actor.ts";
import { AclUser } from "./acl-user.ts";
import { Accountant } from "./accountant.ts";
import { Candidate } from "./candidate.ts";
import { Historian } from "./historian.ts";
import { Lessee } from "./lessee.ts";
import { Locker } from "./locker.ts";
import type { Paths } from "./paths.ts";
import { roots } from "./paths.ts";
import { Player } from "../plays/player.ts";
import { Registrant } from "./registrant.ts";
import { RegisterLane } from "./register-lane.ts";
import type { TrackedSession } from "./tracked-session.ts";
import { Watcher } from "./watcher.ts";
import type { ClientPlan } from "../plan/plan.ts";

/** Everything that one client process does. */
export class ClientWork {
  readonly #actor: ActorProcess;
  readonly #plan: ClientPlan;
  readonly #paths: Paths;
  readonly #own: Coord | null;
  readonly #watchers: Watcher[] = [];
  #lives = 0;

  /** @param own the session of the member it lives in, if it lives in one */
  constructor(actor: ActorProcess, plan: ClientPlan, paths: Paths, own: Coord | null) {
    this.#actor = actor;
    this.#plan = plan;
    this.#paths = paths;
    this.#own = own;
  }

  /** Resolves when all of it came to an end. */
  async run(): Promise<void> {
    const work = [this.#operate()];
    if (this.#plan.elects) work.push(new Candidate(this.#actor, this.#own).run());
    if (this.#plan.registers) work.push(new Registrant(this.#actor).run());
    if (this.#plan.locks === true) work.push(new Locker(this.#actor).run());
    if (this.#plan.leases === true) work.push(new Lessee(this.#actor).run());
    if (this.#plan.lists === true) work.push(new AclUser(this.#actor).run());
    if (this.#plan.recalls === true) work.push(new Historian(this.#actor, this.#paths).run());
    if (this.#plan.counts === true) work.push(new Accountant(this.#actor).run());
    const { plays = [] } = this.#plan;
    if (plays.length > 0) work.push(new Player(this.#actor, plays).run());
    await Promise.all(work);
    await this.#actor.world.outside.answered(this.#actor);
  }

  /** One session after another for registers and watches. */
  async #operate(): Promise<void> {
    for (let k = 0; k < this.#plan.watches; k += 1)
      this.#watchers.push(new Watcher(this.#actor, `watch${k}`, this.#paths));
    while (!this.#actor.isStopping()) {
      const opened = await openTracked(this.#actor);
      if (opened === null) return;
      await this.#use(opened.tracked);
      if (!opened.coord.session.signal.aborted) {
        await this.#settle(opened.tracked);
        await closeTracked(opened);
      }
    }
  }

  async #use(tracked: TrackedSession): Promise<void> {
    for (const path of roots) await this.#ensure(tracked, path);
    this.#lives += 1;
    const watching = this.#watchers.map((watcher) => watcher.run(tracked));
    const lanes = Array.from({ length: this.#plan.lanes }, (_, lane) =>
      new RegisterLane(this.#actor, tracked, `lane${lane}-${this.#lives}`, this.#paths).run(),
    );
    await Promise.all(lanes);
    if (tracked.session.signal.aborted) await Promise.all(watching);
    else for (const one of watching) one.catch(this.#actor.world.crashed);
  }

  /** Before the session ends, its watches must have told of everything that was there when this is called. */
  async #settle({ session }: TrackedSession): Promise<void> {
    const { revision } = this.#actor.world.golden;
    try {
      await session.sync({ timeoutMs: 10_000 });
      await sleep(this.#actor, 1000);
      if (!session.signal.aborted) for (const watcher of this.#watchers) watcher.caughtUp(revision);
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
  }

  async #ensure(tracked: TrackedSession, path: string): Promise<void> {
    if (tracked.session.signal.aborted) return;
    const asked = { type: "create", path, value: "", opId: null };
    const settled = await tracked.write(
      asked,
      () => tracked.session.create(path, "", { timeoutMs: 5000 }),
      (written) => written.revision,
    );
    if (settled.outcome === "fail" && settled.code !== "ERR_FLOTILLA_EXISTS") {
      throw new FlotillaError("ERR_FLOTILLA_INTERNAL", `creating ${path} was refused with ${settled.code}`);
    }
  }
}
