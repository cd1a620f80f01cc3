import type { World } from "@flotilla/runtime/conformance";

/** Real time: promises settle by themselves, and a few turns let loopback traffic arrive. */
export const realWorld: World = {
  until: async (promise) => promise,
  async settle() {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  },
};
