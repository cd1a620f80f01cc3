import { expect, test } from "vitest";
import { decodeClientMessage, encodeClientMessage } from "../../src/wire/client-codec.ts";
import type { AttachMessage } from "../../src/wire/messages.ts";

const session = "0".repeat(32);

function attachAs(user: string): AttachMessage {
  const rest = { secret: new Uint8Array(16), attach: 1, ttlMs: null, watches: [] };
  return { type: "attach", session, ...rest, auth: [{ user, password: "p" }] };
}

test.each(["", "a:b", ":"])(
  "a client that calls itself %j is refused: the name is kept before a colon",
  (user) => {
    expect(decodeClientMessage(encodeClientMessage(attachAs("a")))).toEqual(attachAs("a"));
    const frame = encodeClientMessage(attachAs(user));
    expect(() => decodeClientMessage(frame)).toThrow(
      expect.objectContaining({ code: "ERR_FLOTILLA_BAD_FRAME" }),
    );
  },
);
