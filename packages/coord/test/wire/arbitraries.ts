import fc from "fast-check";

const text = fc.string({ maxLength: 9 });
const count = fc.nat();
export const id = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString("hex"));

const users = text.filter((user) => user !== "" && !user.includes(":"));
export const credentials = fc.record({ user: users, password: text });

export const leaseEntries = fc.record({
  id,
  session: id,
  ttlMs: count,
  doomed: fc.boolean(),
  nodes: count,
});

const entry = fc.record({
  scheme: fc.constantFrom("world", "auth", "digest", "ip", "x509"),
  id: text,
  permissions: count,
});

export const acls = fc.array(entry, { maxLength: 3 });

export const statuses = fc.record({
  id: text,
  cluster: text,
  role: fc.constantFrom("leader", "candidate", "precandidate", "follower"),
  term: count,
  leader: fc.option(text, { nil: null }),
  commit: count,
  applied: count,
  lastIndex: count,
  snapshotIndex: count,
  revision: count,
  digest: text,
  featureLevel: count,
  newestLevel: count,
  sessions: count,
  nodes: count,
  historyId: text,
  members: fc.array(
    fc.record({ id: text, address: text, connected: fc.boolean(), match: fc.option(count, { nil: null }) }),
    { maxLength: 4 },
  ),
});
