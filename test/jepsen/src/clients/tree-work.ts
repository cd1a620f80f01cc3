import type { MultiItem, Session } from "@flotilla/coord/client";
import type { SetRecord } from "@flotilla/history";
import type { Recorder, TimedCall } from "./recorder.ts";
import { isDone } from "./recorder.ts";
import type { Coord } from "./session-client.ts";
import type { Turn, Work } from "./work.ts";
import { insist, repeat, waitMs } from "./work.ts";

const root = "/sets";
/** Steps before another parent takes the place of one, so that it has few children. */
const stepsPerParent = 150;
const mostTogether = 3;

/** With this behind its other items a `multi` does nothing. */
function refusedAtLast(parent: string): readonly MultiItem[] {
  return [{ type: "check", path: parent, exists: false }];
}

/** Children to be made together. */
interface Addition {
  readonly session: Session;
  /** Of the client. */
  readonly name: string;
  readonly parent: string;
  readonly count: number;
  /** Items behind those that make them. */
  readonly more: readonly MultiItem[];
}

/** Children of one parent that are made and deleted together, and sequential ones; both are listed again and again. */
export class TreeWork implements Work {
  readonly name = "tree";
  readonly #recorder: Recorder;
  readonly #parents = new Set<string>();
  /** Sets of children that were made together and that nobody has tried to delete. */
  #standing: { parent: string; elements: string[] }[] = [];
  #steps = 0;
  #names = 0;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  async prepare(session: Session): Promise<void> {
    await session.create(root, "");
  }

  run(client: Coord, turn: Turn): Promise<void> {
    const { random } = turn;
    return repeat(client, turn, async () => {
      const parent = await this.#parent(client.session);
      const draw = random.float();
      const count = 1 + random.below(mostTogether);
      const addition = { session: client.session, name: turn.name, parent, count };
      if (draw < 0.1) await this.#addTogether({ ...addition, more: refusedAtLast(parent) });
      else if (draw < 0.3) await this.#addTogether({ ...addition, more: [] });
      else if (draw < 0.5) await this.#addInSequence(client.session, parent);
      else if (draw < 0.65) await this.#remove(client.session);
      else await this.#list(client.session, parent);
    });
  }

  async lookAgain({ session }: Coord): Promise<void> {
    const { names } = (await session.children(root)) ?? { names: [] };
    for (const name of names) {
      const parent = `${root}/${name}`;
      await insist(parent, () => this.#list(session, parent), isDone);
    }
  }

  /** The parent whose turn it is; made when it is absent. */
  async #parent(session: Session): Promise<string> {
    const parent = `${root}/${Math.floor(this.#steps / stepsPerParent)}`;
    this.#steps += 1;
    if (this.#parents.has(parent)) return parent;
    await session.put(parent, "", { timeoutMs: waitMs });
    this.#parents.add(parent);
    return parent;
  }

  async #addTogether({ session, name, parent, count, more }: Addition): Promise<void> {
    this.#names += 1;
    const elements = Array.from({ length: count }, (_, k) => `g-${name}-${this.#names}-${k}`);
    const items = elements.map(
      (child) => ({ type: "create", path: `${parent}/${child}`, value: "" }) as const,
    );
    const { outcome } = await this.#recorder.noted(
      () => session.multi([...items, ...more], { timeoutMs: waitMs }),
      (call) => recordOf(call, { object: parent, type: "add", elements }),
    );
    if (outcome === "ok") this.#standing.push({ parent, elements });
  }

  async #addInSequence(session: Session, parent: string): Promise<void> {
    await this.#recorder.noted(
      () => session.create(`${parent}/s`, "", { sequential: true, timeoutMs: waitMs }),
      (call) => {
        if (call.value === null) return recordOf(call, { object: parent, type: "add", elements: [] });
        const name = call.value.path.slice(parent.length + 1);
        const order = Number(name.slice(1));
        return recordOf(call, { object: parent, type: "add", elements: [name], order });
      },
    );
  }

  async #remove(session: Session): Promise<void> {
    const [first, ...rest] = this.#standing;
    if (first === undefined) return;
    this.#standing = rest;
    const { parent, elements } = first;
    const items = elements.map((name) => ({ type: "delete", path: `${parent}/${name}` }) as const);
    await this.#recorder.noted(
      () => session.multi(items, { timeoutMs: waitMs }),
      (call) => recordOf(call, { object: parent, type: "remove", elements }),
    );
  }

  #list(session: Session, parent: string): Promise<TimedCall<unknown>> {
    return this.#recorder.noted(
      () => session.children(parent, { timeoutMs: waitMs }),
      (call) => recordOf(call, { object: parent, type: "read", elements: call.value?.names ?? [] }),
    );
  }
}

function recordOf(
  { invoke_ns, return_ns, outcome }: TimedCall<unknown>,
  what: Pick<SetRecord, "object" | "type" | "elements" | "order">,
) {
  return { kind: "set", ...what, invoke_ns, return_ns, outcome } as const satisfies SetRecord;
}
