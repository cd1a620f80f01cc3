import type { Registration } from "@flotilla/coord";
import type { Book } from "../book.ts";
import type { Me } from "../me.ts";
import type { Play, Scope, Script } from "../scope.ts";
import { everywhere, fired } from "./base.ts";

/** What is registered, as those who did it believe. */
class Listed {
  readonly #book: Book;
  readonly #registrations: { readonly me: Me; readonly registration: Registration }[] = [];

  constructor(book: Book) {
    this.#book = book;
  }

  async register(me: Me, id: string): Promise<Registration | null> {
    const registration = await me.trying((signal) =>
      me.coord.registry.register({ name: "x", address: me.id, id }, { signal }),
    );
    if (registration === null) return null;
    const twice = this.#registrations.some(
      (other) =>
        !other.me.process.isDead && other.registration.isListed && other.registration.instance.id === id,
    );
    if (twice) this.#book.broken("OneOfAnId", { who: me.id, id });
    this.#registrations.push({ me, registration });
    return registration;
  }
}

function registers(listed: Listed, id: (me: Me) => string): Script {
  return async (me) => {
    const registration = await listed.register(me, id(me));
    if (registration === null) return;
    await me.step();
    const drained = registration.drain();
    const updated = registration.update({ weight: 2 });
    await Promise.all([drained, updated]);
    await me.step();
    await registration.deregister();
  };
}

/** What those see who watch it adds up. */
function follows(book: Book): Script {
  return async (me) => {
    const known = new Map<string, number>();
    await me.trying(async (signal) => {
      for await (const change of me.coord.registry.watch("x", { states: ["passing", "draining"], signal })) {
        for (const { id, revision } of change.removed) {
          if (known.get(id) !== revision) book.broken("RemovedOnce", { id, revision });
          known.delete(id);
        }
        for (const { id, revision } of change.added) {
          if (known.has(id)) book.broken("AddedOnce", { id, revision });
          known.set(id, revision);
        }
        for (const { id, revision } of change.changed) {
          if ((known.get(id) ?? Infinity) >= revision) book.broken("ChangedLater", { id, revision });
          known.set(id, revision);
        }
        const told = change.instances.map(({ id, revision }) => `${id} ${revision}`).join();
        const sum = [...known].toSorted(([a], [b]) => (a < b ? -1 : 1)).map((pair) => pair.join(" "));
        if (told !== sum.join()) book.broken("ChangesAddUp", { told });
      }
    });
    if (me.process.suffered.has("end") && !me.process.suffered.has("abort") && known.size > 0)
      book.broken("EveryChangeIsTold", { left: [...known.keys()] });
  };
}

function registry(id: (me: Me) => string): (book: Book) => Play {
  return (book) => {
    const listed = new Listed(book);
    return {
      scripts: [registers(listed, id), registers(listed, id), follows(book)],
      mayWait: (waiting) => waiting.join() === "c",
      after: async ({ coord }) => {
        const left = await coord.registry.find("x", { states: ["passing", "draining"] });
        if (left.length > 0) book.broken("NothingIsLeft", { left: left.map((one) => one.id) });
      },
    };
  };
}

/** Whether it leads, and whether it works. */
interface Part {
  isLeading: boolean;
  isWorking: boolean;
}

/** A team, each of whom leads once for a moment, and then until the end. */
function team(book: Book): Play {
  const parts = new Map<string, Part>();
  const takesPart: Script = async (me) => {
    const part: Part = { isLeading: false, isWorking: false };
    parts.set(me.id, part);
    let terms = 0;
    const judge = (): void => {
      if (part.isLeading && part.isWorking) book.broken("LeadsOrWorks", { who: me.id });
    };
    const running = me.trying((signal) =>
      me.coord.team("x", { address: me.id, id: me.id, candidate: me.id }).run(
        {
          lead: async (leadership) => {
            me.took({ name: "lead", permits: 1, places: 1 }, leadership);
            me.mayLose(leadership);
            part.isLeading = true;
            judge();
            terms += 1;
            await me.step();
            if (terms > 1) await fired(leadership.signal);
            part.isLeading = false;
          },
          onWorking: (isWorking) => {
            part.isWorking = isWorking;
            judge();
          },
        },
        { signal },
      ),
    );
    try {
      await running;
    } finally {
      parts.delete(me.id);
    }
  };
  return {
    scripts: [takesPart, takesPart, takesPart],
    mayWait: (waiting) => {
      const here = waiting.flatMap((id) => parts.get(id) ?? []);
      if (here.filter(({ isLeading }) => isLeading).length !== 1) book.broken("OneLeads", { waiting });
      if (!here.every(({ isLeading, isWorking }) => isLeading || isWorking))
        book.broken("OthersWork", { waiting });
      return true;
    },
    after: async ({ coord }) => {
      const left = await coord.registry.find("x");
      if (left.length > 0) book.broken("NothingIsLeft", { left: left.map(({ id }) => id) });
    },
  };
}

/** Who offers what. */
export const services: readonly Scope[] = [
  ...everywhere({
    name: "registry",
    title: "two who register, change and leave, and one who watches",
    begin: registry((me) => me.id),
  }),
  ...everywhere({
    name: "registry-same",
    title: "the same under one id, one after the other",
    begin: registry(() => "same"),
  }),
  ...everywhere({ name: "team", title: "three of whom one leads and the others work", begin: team }),
];
