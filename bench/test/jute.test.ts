import fc from "fast-check";
import { expect, test } from "vitest";
import { JuteWriter, PacketSplitter } from "../src/clients/jute.ts";

test("a connect request has the bytes of ZooKeeper's own client", () => {
  const hello = new JuteWriter().int(0).long(0n).int(30_000).long(0n).bytes(new Uint8Array(16)).bool(false);
  const expected = `0000002d${"00".repeat(4)}${"00".repeat(8)}00007530${"00".repeat(8)}00000010${"00".repeat(16)}00`;
  expect(hello.packet().toString("hex")).toBe(expected);
});

test("texts are counted in bytes, and an absent buffer is minus one", () => {
  expect(new JuteWriter().text("é").bytes(null).packet().toString("hex")).toBe(
    "0000000a00000002c3a9ffffffff",
  );
});

test("a writer grows as needed", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 10 }), (parts) => {
      const writer = new JuteWriter(1);
      for (const part of parts) writer.bytes(part);
      const packet = writer.packet();
      const length = parts.reduce((sum, part) => sum + 4 + part.length, 0);
      expect(packet.length).toBe(length + 4);
      expect(packet.readInt32BE(0)).toBe(length);
    }),
  );
});

test("packets come out whole however the stream is cut", () => {
  const packets = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(packets, fc.integer({ min: 1, max: 17 }), (sent, step) => {
      const stream = Buffer.concat(sent.map((bytes) => new JuteWriter().bytes(bytes).packet()));
      const received: string[] = [];
      const splitter = new PacketSplitter((packet) => received.push(packet.toString("hex")));
      for (let at = 0; at < stream.length; at += step) splitter.push(stream.subarray(at, at + step));
      const expected = sent.map((bytes) =>
        new JuteWriter().bytes(bytes).packet().subarray(4).toString("hex"),
      );
      expect(received).toEqual(expected);
    }),
  );
});
