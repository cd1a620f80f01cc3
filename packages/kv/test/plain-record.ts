import fc from "fast-check";

/** As `fc.record`, and always an ordinary object: those without a prototype take far longer to make and to read. */
export function plainRecord<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true });
}
