import { expect, test } from "vitest";
import type { Session } from "../../src/client/api.ts";
import { Publication } from "../../src/recipes/publication.ts";
import { World } from "./world.ts";

interface Facts {
  readonly n: number;
}

const record = ({ n }: Facts, key: string): string => JSON.stringify({ n, key });

async function published(
  world: World,
  session: Session,
  path: string,
  onWritten: (facts: Facts) => void,
): Promise<Publication<Facts>> {
  const { revision } = await world.until(session.create(path, record({ n: 0 }, "k"), { ephemeral: true }));
  return new Publication<Facts>(session, { entry: { path, key: "k" }, mzxid: revision, record, onWritten });
}

test.each([{ n: 2 }, null])("what is wanted as the last write ends is written: %j", async (later) => {
  const world = await World.start();
  const { session } = await world.client();
  const found: (string | null)[] = [];
  for (let hops = 0; hops < 12; hops += 1) {
    const path = `/p${hops}`;
    const second: Promise<void>[] = [];
    const wantLater = async (): Promise<void> => {
      for (let k = 0; k < hops; k += 1) await Promise.resolve();
      second.push(publication.want(later));
    };
    const publication = await published(world, session, path, ({ n }) => {
      if (n === 1) void wantLater();
    });
    await world.until(publication.want({ n: 1 }));
    await world.pass(100);
    expect(second).toHaveLength(1);
    await world.until(Promise.all(second));
    const node = await world.until(session.get(path));
    found.push(node === null ? null : new TextDecoder().decode(node.value));
  }
  const wanted = later === null ? null : record(later, "k");
  expect(found).toEqual(found.map(() => wanted));
});
