import fc from "fast-check";

const text = fc.string({ maxLength: 9 });
const count = fc.nat();
export const id = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString("hex"));

export const credentials = fc.record({ user: text, password: text });

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
