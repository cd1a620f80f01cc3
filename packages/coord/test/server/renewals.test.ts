import { LeaseChanges } from "@flotilla/kv";
import { FlotillaError } from "@flotilla/runtime";
import { expect, test } from "vitest";
import { LeaseKeeper } from "../../src/server/lease-keeper.ts";
import type { MemberMessage } from "../../src/server/renewal-codec.ts";
import { decodeMemberMessage, encodeMemberMessage } from "../../src/server/renewal-codec.ts";
import type { Renewal } from "../../src/server/renewals.ts";
import { Renewals } from "../../src/server/renewals.ts";
import { FakeClock } from "./fake-clock.ts";

const a = "a".repeat(32);
const b = "b".repeat(32);
const c = "c".repeat(32);

/** One member's renewals; what it sends to others is kept. */
class Member {
  readonly sent: { readonly to: string; readonly message: MemberMessage }[] = [];
  readonly renewals: Renewals;
  readonly keeper: LeaseKeeper;
  leader: string | null;

  constructor(clock: FakeClock, id: string, leader: string | null, leases: readonly string[]) {
    this.leader = leader;
    const raft = {
      propose: () => Promise.reject(new Error("nothing ends here")),
      read: () => Promise.resolve(1),
      send: (to: string, payload: Uint8Array) => {
        this.sent.push({ to, message: decodeMemberMessage(payload) });
      },
      status: () => ({ leader: this.leader }) as never,
    };
    const rows = leases.map((lease) => ({ id: lease, session: lease, ttlMs: 10_000, doomed: false }));
    const table = {
      featureLevel: 1,
      leaseChanges: new LeaseChanges(),
      lease: (lease: string) => rows.find((row) => row.id === lease) ?? null,
      leases: () => rows,
      owned: () => 0,
    };
    this.keeper = new LeaseKeeper({ clock, raft, leases: table });
    const random = { u32: () => 1, below: () => 0, float: () => 0, bytes: () => new Uint8Array() };
    this.renewals = new Renewals({ nodeId: id, clock, random, raft, keeper: this.keeper });
    if (leader === id) this.keeper.onStatus({ role: "leader", term: 1, established: true });
  }

  renew(owner: object, leases: readonly string[], done: Renewal["done"], shortestMs = 10_000): void {
    this.renewals.renew({ owner, leases, shortestMs, done });
  }

  /** Hands everything sent to the other member. */
  deliver(from: string, to: Member): void {
    for (const { message } of this.sent.splice(0)) to.renewals.receive(from, encodeMemberMessage(message));
  }
}

test("renewals of one turn travel in one message, and the leader's word comes back in one", async () => {
  const clock = new FakeClock();
  const origin = new Member(clock, "o", "l", []);
  const leader = new Member(clock, "l", "l", [a, b]);
  const done: string[] = [];
  origin.renew({}, [a], () => done.push("a"));
  origin.renew({}, [a, b], () => done.push("ab"));
  await clock.settle();
  expect(origin.sent).toEqual([
    { to: "l", message: { type: "renew", batch: 1_048_577, lists: [[a, a, b]] } },
  ]);
  origin.deliver("o", leader);
  await clock.settle();
  expect(leader.sent).toEqual([{ to: "o", message: { type: "vouched", batch: 1_048_577, refused: [] } }]);
  expect(done).toEqual([]);
  leader.deliver("l", origin);
  expect(done).toEqual(["a", "ab"]);
});

test("renewals that come shortly after others travel together", async () => {
  const clock = new FakeClock();
  const origin = new Member(clock, "o", "l", []);
  const told = (): readonly (readonly string[])[] =>
    origin.sent.map(({ message }) => (message.type === "renew" ? message.lists.flat() : []));
  const owner = {};
  origin.renew(owner, [a], () => {});
  await clock.settle();
  expect(told()).toEqual([[a]]);
  const { batch } = origin.sent.splice(0)[0]?.message ?? { batch: 0 };
  origin.renewals.receive("l", encodeMemberMessage({ type: "vouched", batch, refused: [] }));
  origin.renew(owner, [b], () => {});
  await clock.advance(249);
  origin.renew(owner, [c], () => {});
  expect(told()).toEqual([]);
  await clock.advance(1);
  expect(told()).toEqual([[b, c]]);
  origin.renew(owner, [a], () => {});
  origin.renewals.close();
  await clock.advance(250);
  expect(told()).toHaveLength(1);
});

test("whoever was not vouched for yet is told sooner", async () => {
  const clock = new FakeClock();
  const origin = new Member(clock, "o", "l", []);
  origin.renew({}, [a], () => {});
  await clock.settle();
  origin.renew({}, [b], () => {});
  await clock.advance(19);
  expect(origin.sent).toHaveLength(1);
  await clock.advance(1);
  expect(origin.sent).toHaveLength(2);
});

test("whoever has a short time to live is told sooner, and takes the others along", async () => {
  const clock = new FakeClock();
  const origin = new Member(clock, "o", "l", []);
  const [slow, fast] = [{}, {}];
  for (const owner of [slow, fast]) origin.renew(owner, [a], () => {});
  await clock.settle();
  const { batch } = origin.sent.splice(0)[0]?.message ?? { batch: 0 };
  origin.renewals.receive("l", encodeMemberMessage({ type: "vouched", batch, refused: [] }));
  origin.renew(slow, [b], () => {});
  origin.renew(fast, [c], () => {}, 400);
  await clock.advance(9);
  expect(origin.sent).toEqual([]);
  await clock.advance(1);
  expect(origin.sent.map(({ message }) => message.type === "renew" && message.lists.flat())).toEqual([
    [b, c],
  ]);
  await clock.advance(250);
  expect(origin.sent).toHaveLength(1);
});

test("many are answered in several turns, in order", async () => {
  const clock = new FakeClock();
  const ids = Array.from({ length: 150 }, (_, k) => k.toString(16).padStart(32, "0"));
  const member = new Member(clock, "l", "l", ids);
  const done: string[] = [];
  const perTurn = new Map<number, number>();
  let turn = 0;
  const count = (): void => {
    turn += 1;
    if (done.length < ids.length) clock.defer(count);
  };
  count();
  for (const id of ids)
    member.renew({}, [id], () => {
      done.push(id);
      perTurn.set(turn, (perTurn.get(turn) ?? 0) + 1);
    });
  await clock.settle();
  expect(done).toEqual(ids);
  expect([...perTurn.values()]).toEqual([64, 64, 22]);
});

test("the leader's refusals are told of each renewal, also of one that it refuses as a whole", async () => {
  const clock = new FakeClock();
  const origin = new Member(clock, "o", "l", []);
  const leader = new Member(clock, "l", "l", [a]);
  const done: string[] = [];
  const tell = (what: string) => (refused: ReadonlySet<string>) => done.push(what, ...refused);
  origin.renew({}, [a], tell("a"));
  origin.renew({}, [b], tell("b"));
  origin.renew({}, [a, b], tell("ab"));
  await clock.settle();
  origin.deliver("o", leader);
  await clock.settle();
  leader.deliver("l", origin);
  expect(done).toEqual(["a", b, "b", b, "ab", b]);
});

test("an answer that is repeated, late or of another life changes nothing", async () => {
  const clock = new FakeClock();
  const origin = new Member(clock, "o", "l", []);
  let done = 0;
  origin.renew({}, [a], () => {
    done += 1;
  });
  await clock.settle();
  const batch = origin.sent[0]?.message.batch ?? 0;
  for (const other of [1, batch - 1, batch + 1]) {
    origin.renewals.receive("l", encodeMemberMessage({ type: "vouched", batch: other, refused: [] }));
  }
  expect(done).toBe(0);
  for (let k = 0; k < 2; k += 1) {
    origin.renewals.receive("l", encodeMemberMessage({ type: "vouched", batch, refused: [] }));
  }
  expect(done).toBe(1);
});

test("a member that does not lead vouches for nothing", async () => {
  const clock = new FakeClock();
  const origin = new Member(clock, "o", "l", []);
  const stale = new Member(clock, "l", "x", [a]);
  origin.renew({}, [a], () => {
    throw new Error("nobody vouched");
  });
  await clock.settle();
  origin.deliver("o", stale);
  await clock.settle();
  expect(stale.sent).toEqual([]);
});

test("many leases are told in several messages, answers that never come are forgotten", async () => {
  const clock = new FakeClock();
  const origin = new Member(clock, "o", "l", []);
  const many = Array.from({ length: 1_000 }, (_, k) => k.toString(16).padStart(32, "0"));
  for (let k = 0; k < 12; k += 1)
    origin.renew(
      {},
      many.map((id) => k.toString(16) + id.slice(1)),
      () => {},
    );
  await clock.settle();
  expect(
    origin.sent.map(({ message }) => (message.type === "renew" ? message.lists.flat().length : 0)),
  ).toEqual([5_000, 5_000, 2_000]);
  let done = 0;
  origin.sent.length = 0;
  origin.renew({}, [a], () => {
    done += 1;
  });
  await clock.settle();
  const batch = origin.sent[0]?.message.batch ?? 0;
  for (let k = 0; k < 64; k += 1) {
    origin.renew({}, [b], () => {});
    await clock.settle();
  }
  origin.renewals.receive("l", encodeMemberMessage({ type: "vouched", batch, refused: [] }));
  expect(done).toBe(0);
});

test("the latest renewal of each session is told again until somebody vouches for it", async () => {
  const clock = new FakeClock();
  const origin = new Member(clock, "o", null, []);
  const leader = new Member(clock, "l", "l", [a, b]);
  const owners = [{}, {}] as const;
  const done: string[] = [];
  origin.renew(owners[0], [a], () => done.push("a1"));
  origin.renew(owners[0], [a], () => done.push("a2"));
  origin.renew(owners[1], [b], () => done.push("b"));
  await clock.settle();
  expect(origin.sent).toEqual([]);
  origin.leader = "l";
  origin.renewals.leaderChanged();
  await clock.settle();
  expect(origin.sent.map(({ message }) => message.type === "renew" && message.lists.flat())).toEqual([
    [a, b],
  ]);
  origin.sent.length = 0;
  origin.renewals.forget(owners[1]);
  await clock.advance(500);
  expect(origin.sent.map(({ message }) => message.type === "renew" && message.lists.flat())).toEqual([[a]]);
  origin.deliver("o", leader);
  await clock.settle();
  leader.deliver("l", origin);
  expect(done).toEqual(["a2"]);
  await clock.advance(5_000);
  expect(origin.sent).toEqual([]);
});

test("the word on an earlier renewal counts while a later one is under way", async () => {
  const clock = new FakeClock();
  const origin = new Member(clock, "o", "l", []);
  const leader = new Member(clock, "l", "l", [a]);
  const owner = {};
  const done: string[] = [];
  origin.renew(owner, [a], () => done.push("first"));
  await clock.settle();
  origin.deliver("o", leader);
  origin.renew(owner, [a], () => done.push("second"));
  await clock.settle();
  leader.deliver("l", origin);
  expect(done).toEqual(["first"]);
});

test("a message that is none is refused by code", () => {
  const member = new Member(new FakeClock(), "o", "l", []);
  for (const bytes of [new Uint8Array(), new Uint8Array([1, 2, 3]), new Uint8Array([0x83, 9, 1, 0x80])]) {
    const failure = ((): unknown => {
      try {
        member.renewals.receive("l", bytes);
        return "accepted";
      } catch (error) {
        return error;
      }
    })();
    expect(FlotillaError.is(failure, "ERR_FLOTILLA_BAD_FRAME")).toBe(true);
  }
});

test("very many that nobody answered are told again", async () => {
  const clock = new FakeClock();
  const origin = new Member(clock, "o", null, []);
  const leases = [a];
  // As many arguments as one call cannot have.
  for (let k = 0; k < 200_000; k += 1) origin.renew({}, leases, () => {});
  await clock.advance(300);
  origin.leader = "l";
  await clock.advance(600);
  const told = origin.sent.map(({ message }) => (message.type === "renew" ? message.lists.flat().length : 0));
  expect(told.reduce((sum, count) => sum + count, 0)).toBe(200_000);
});
