import fc from "fast-check";
import { expect, test } from "vitest";
import type { SideOptions } from "./harness.ts";
import { shakeHands } from "./harness.ts";

const side = fc.record({
  cluster: fc.constantFrom("x", "y", "xy"),
  secret: fc.constantFrom(undefined, undefined, "s", "t"),
  min: fc.integer({ min: 1, max: 4 }),
  spread: fc.nat(3),
});

test("any two sides shake hands exactly when they are of one cluster and secret and share a version", async () => {
  await fc.assert(
    fc.asyncProperty(side, side, async (a, b) => {
      const [dialer, acceptor] = [a, b].map(({ cluster, secret, min, spread }): SideOptions => {
        const versions = { min, max: min + spread };
        return { cluster, versions, ...(secret === undefined ? {} : { secret }) };
      });
      const { dialed, accepted, near, far } = await shakeHands(dialer ?? {}, acceptor ?? {});
      const version = Math.min(a.min + a.spread, b.min + b.spread);
      const fits = a.cluster === b.cluster && a.secret === b.secret && version >= Math.max(a.min, b.min);
      const found = [dialed, accepted].map(({ peer }) => peer?.version);
      expect(found).toEqual(fits ? [version, version] : [undefined, undefined]);
      expect([near.isOpen, far.isOpen]).toEqual([fits, fits]);
    }),
    { numRuns: 300 },
  );
});
