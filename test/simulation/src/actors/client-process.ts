import { FlotillaError } from "@flotilla/runtime";
import type { ActorProcess } from "./actor.ts";
import { isPassing, sleep } from "./actor.ts";
import { closeTracked, openTracked } from "./sessions.ts";
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
  readonly #watchers: Watcher[] = [];
  #lives = 0;

  constructor(actor: ActorProcess, plan: ClientPlan, paths: Paths) {
    this.#actor = actor;
    this.#plan = plan;
    this.#paths = paths;
  }

  /** Resolves when all of it came to an end. */
  async run(): Promise<void> {
    const works = this.#works();
    const user = this.#actor.random.fork("own").below(works.length);
    const others: ActorProcess = { ...this.#actor, own: null };
    await Promise.all(works.map((work, at) => work(at === user ? this.#actor : others)));
    await this.#actor.world.outside.answered(this.#actor);
  }

  #works(): readonly ((actor: ActorProcess) => Promise<void>)[] {
    const { elects, registers, locks, leases, lists, recalls, counts, plays = [] } = this.#plan;
    const planned = [
      elects && ((actor: ActorProcess) => new Candidate(actor).run()),
      registers && ((actor: ActorProcess) => new Registrant(actor).run()),
      locks === true && ((actor: ActorProcess) => new Locker(actor).run()),
      leases === true && ((actor: ActorProcess) => new Lessee(actor).run()),
      lists === true && ((actor: ActorProcess) => new AclUser(actor).run()),
      recalls === true && ((actor: ActorProcess) => new Historian(actor, this.#paths).run()),
      counts === true && ((actor: ActorProcess) => new Accountant(actor).run()),
      plays.length > 0 && ((actor: ActorProcess) => new Player(actor, plays).run()),
    ];
    return [(actor) => this.#operate(actor), ...planned.filter((work) => work !== false)];
  }

  /** One session after another for registers and watches. */
  async #operate(actor: ActorProcess): Promise<void> {
    for (let k = 0; k < this.#plan.watches; k += 1)
      this.#watchers.push(new Watcher(actor, `watch${k}`, this.#paths));
    while (!actor.isStopping()) {
      const opened = await openTracked(actor);
      if (opened === null) return;
      await this.#use(opened.tracked);
      if (!opened.coord.session.signal.aborted) {
        await this.#settle(opened.tracked);
        await closeTracked(actor, opened);
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
