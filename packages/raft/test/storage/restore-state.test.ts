import { expect, test } from "vitest";
import type { Restoring } from "../../src/node/state-machine.ts";
import { restoreState } from "../../src/storage/restore-state.ts";
import type { RestoreOutcome } from "../../src/storage/restore-state.ts";
import type { SnapshotMeta } from "../../src/storage/snapshot-manifest.ts";
import { configuration, DiskFixture } from "./disk-fixture.ts";

const content = Uint8Array.from({ length: 700_000 }, (_, k) => k % 251);
const name = "snapshots/5-1.data";

/** Notes what becomes of it; `onPiece` is called with each piece of work, of which a slice takes three. */
class Noted implements Restoring {
  readonly lengths: number[] = [];
  readonly ends: string[] = [];
  pieces = 0;
  readonly #onPiece: (piece: number, bytes: Uint8Array) => void;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(onPiece: (piece: number, bytes: Uint8Array) => void = () => {}) {
    this.#onPiece = onPiece;
  }

  write(bytes: Uint8Array): void {
    this.lengths.push(bytes.length);
    this.#bytes = bytes;
  }

  work(): boolean {
    this.pieces += 1;
    this.#onPiece(this.pieces, this.#bytes);
    return this.pieces % 3 !== 0;
  }

  prove(): void {
    this.ends.push("prove");
  }

  replace(): void {
    this.ends.push("replace");
  }
}

async function restored(
  onPiece: (disk: DiskFixture, piece: number, bytes: Uint8Array) => void,
  isWanted?: (noted: Noted) => boolean,
): Promise<{ readonly noted: Noted; readonly outcome: RestoreOutcome | Error }> {
  const disk = new DiskFixture();
  const { snapshots: store, log } = await disk.open();
  const meta = await disk.run(
    (async (): Promise<SnapshotMeta> => {
      const writer = await store.create({ index: 5, term: 1 });
      await writer.write(content);
      const made = await writer.commit({ timeMs: 1, configuration, seq: log.seq, installed: false });
      await store.adopt(made);
      return made;
    })(),
  );
  const noted = new Noted((piece, bytes) => onPiece(disk, piece, bytes));
  const { clock } = disk.host;
  const more = isWanted === undefined ? {} : { isWanted: () => isWanted(noted) };
  const outcome = await disk.run(
    restoreState(meta, { clock, store, restoring: noted, onPiece: () => {}, ...more }).catch(
      (error: Error) => error,
    ),
  );
  return { noted, outcome };
}

function strict(at: number, bytes: Uint8Array): void {
  for (const [k, byte] of bytes.entries())
    if (byte !== content[at + k]) throw new Error("the state machine refuses it");
}

test("a snapshot is handed over in slices, and the loop is free after each piece of work", async () => {
  const { noted, outcome } = await restored(() => {});
  expect(outcome).toEqual({ type: "proved" });
  expect(noted.lengths).toEqual([262_144, 262_144, 175_712]);
  expect(noted.pieces).toBe(9);
  expect(noted.ends).toEqual(["prove"]);
});

test("bytes that are not the snapshot's are damage, whatever the state machine makes of them", async () => {
  const { noted, outcome } = await restored((disk, piece, bytes) => {
    if (piece === 1) disk.machine.disk.putFile(name, content.with(300_000, 7));
    strict(piece <= 3 ? 0 : 262_144, bytes);
  });
  expect(outcome).toMatchObject({ type: "damaged", error: { code: "ERR_FLOTILLA_DAMAGED" } });
  expect(noted.ends).toEqual([]);
});

test("a file that is cut short meanwhile is damage", async () => {
  const { noted, outcome } = await restored((disk, piece) => {
    if (piece === 1) disk.machine.disk.truncateFile(name, 300_000);
  });
  expect(outcome).toMatchObject({ type: "damaged", error: { code: "ERR_FLOTILLA_DAMAGED" } });
  expect(noted.ends).toEqual([]);
});

test("what the state machine refuses counts once the bytes have proved to be the snapshot's", async () => {
  const { noted, outcome } = await restored((_, piece) => {
    if (piece === 2) throw new Error("of a later version");
  });
  expect(outcome).toEqual(new Error("of a later version"));
  expect(noted.lengths).toEqual([262_144]);
  expect(noted.ends).toEqual([]);
});

test("what nobody wants any more is left at the next piece of work", async () => {
  const { noted, outcome } = await restored(
    () => {},
    ({ pieces }) => pieces < 5,
  );
  expect(outcome).toEqual({ type: "left" });
  expect(noted.pieces).toBe(5);
  expect(noted.ends).toEqual([]);
});
