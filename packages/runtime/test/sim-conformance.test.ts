import { describe, expect, test } from "vitest";
import type { ConformanceCase, World } from "@flotilla/runtime/conformance";
import {
  channelConformance,
  clockConformance,
  datagramConformance,
  filesConformance,
  networkConformance,
  randomConformance,
  storeConformance,
} from "@flotilla/runtime/conformance";
import { Kernel, keyedRandom } from "@flotilla/runtime/sim";
import type { ChannelPair } from "@flotilla/runtime/conformance";
import type { Channel, ChannelHandler } from "@flotilla/runtime";

let kernel = new Kernel({ seed: 1 });

function world(): World {
  return { until: (promise) => kernel.until(promise), settle: () => kernel.run() };
}

function keeps<Subject>(name: string, cases: readonly ConformanceCase<Subject>[], make: () => Subject): void {
  describe(name, () => {
    for (const one of cases) {
      test(one.name, async () => {
        for (const seed of [1, 2, 3]) {
          kernel = new Kernel({ seed });
          await one.run(make());
        }
      });
    }
  });
}

async function connect(
  near: ChannelHandler,
  far: ChannelHandler,
  maxFrameBytes: number,
): Promise<ChannelPair> {
  const [a, b] = [kernel.node("a").start(), kernel.node("b").start()];
  const accepted: Channel[] = [];
  const options = { address: "b:0", protocols: ["test-1"], maxFrameBytes };
  const listener = await b.network.listen(options, (channel) => {
    channel.handle(far);
    accepted.push(channel);
  });
  const dialed = await a.network.dial(listener.address, { protocol: "test-1", maxFrameBytes });
  dialed.handle(near);
  const [there] = accepted;
  expect(there).toBeDefined();
  return { near: dialed, far: there ?? dialed };
}

keeps("simulated clock", clockConformance, () => ({ world: world(), clock: kernel.node("a").start().clock }));
keeps("keyed random", randomConformance, () => ({ random: keyedRandom("conformance", "a") }));
keeps("simulated store", storeConformance, () => {
  const node = kernel.node("a");
  const host = node.start();
  return {
    world: world(),
    open: () => host.disk.openStore("log"),
    failNextWrite: () => node.disk.failNext(),
  };
});
keeps("simulated files", filesConformance, () => ({
  world: world(),
  files: kernel.node("a").start().disk.files,
}));
keeps("simulated channels", channelConformance, () => ({ world: world(), connect }));
keeps("simulated network", networkConformance, () => ({
  world: world(),
  server: kernel.node("n1").start().network,
  client: kernel.node("n2").start().network,
  listenAddress: "n1:0",
}));
keeps("simulated datagrams", datagramConformance, () => {
  const { network } = kernel.node("n1").start();
  return { world: world(), server: network, client: network, listenAddress: "n1:0" };
});
