/** The same object but for some of its members, also where it keeps what is private. */
export function overridden<T extends object>(of: T, members: Readonly<Partial<Record<keyof T, unknown>>>): T {
  const others = new Map<PropertyKey, unknown>(Object.entries(members));
  return new Proxy(of, {
    get: (_, name) => {
      if (others.has(name)) return others.get(name);
      const member: unknown = Reflect.get(of, name, of);
      return typeof member === "function" ? member.bind(of) : member;
    },
  });
}
