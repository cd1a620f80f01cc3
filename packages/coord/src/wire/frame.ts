import { CborReader, FlotillaError } from "@flotilla/runtime";
import { wireBounds } from "./bounds.ts";

/**
 * Reads a frame that holds exactly one message.
 * @throws FlotillaError `ERR_FLOTILLA_TOO_LARGE`, and whatever `read` throws
 */
export function readFrame<T>(frame: Uint8Array, read: (reader: CborReader) => T): T {
  if (frame.length > wireBounds.frameBytes) {
    throw new FlotillaError("ERR_FLOTILLA_TOO_LARGE", `the frame is above ${wireBounds.frameBytes} bytes`);
  }
  const reader = new CborReader(frame);
  const message = read(reader);
  reader.end("message");
  return message;
}
