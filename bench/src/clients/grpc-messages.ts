const headBytes = 5;

/** Takes the messages of a gRPC stream out of its bytes; they may alias them. */
export class GrpcMessages {
  readonly #onMessage: (message: Buffer) => void;
  #rest: Buffer | null = null;

  constructor(onMessage: (message: Buffer) => void) {
    this.#onMessage = onMessage;
  }

  push(chunk: Buffer): void {
    const bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= headBytes) {
      const end = at + headBytes + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) break;
      this.#onMessage(bytes.subarray(at + headBytes, end));
      at = end;
    }
    this.#rest = at === bytes.length ? null : bytes.subarray(at);
  }
}
