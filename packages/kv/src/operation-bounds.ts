/** Wider than any limit: what is too large is a result, what does not even fit here is no operation. */
export const operationBounds = { text: 65_536, bytes: 67_108_864, ops: 65_536 } as const;
