import fc from "fast-check";
import { expect, test } from "vitest";
import { type ConditionalStore, fencedPut, type StoredTag } from "../../src/fencing/put.ts";

/** An object store: an ETag for each write, and conditions on it. */
class Objects implements ConditionalStore<string, string> {
  readonly history: { readonly value: string; readonly epoch: number }[] = [];
  readonly #before: () => Promise<void>;

  /** @param before whatever comes between a request and its effect */
  constructor(before: () => Promise<void> = async () => {}) {
    this.#before = before;
  }

  async head(): Promise<StoredTag<string> | null> {
    await this.#before();
    const last = this.history.at(-1);
    return last === undefined ? null : { tag: this.#tag, epoch: last.epoch };
  }

  async put(
    _key: string,
    value: string,
    { tag, epoch }: { readonly tag: string | null; readonly epoch: number },
  ): Promise<boolean> {
    await this.#before();
    if (tag !== (this.history.length === 0 ? null : this.#tag)) return false;
    this.history.push({ value, epoch });
    return true;
  }

  get #tag(): string {
    return `"${this.history.length}"`;
  }
}

/** Redis as far as it is needed: a hash that is watched from the read to the write. */
class Hash implements ConditionalStore<string, number> {
  fields: Readonly<Record<string, string>> = {};
  #writes = 0;

  async head(): Promise<StoredTag<number> | null> {
    const { epoch } = this.fields;
    return { tag: this.#writes, epoch: epoch === undefined ? null : Number(epoch) };
  }

  async put(
    _key: string,
    value: string,
    { tag, epoch }: { readonly tag: number | null; readonly epoch: number },
  ): Promise<boolean> {
    if (tag !== this.#writes) return false;
    this.set({ value, epoch: String(epoch) });
    return true;
  }

  set(fields: Readonly<Record<string, string>>): void {
    this.fields = fields;
    this.#writes += 1;
  }
}

test("an object is made, written by the same and by later holders, never by earlier ones", async () => {
  const objects = new Objects();
  await fencedPut(objects, "k", "a", { epoch: 5 });
  await fencedPut(objects, "k", "b", { epoch: 5 });
  await fencedPut(objects, "k", "c", { epoch: 9 });
  await expect(fencedPut(objects, "k", "late", { epoch: 8 })).rejects.toMatchObject({
    code: "ERR_FLOTILLA_FENCED",
  });
  expect(objects.history.map(({ value }) => value)).toEqual(["a", "b", "c"]);
});

test("a hash that nobody fenced is taken over", async () => {
  const hash = new Hash();
  hash.set({ value: "old" });
  await fencedPut(hash, "k", "new", { epoch: 3 });
  expect(hash.fields).toEqual({ value: "new", epoch: "3" });
  await expect(fencedPut(hash, "k", "late", { epoch: 2 })).rejects.toMatchObject({
    code: "ERR_FLOTILLA_FENCED",
  });
});

test("whatever comes between reading and writing, epochs never go back, and each write is done or refused", async () => {
  const epochs = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(epochs, fc.scheduler(), async (given, scheduler) => {
      const objects = new Objects(() => scheduler.schedule(Promise.resolve()));
      const writes = given.map((epoch, at) => fencedPut(objects, "k", `w${at}`, { epoch }));
      const settled = Promise.allSettled(writes);
      await scheduler.waitFor(settled);
      const written = objects.history.map(({ epoch }) => epoch);
      expect(written).toEqual(written.toSorted((a, b) => a - b));
      const done = (await settled).flatMap(({ status }, at) => (status === "fulfilled" ? [`w${at}`] : []));
      expect(objects.history.map(({ value }) => value).toSorted()).toEqual(done.toSorted());
      // Nothing refuses the latest holder.
      expect(written.at(-1)).toBe(Math.max(...given));
    }),
  );
});

test.each([undefined, Number.NaN, -1, 1.5, "7"])(
  "a stored epoch that is %s lets nobody write",
  async (epoch) => {
    let isWritten = false;
    const store = {
      head: async () => ({ tag: "1", epoch: epoch as number }),
      put: async () => (isWritten = true),
    };
    await expect(fencedPut(store, "k", "v", { epoch: 9 })).rejects.toMatchObject({
      code: "ERR_FLOTILLA_BAD_ARGUMENT",
    });
    expect(isWritten).toBe(false);
  },
);

test("who is overtaken again and again gives up, and no epoch is no token", async () => {
  const store = { head: async () => null, put: async () => false };
  await expect(fencedPut(store, "k", "v", { epoch: 1 })).rejects.toMatchObject({
    code: "ERR_FLOTILLA_OVERLOADED",
  });
  await expect(fencedPut(store, "k", "v", { epoch: 0 })).rejects.toMatchObject({
    code: "ERR_FLOTILLA_BAD_ARGUMENT",
  });
});
