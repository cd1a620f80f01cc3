import type { Credential, Session } from "@flotilla/coord/client";
import type { Acl, AclEntry } from "@flotilla/kv";
import { digestId, permissions } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import type { KeyedRandom } from "@flotilla/runtime/sim";
import type { ActorProcess } from "./actor.ts";
import { pick } from "../plan/draw.ts";
import { isOver, isPassing, think } from "./actor.ts";
import { leave, openCoord } from "./sessions.ts";
import { aclRoot } from "./paths.ts";

const users: readonly Credential[] = ["ann", "bob"].map((user) => ({ user, password: `${user}'s` }));
const folders = 3;
/** What a call may end with beside what says nothing. */
const expected: ReadonlySet<string> = new Set([
  "ERR_FLOTILLA_NO_AUTH",
  "ERR_FLOTILLA_NOT_FOUND",
  "ERR_FLOTILLA_EXISTS",
  "ERR_FLOTILLA_HAS_CHILDREN",
  "ERR_FLOTILLA_INVALID_ACL",
]);

function identityOf({ user, password }: Credential): { readonly scheme: "digest"; readonly id: string } {
  return { scheme: "digest", id: digestId(user, password) };
}

/** Puts access lists on a few nodes and their children, as one of two users or as nobody, and sees what they let it do. */
export class AclUser {
  readonly #actor: ActorProcess;
  readonly #random: KeyedRandom;

  constructor(actor: ActorProcess) {
    this.#actor = actor;
    this.#random = actor.random.fork("acl-user");
  }

  async run(): Promise<void> {
    while (!this.#actor.isStopping()) {
      const user = users[this.#random.below(users.length + 1)];
      const auth = user === undefined ? undefined : [user];
      const coord = await openCoord(this.#actor, auth);
      if (coord === null) return;
      const { session } = coord;
      this.#actor.world.ledger.identities.set(session.id, (auth ?? []).map(identityOf));
      await this.#try(() => session.create(aclRoot, "", { timeoutMs: 5000 }));
      await this.#use(session);
      await leave(this.#actor, coord);
    }
  }

  async #use(session: Session): Promise<void> {
    while (!isOver(session) && !this.#actor.isStopping()) {
      await think(this.#actor, this.#random, this.#actor.world.plan.config.thinkMs);
      if (isOver(session) || this.#actor.isStopping() || this.#random.chance(0.03)) return;
      await this.#step(session);
    }
  }

  async #step(session: Session): Promise<void> {
    const folder = `${aclRoot}/${this.#random.below(folders)}`;
    const path = this.#random.chance(0.6) ? `${folder}/below` : folder;
    const draw = this.#random.float();
    const limits = { timeoutMs: 1000 + this.#random.below(6000) };
    const list = this.#random.chance(0.5) ? {} : { acl: this.#list() };
    if (draw < 0.3) await this.#read(session, path);
    else if (draw < 0.5) await this.#try(() => session.create(path, "x", { ...limits, ...list }));
    else if (draw < 0.65) await this.#try(() => session.set(path, "y", limits));
    else if (draw < 0.8) await this.#try(() => session.delete(path, limits));
    else await this.#try(() => session.setAcl(path, this.#list(), limits));
  }

  /** One of the users may always change it again. */
  #list(): Acl {
    const random = this.#random;
    const some = (): number => 1 + random.below(permissions.all);
    const entries: AclEntry[] = [{ ...identityOf(pick(random, users)), permissions: permissions.admin }];
    for (const user of users)
      if (random.chance(0.5)) entries.push({ ...identityOf(user), permissions: some() });
    if (random.chance(0.4)) entries.push({ scheme: "world", id: "anyone", permissions: some() });
    if (random.chance(0.2)) entries.push({ scheme: "auth", id: "", permissions: some() });
    return entries;
  }

  async #read(session: Session, path: string): Promise<void> {
    const { ledger, golden } = this.#actor.world;
    const from = golden.commands.length;
    const outcome = await this.#try(() => session.get(path, { timeoutMs: 5000 }));
    if (outcome === "unknown") return;
    const shown = outcome === "ERR_FLOTILLA_NO_AUTH" ? "refused" : outcome === null ? "absent" : "node";
    ledger.aclReads.push({ session: session.id, path, shown, from, to: golden.commands.length });
  }

  /** What it came to, or the code of what it was refused with. */
  async #try<T>(call: () => Promise<T>): Promise<T | string> {
    try {
      const value = await call();
      this.#actor.world.ledger.answered += 1;
      return value;
    } catch (error) {
      if (isPassing(error)) return "unknown";
      if (!FlotillaError.is(error) || !expected.has(error.code)) throw error;
      this.#actor.world.ledger.answered += 1;
      return error.code;
    }
  }
}
