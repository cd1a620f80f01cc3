import type { MultiItem, Session } from "@flotilla/coord/client";
import type { SetRecord } from "@flotilla/history";
import type { Recorder } from "./recorder.ts";
import type { Coord } from "./session-client.ts";
import type { Turn, Work } from "./work.ts";
import { repeat, waitMs } from "./work.ts";

const root = "/sets";
/** Steps before another parent takes the place of one, so that it has few children. */
const stepsPerParent = 150;
const mostTogether = 3;

/** With this behind its other items a `multi` does nothing. */
function refusedAtLast(parent: string): readonly MultiItem[] {
  return [{ type: "check", path: parent, exists: false }];
}

/** Children of one parent that are made and deleted together, and sequential ones; both are listed again and again. */
export class TreeWork implements Work {
  readonly name = "tree";
  readonly #recorder: Recorder;
  readonly #parents: string[] = [];
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
      if (draw < 0.1) await this.#addTogether(client.session, parent, count, refusedAtLast(parent));
      else if (draw < 0.3) await this.#addTogether(client.session, parent, count, []);
      else if (draw < 0.5) await this.#addInSequence(client.session, parent);
      else if (draw < 0.65) await this.#remove(client.session);
      else await this.#list(client.session, parent);
    });
  }

  async lookAgain({ session }: Coord): Promise<void> {
    for (const parent of this.#parents) await this.#list(session, parent);
  }

  /** The parent whose turn it is; made when it is absent. */
  async #parent(session: Session): Promise<string> {
    const parent = `${root}/${Math.floor(this.#steps / stepsPerParent)}`;
    this.#steps += 1;
    if (this.#parents.includes(parent)) return parent;
    await session.put(parent, "", { timeoutMs: waitMs });
    if (!this.#parents.includes(parent)) this.#parents.push(parent);
    return parent;
  }

  async #addTogether(
    session: Session,
    parent: string,
    count: number,
    more: readonly MultiItem[],
  ): Promise<void> {
    this.#names += 1;
    const elements = Array.from({ length: count }, (_, k) => `g${this.#names}-${k}`);
    const items = elements.map((name) => ({ type: "create", path: `${parent}/${name}`, value: "" }) as const);
    const call = await this.#recorder.timed(() => session.multi([...items, ...more], { timeoutMs: waitMs }));
    this.#note({ ...call, object: parent, type: "add", elements });
    if (call.outcome === "ok") this.#standing.push({ parent, elements });
  }

  async #addInSequence(session: Session, parent: string): Promise<void> {
    const call = await this.#recorder.timed(() =>
      session.create(`${parent}/s`, "", { sequential: true, timeoutMs: waitMs }),
    );
    const name = call.value?.path.slice(parent.length + 1);
    const elements = name === undefined ? [] : [name];
    const order = name === undefined ? {} : { order: Number(name.slice(1)) };
    this.#note({ ...call, object: parent, type: "add", elements, ...order });
  }

  async #remove(session: Session): Promise<void> {
    const [first, ...rest] = this.#standing;
    if (first === undefined) return;
    this.#standing = rest;
    const { parent, elements } = first;
    const items = elements.map((name) => ({ type: "delete", path: `${parent}/${name}` }) as const);
    const call = await this.#recorder.timed(() => session.multi(items, { timeoutMs: waitMs }));
    this.#note({ ...call, object: parent, type: "remove", elements });
  }

  async #list(session: Session, parent: string): Promise<void> {
    const call = await this.#recorder.timed(() => session.children(parent, { timeoutMs: waitMs }));
    this.#note({ ...call, object: parent, type: "read", elements: call.value?.names ?? [] });
  }

  #note({ object, type, elements, order, invoke_ns, return_ns, outcome }: Omit<SetRecord, "kind">): void {
    const placed = order === undefined ? {} : { order };
    this.#recorder.history.add({
      kind: "set",
      object,
      type,
      elements,
      ...placed,
      invoke_ns,
      return_ns,
      outcome,
    });
  }
}
